"""What grading takes and what it returns: a `Submission` and a `Grade`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """Whether a submission was graded, and if not, why."""

    GRADED = "graded"
    LIMITED = "limited"  # a limit was hit: the report judges what could be judged
    REJECTED = "rejected"  # nothing to run: the file is not what it should be
    BROKEN = "broken"  # the harness's or the course's fault: not scored


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one lab; `path` is the notebook file."""

    student: str
    lab: str
    path: Path


@dataclass(frozen=True)
class CellError:
    """A cell that ended with an error. `cell` is its id, or its number, from 1, if it has none."""

    cell: str
    error: str  # the exception's class and message
    traceback: str = ""  # plain text, at most 20 lines, without paths of the grader's machine


@dataclass(frozen=True)
class Grade:
    """The result for one submission. `report` is `LabReport.to_dict()`, or None if no check ran."""

    student: str
    lab: str
    status: Status
    reason: str = ""  # why it is not simply graded
    report: dict[str, Any] | None = None
    cell_errors: tuple[CellError, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)  # of what graded it; the run sets them
    fingerprint: str = ""  # of what was built, without what differs from run to run

    @property
    def points(self) -> int:
        """The points of the checks that passed; 0 if no check ran."""
        return int(self.report["points"]) if self.report else 0

    @property
    def total(self) -> int:
        """The points of all the lab's checks; 0 if no check ran."""
        return int(self.report["total_points"]) if self.report else 0

    def to_dict(self) -> dict[str, Any]:
        """The grade as JSON-ready values."""
        return asdict(self) | {"status": str(self.status), "cell_errors": [asdict(each) for each in self.cell_errors]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Grade":
        """The grade that `to_dict` wrote. Keys that this version does not know are ignored."""
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        errors = tuple(CellError(**each) for each in values.get("cell_errors", ()))
        return cls(**known | {"status": Status(values["status"]), "cell_errors": errors})
