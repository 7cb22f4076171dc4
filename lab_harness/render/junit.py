"""Reports as JUnit XML, which CI servers show."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lab_harness.render import plain
from lab_harness.results import CheckResult, LabReport, Outcome

TAGS = {
    Outcome.FAILED: "failure",
    Outcome.BROKEN: "error",
    Outcome.BLOCKED: "skipped",
    Outcome.UNSUPPORTED: "skipped",
}


def report_junit(report: LabReport) -> str:
    """The report as one test suite; blocked and unsupported checks count as skipped, broken ones as errors."""
    seconds = sum(result.seconds for result in report)
    suite = Element(
        "testsuite",
        name=report.lab,
        tests=str(report.total),
        failures=str(report.count(Outcome.FAILED)),
        errors=str(report.count(Outcome.BROKEN)),
        skipped=str(report.count(Outcome.BLOCKED, Outcome.UNSUPPORTED)),
        time=f"{seconds:.3f}",
    )
    for result in report:
        _add(suite, report.lab, result)
    indent(suite)
    return tostring(suite, encoding="unicode", xml_declaration=True)


def _add(suite: Element, lab: str, result: CheckResult) -> None:
    case = SubElement(suite, "testcase", classname=lab, name=result.name, time=f"{result.seconds:.3f}")
    if result.outcome is Outcome.PASSED:
        return
    message = f"{result.title}: {result.outcome}"
    problem = SubElement(case, TAGS[result.outcome], message=message)
    texts = [("expected", result.expected), ("found", result.found), ("next", result.next_step)]
    problem.text = plain("\n".join(f"{label}: {text}" for label, text in texts if text))
