"""Tests for reports: what they count, and what of them other programs may rely on."""

import json

from lab_harness.results import CheckResult, LabReport, Outcome


def result(outcome, name="queue_exists", **settings):
    return CheckResult(name, "The queue exists", "queue", outcome, **settings)


def report(*outcomes, **settings):
    results = tuple(result(outcome, f"check_{number}", **settings) for number, outcome in enumerate(outcomes))
    return LabReport("sample", "A sample", "embedded", results)


def test_to_dict_has_exactly_the_published_keys():
    failed = result(Outcome.FAILED, points=3, expected="a queue", found="none", next_step="Create it.", seconds=0.5)
    assert LabReport("sample", "A sample", "embedded", (failed,)).to_dict() == {
        "format_version": 1,
        "lab": "sample",
        "title": "A sample",
        "emulator": "embedded",
        "passed": 0,
        "total": 1,
        "points": 0,
        "total_points": 3,
        "checks": [
            {
                "name": "queue_exists",
                "title": "The queue exists",
                "task": "queue",
                "outcome": "failed",
                "points": 3,
                "expected": "a queue",
                "found": "none",
                "next_step": "Create it.",
                "seconds": 0.5,
                "there": None,
            }
        ],
    }


def test_to_dict_keeps_every_key_where_there_is_nothing_to_say():
    passed = report(Outcome.PASSED).to_dict()["checks"][0]
    assert passed | {"name": "", "title": ""} == {
        "name": "",
        "title": "",
        "task": "queue",
        "outcome": "passed",
        "points": 1,
        "expected": None,
        "found": None,
        "next_step": None,
        "seconds": 0.0,
        "there": None,
    }
    assert type(passed["outcome"]) is str


def test_report_is_the_same_when_it_is_read_from_what_to_dict_wrote():
    given = LabReport("sample", "A sample", "embedded", tuple(
        result(outcome, name=outcome, points=number, expected="a", found="b", next_step="c", seconds=0.5)
        for number, outcome in enumerate(Outcome)
    ))  # fmt: skip
    written = json.loads(json.dumps(given.to_dict()))
    assert LabReport.from_dict(written) == given
    assert LabReport.from_dict(written).to_dict() == given.to_dict()


def test_report_that_an_earlier_or_later_version_wrote_can_be_read():
    written = report(Outcome.PASSED).to_dict() | {"new": 1}
    del written["title"]
    (check,) = written["checks"]
    del check["points"]
    check["new"] = 1
    read = LabReport.from_dict(written)
    assert (read.title, read.points, read.total_points) == ("sample", 1, 1)


def test_points_are_those_of_passed_checks():
    results = (result(Outcome.PASSED, points=3), result(Outcome.FAILED, points=5), result(Outcome.PASSED, points=0))
    given = LabReport("sample", "A sample", "embedded", results)
    assert (given.passed, given.total, given.points, given.total_points) == (2, 3, 3, 8)


def test_count_adds_up_several_outcomes():
    given = report(Outcome.BLOCKED, Outcome.UNSUPPORTED, Outcome.PASSED, Outcome.BLOCKED)
    assert given.count(Outcome.BLOCKED, Outcome.UNSUPPORTED) == 3
    assert given.count() == 0


def test_report_is_complete_when_something_passed_and_nothing_is_left_to_do():
    assert report(Outcome.PASSED).complete
    assert report(Outcome.PASSED, Outcome.UNSUPPORTED).complete
    assert not report().complete
    assert not report(Outcome.UNSUPPORTED).complete
    for outcome in (Outcome.FAILED, Outcome.BLOCKED, Outcome.BROKEN):
        assert not report(Outcome.PASSED, outcome).complete


def test_iterating_a_report_gives_its_results_in_order():
    assert [each.name for each in report(Outcome.PASSED, Outcome.FAILED)] == ["check_0", "check_1"]


def test_report_displays_itself_as_text_and_html():
    shown = report(Outcome.PASSED)._repr_mimebundle_(include=None, exclude=None)
    assert set(shown) == {"text/plain", "text/html"}
    assert "The check passed." in shown["text/plain"]
    assert shown["text/html"].startswith("<div")
