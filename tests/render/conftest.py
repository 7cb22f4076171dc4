"""Reports to display."""

import pytest

from lab_harness.results import CheckResult, LabReport, Outcome
from tests.render.reports import ARN, HOSTILE


@pytest.fixture
def report():
    """A report in which each outcome occurs."""
    long = f"0 seconds, which is what a queue gets that is created without any attributes of its own {ARN}"
    first = 'This comes first: "The queue waits".'
    broken = "Traceback (most recent call last):\n  File \"checks.py\", line 3\nKeyError: '[bold]a[/bold]'"
    results = (
        CheckResult("queue_exists", "The queue exists", "queue", Outcome.PASSED, seconds=0.25),
        CheckResult(
            "queue_waits", "The queue waits", "queue", Outcome.FAILED,
            expected="ReceiveMessageWaitTimeSeconds 20", found=long,
            next_step="Section 2 shows set_queue_attributes.", seconds=0.5,
        ),
        CheckResult("message", "A message is there", "message", Outcome.BLOCKED, next_step=first),
        CheckResult("answer", "The answer is [red]a[/red] <class 'str'>", "message", Outcome.BROKEN, found=broken),
        CheckResult("users", "Users sign in", None, Outcome.UNSUPPORTED, found="embedded 1.0 has no cognito-idp"),
    )  # fmt: skip
    return LabReport("sample", "A sample", "embedded", results)


@pytest.fixture
def hostile():
    """A report whose every text tries to be HTML."""
    texts = {"expected": HOSTILE, "found": HOSTILE, "next_step": HOSTILE}
    results = tuple(CheckResult(HOSTILE, HOSTILE, HOSTILE, outcome, **texts) for outcome in Outcome)
    return LabReport(HOSTILE, HOSTILE, HOSTILE, results)
