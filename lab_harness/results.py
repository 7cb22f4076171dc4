"""What running a lab's checks gave: one `LabReport`, which every display renders."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

FORMAT_VERSION = 1


class Outcome(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"  # something is not as asked: it raised Failure, or AWS refused a call of its
    BLOCKED = "blocked"  # a check that it needs did not pass
    BROKEN = "broken"  # it raised any other error: the course's fault, never scored against the learner
    UNSUPPORTED = "unsupported"  # this emulator lacks a service that it uses


@dataclass(frozen=True)
class CheckResult:
    """One check's outcome; `seconds` is how long it ran. The texts are None where there is nothing to say.

    `there` is False for a failure where what was asked for is absent; else it is there, only not right.
    """

    name: str
    title: str
    task: str | None
    outcome: Outcome
    points: int = 1
    expected: str | None = None
    found: str | None = None
    next_step: str | None = None
    seconds: float = 0.0
    there: bool | None = None

    @property
    def is_absent(self) -> bool:
        """Whether it failed since what was asked for is not there."""
        return self.outcome is Outcome.FAILED and self.there is False

    @property
    def word(self) -> str:
        """The outcome in a word; what has failed since it is not there is "absent"."""
        return "absent" if self.is_absent else str(self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return asdict(self) | {"outcome": str(self.outcome)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "CheckResult":
        """The result that `to_dict` wrote; what an earlier version did not write is as it was then."""
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        return cls(**known | {"outcome": Outcome(values["outcome"])})


@dataclass(frozen=True)
class LabReport:
    """The outcomes of a lab's checks, in the order written. Iterating gives the results."""

    lab: str
    title: str
    emulator: str
    results: tuple[CheckResult, ...]

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    def count(self, *outcomes: Outcome) -> int:
        """How many checks have one of these outcomes."""
        return sum(result.outcome in outcomes for result in self.results)

    @property
    def passed(self) -> int:
        return self.count(Outcome.PASSED)

    @property
    def total(self) -> int:
        return len(self.results)

    @property
    def points(self) -> int:
        """The points of the checks that passed."""
        return sum(result.points for result in self.results if result.outcome is Outcome.PASSED)

    @property
    def total_points(self) -> int:
        """The points of all checks."""
        return sum(result.points for result in self.results)

    @property
    def complete(self) -> bool:
        """Whether nothing failed, was blocked or broke, and something passed."""
        return self.passed > 0 and not self.count(Outcome.FAILED, Outcome.BLOCKED, Outcome.BROKEN)

    def judged(self, judge: Callable[[CheckResult], CheckResult]) -> "LabReport":
        """The report with each result as `judge` has it."""
        return replace(self, results=tuple(map(judge, self.results)))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values; `format_version` grows when a key changes its meaning or goes."""
        return {
            "format_version": FORMAT_VERSION,
            "lab": self.lab,
            "title": self.title,
            "emulator": self.emulator,
            "passed": self.passed,
            "total": self.total,
            "points": self.points,
            "total_points": self.total_points,
            "checks": [result.to_dict() for result in self.results],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LabReport":
        """The report that `to_dict` wrote."""
        results = tuple(CheckResult.from_dict(each) for each in values["checks"])
        return cls(values["lab"], values.get("title", values["lab"]), values["emulator"], results)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from lab_harness.render.html import report_html  # render imports this module
        from lab_harness.render.markup import bundle
        from lab_harness.render.text import report_text

        return bundle(report_text(self), report_html(self))
