"""One piece of work: what a student handed in for a lab, or why it was rejected."""

from dataclasses import dataclass, field
from pathlib import Path

from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.students import Student
from lab_harness.handing_in.bundle import Origin
from lab_harness.handing_in.shown import Shown


@dataclass(frozen=True)
class Work:
    """What a student handed in for a lab: a submission, or the reason why it was `rejected`. `note` is for the teacher.

    `claim` tells what names the student: folder, canvas, moodle, file, or the key of a bundle. If it is `disputed`, an
    existing grade stays.
    """

    student: Student
    lab: str
    path: Path | None = None  # the notebook as it will be run
    digest: str = ""
    tasks: dict[str, str] = field(default_factory=dict)  # the student's code for each task
    late: bool = False
    note: str = ""
    rejected: str = ""
    origin: Origin | None = None  # where it came in a bundle
    file: str = ""  # as it was called, to be shown
    handed_in: float = 0.0  # when its file was last changed (seconds since 1970); 0 where nobody knows
    claim: str = ""
    disputed: bool = False
    shown: Shown | None = None  # what there is to read in it

    @property
    def submission(self) -> Submission:
        if self.path is None:
            raise ValueError(f"{self.student.id}'s {self.lab} was rejected.")
        return Submission(self.student.id, self.lab, self.path)

    @property
    def rejection(self) -> Grade:
        """The grade for rejected work."""
        return Grade(self.student.id, self.lab, Status.REJECTED, self.rejected)
