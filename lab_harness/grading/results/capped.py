"""Limits the texts that one submission leaves in the gradebook and on the pages, and says what was left out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lab_harness.grading.grade import CellError, Grade
from lab_harness.render import plain

MOST_ERRORS = 50
MOST_OF_ERRORS = 40_000  # characters of all of them together
MOST_OF_REPORT = 60_000  # characters of what the checks expected, found and advise
MOST_OF_CODE = 60_000  # characters of the tasks' code, by which it is compared
LONGEST_REASON = 2_000
LONGEST_WORDS = 1_000  # characters of an error, of which a traceback tells more
TEXTS = ("expected", "found", "next_step")


class _Allowance:
    """How many characters may still be kept."""

    def __init__(self, left: int) -> None:
        self.left = left

    def of(self, text: str, most: int | None = None) -> str:
        """The text; if it is too long, its beginning and how many characters were left out."""
        most = self.left if most is None else min(most, self.left)
        kept = text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters were left out)"
        self.left = max(self.left - len(kept), 0)
        return kept


def capped(grade: Grade) -> Grade:
    """The grade, with its texts shortened to the limits."""
    reason = _Allowance(LONGEST_REASON).of(plain(grade.reason))
    report = grade.report and _report(grade.report)
    return replace(grade, reason=reason, report=report, cell_errors=tuple(_errors(grade.cell_errors)))


def capped_code(tasks: Mapping[str, str]) -> dict[str, str]:
    """The code of each task, shortened to the limit."""
    if sum(len(task) + len(code) for task, code in tasks.items()) <= MOST_OF_CODE:
        return dict(tasks)
    allowance = _Allowance(MOST_OF_CODE)
    kept: dict[str, str] = {}
    for task, code in tasks.items():
        if allowance.left <= len(task):
            kept["…"] = f"# {len(tasks) - len(kept)} more were left out"
            return kept
        allowance.left -= len(task)
        kept[task] = allowance.of(code)
    return kept


def _report(report: dict[str, Any]) -> dict[str, Any]:
    allowance = _Allowance(MOST_OF_REPORT)
    checks = [
        check | {name: allowance.of(plain(check[name])) for name in TEXTS if isinstance(check.get(name), str)}
        for check in report["checks"]
    ]
    return report | {"checks": checks}


def _errors(errors: Iterable[CellError]) -> Iterable[CellError]:
    allowance, given = _Allowance(MOST_OF_ERRORS), list(errors)
    for number, error in enumerate(given):
        if number == MOST_ERRORS or not allowance.left:
            yield CellError("…", f"{len(given) - number} more errors were left out")
            return
        words = allowance.of(plain(error.error), LONGEST_WORDS)
        yield CellError(plain(error.cell[:100]), words, allowance.of(plain(error.traceback)))
