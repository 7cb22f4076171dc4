"""`open_course`: the start page, which shows the labs, how far the learner is, and whether the machine is ready."""

import sys
from typing import Any

from lab_harness.course import Course, find_course
from lab_harness.lab.labs import Lab, all_labs
from lab_harness.learner.progress import LabProgress, Progress
from lab_harness.notebook.arguments import checked_methods
from lab_harness.render.course_map import CourseMap, Stop
from lab_harness.render.findings import Findings


def open_course() -> "OpenCourse":
    """Open the course in this notebook, show its map, and return it.

    course = open_course()
    """
    opened = OpenCourse(find_course())
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(opened)  # type: ignore[no-untyped-call]
    return opened


@checked_methods("course")
class OpenCourse:
    """The course in a notebook. It displays itself as the map of its labs, with the progress made so far."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.progress = Progress(course.home / "progress.sqlite")

    def map(self) -> CourseMap:
        """The labs, and how far the learner is in each now."""
        stops = [self._stop(lab) for lab in all_labs(self.course)]
        return CourseMap(stops, tuple(self.progress.notices))

    def doctor(self, emulator: str | None = None) -> Findings:
        """Whether this machine is ready for the labs, and how to mend what is not; starts the emulator."""
        from lab_harness.learner.doctor import examine

        return Findings(examine(self.course, emulator))

    def _stop(self, lab: Lab) -> Stop:
        progress = self.progress.of(lab.id)
        questions = lab.quiz.questions if lab.quiz else ()
        return Stop(
            number=int(lab.file.notebook[:2]),
            title=lab.title,
            notebook=lab.file.notebook,
            minutes=lab.file.minutes,
            goal=lab.file.goal,
            passed=sum(name in progress.passed for name in lab.check_names),
            checks=len(lab.check_names),
            begun=_begun(progress),
            right=sum(question.id in progress.right for question in questions),
            questions=len(questions),
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return self.map()._repr_mimebundle_()


def _begun(progress: LabProgress) -> bool:
    # A check that ran by itself is no try, but what it found to be right was built by somebody.
    tried = any(progress.tries.values()) or progress.passed
    return bool(tried or progress.hints or progress.solutions or progress.answered)
