"""What is left to grade of what came in; and its grading, each grade in the gradebook once it is known."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from lab_harness.errors import UsageError
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.intake.claims import against_grades
from lab_harness.grading.results.capped import capped
from lab_harness.grading.results.gradebook import Gradebook
from lab_harness.grading.results.regrades import Regrade
from lab_harness.grading.results.row import Row
from lab_harness.grading.students import same_student
from lab_harness.grading.work import Work
from lab_harness.lab.labs import unknown

GradeAll = Callable[[Iterable[Submission]], Iterator[Grade]]
Versions = Callable[[str], dict[str, str]]  # of what grades a lab, by its id


@dataclass(frozen=True)
class Plan:
    """What a run does: `todo` is graded, `kept` has a grade that still holds, `rejected` gets its reason.

    `left` counts what a limit leaves for the next run.
    """

    todo: tuple[Work, ...]
    kept: tuple[Work, ...]
    rejected: tuple[Work, ...]
    left: int = 0


@dataclass(frozen=True)
class Graded:
    """A grade that has just been recorded, and what it changed, if the same work had one before."""

    grade: Grade
    change: Regrade | None = None


def chosen(works: Iterable[Work], only: Collection[str]) -> list[Work]:
    """The work of these students, named as they are in the gradebook; UsageError where somebody is not there."""
    works = list(works)
    known: dict[str, set[str]] = {}
    for work in works:
        for name in (work.student.id, work.student.name):
            known.setdefault(same_student(name), set()).add(work.student.id)
    for name in only:
        if same_student(name) not in known:
            students = sorted({work.student.id for work in works})
            raise UsageError(unknown("student", name, students[:20], "Among the submissions are"))
    wanted = {id for name in only for id in known[same_student(name)]}
    return [work for work in works if not only or work.student.id in wanted]


def plan(
    works: Iterable[Work],
    before: dict[tuple[str, str], Row],
    versions: Versions,
    limit: int | None = None,
) -> Plan:
    """What has to be graded: what is new or changed, what other versions graded, and what is due again."""
    todo, kept, rejected = [], [], []
    for work in against_grades(works, before):
        row = before.get((work.student.id, work.lab))
        if work.rejected:
            rejected.append(work)
        elif row and row.settles(work, versions(work.lab)):
            kept.append(work)
        else:
            todo.append(work)
    now = tuple(todo[:limit])
    return Plan(now, tuple(kept), tuple(rejected), len(todo) - len(now))


def carry_out(steps: Plan, gradebook: Gradebook, grade_all: GradeAll, versions: Versions) -> Iterator[Graded]:
    """Each grade as it comes, recorded already; the rejected ones first."""
    gradebook.forget_rejections([work.student.id for work in (*steps.todo, *steps.kept, *steps.rejected)])
    for work in steps.rejected:
        gradebook.reject(work)
        yield Graded(work.rejection)
    for work in steps.kept:
        gradebook.annotate(work)
    works = {(work.student.id, work.lab): work for work in steps.todo}
    for given in grade_all([work.submission for work in steps.todo]):
        work = works.pop((given.student, given.lab))
        grade = replace(capped(given), versions=versions(work.lab))
        yield Graded(grade, gradebook.record(work, grade))
    for work in works.values():  # a grade that never came is the grader's fault
        lost = Grade(work.student.id, work.lab, Status.BROKEN, "the grader gave no grade for it")
        gradebook.record(work, lost)
        yield Graded(lost)
