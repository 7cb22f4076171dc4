"""Turns a room's answer into a grade."""

from collections.abc import Mapping
from typing import Any

from lab_harness import render
from lab_harness.grading.grade import CellError, Grade, Status, Submission
from lab_harness.grading.room.judge import whole_report
from lab_harness.lab.labs import Lab


def grade_of(submission: Submission, lab: Lab, told: Mapping[str, Any], seconds: float) -> Grade:
    """The grade of a submission, from its room's answer."""
    hit, judged = list(told["hit"]), told["judged"]
    status = Status.LIMITED if hit else Status.GRADED if judged else Status.BROKEN
    reason = " ".join(hit) if hit else "" if judged else "The checks ended in the middle; see the grader's log."
    report = whole_report(lab, told["results"], "This could not be judged any more: a limit was hit.")
    return Grade(
        submission.student,
        submission.lab,
        status,
        reason,
        report=None if status is Status.BROKEN else report.to_dict(),
        cell_errors=tuple(CellError(**error) for error in told["errors"]),
        seconds=seconds,
        cpu_seconds=round(told["cpu"], 3),
        fingerprint=told["fingerprint"],
    )


def cleaned(value: Any) -> Any:
    """JSON values, with texts that can be stored and shown everywhere."""
    if isinstance(value, str):
        return render.plain(value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value
