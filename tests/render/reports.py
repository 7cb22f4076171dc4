"""What the tests of the displays of a report share."""

from lab_harness.results import CheckResult, LabReport, Outcome

ARN = "arn:aws:sqs:us-east-1:000000000000:" + "q" * 70
HOSTILE = "<script>alert('x')</script> <class 'str'> & \"quoted\" <img src=http://evil.example/x>"
# A link, an erased screen, turned letters and a bell: what a terminal obeys.
OBEYED = "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\ \x9b2J \u202eabc\x07"


def all_passed():
    results = (CheckResult("queue_exists", "The queue exists", "queue", Outcome.PASSED),)
    return LabReport("sample", "A sample", "embedded", results)
