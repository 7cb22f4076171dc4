"""What became another when a submission was graded again: the score, and the outcomes of checks."""

from dataclasses import dataclass
from typing import Any

from lab_harness.grading.grade import Grade


@dataclass(frozen=True)
class ChangedOutcome:
    """A check that had another outcome before; the outcome is "absent" where the check was not there."""

    title: str
    before: str
    after: str
    found: str = ""


@dataclass(frozen=True)
class Regrade:
    """A submission that was graded again with another result."""

    before: Grade
    after: Grade
    checks: tuple[ChangedOutcome, ...]

    @property
    def score_changed(self) -> bool:
        return (self.before.points, self.before.status) != (self.after.points, self.after.status)

    def __str__(self) -> str:
        before, after = self.before, self.after
        states = f"{before.status} → {after.status}, " if before.status != after.status else ""
        why = "; ".join(map(_said, self.checks)) or after.reason or "no check's outcome changed"
        return f"{after.student} {after.lab}: {states}{before.points} → {after.points} points ({why})"


def regrade(before: Grade | None, after: Grade) -> Regrade | None:
    """The differences between two grades of one submission; None where there are none."""
    if before is None:
        return None
    old, new = _checks(before), _checks(after)
    changed = []
    for name in dict.fromkeys([*old, *new]):
        was, now = _outcome(old.get(name)), _outcome(new.get(name))
        if was != now:
            known = new.get(name) or old[name]
            changed.append(ChangedOutcome(str(known["title"]), was, now, str(known.get("found") or "")))
    found = Regrade(before, after, tuple(changed))
    return found if found.score_changed or found.checks else None


def _checks(grade: Grade) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in grade.report["checks"]} if grade.report else {}


def _outcome(check: dict[str, Any] | None) -> str:
    return str(check["outcome"]) if check else "absent"


def _said(check: ChangedOutcome) -> str:
    found = f", found {check.found.splitlines()[0]}" if check.found and check.after == "failed" else ""
    return f"{check.title}: {check.before} → {check.after}{found}"
