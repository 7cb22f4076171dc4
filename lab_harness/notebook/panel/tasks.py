"""What is to be said of a lab's tasks, from the outcomes of their checks and the progress so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lab_harness.lab.file import Task
from lab_harness.lab.labs import Check, Lab
from lab_harness.learner.progress import LabProgress
from lab_harness.results import CheckResult, Outcome

# A task's states, each with the symbol and the word that tell it apart from the others.
STATES = {
    "done": ("✓", "done"),
    "wrong": ("✗", "not right yet"),
    "todo": ("○", "to do"),
    "unseen": ("·", "not looked at yet"),
    "checking": ("…", "checking"),
    "broken": ("!", "its check is broken"),
    "unsupported": ("–", "not on this emulator"),
}

UNSEEN = STATES["unseen"][1]  # what a check waits for another to look at
NOT_RUN = {None, Outcome.BLOCKED}


@dataclass(frozen=True)
class TaskView:
    """One task. `points` are those of the checks that pass now; `problems` are what is to be said at once."""

    number: int
    task: Task
    state: str
    points: int
    most_points: int
    checks: tuple[tuple[str, str], ...]  # the title and the outcome of each, UNSEEN where it has none
    problems: tuple[CheckResult, ...]
    hints: tuple[str, ...]
    solution: str | None
    solution_seen: bool
    done_before: bool

    @property
    def symbol(self) -> str:
        return STATES[self.state][0]

    @property
    def word(self) -> str:
        return STATES[self.state][1]

    @property
    def score(self) -> str:
        """Its points of those that there are; what is given has none."""
        return "given" if self.task.given else f"{self.points} of {self.most_points}"

    @property
    def passed(self) -> int:
        """How many of its checks pass."""
        return sum(outcome == Outcome.PASSED for _, outcome in self.checks)

    def __str__(self) -> str:
        """The task as one or two sentences, for those who hear the page."""
        points = "" if self.task.given else " points"
        said = f"Task {self.number}, {self.task.title}: {self.word}, {self.score}{points}."
        first = next(iter(self.problems), None)
        return f"{said} {first.title}: {first.next_step}" if first else said


@dataclass
class Outcomes:
    """What is known of a lab's checks: the last result of each, and for which tasks the learner asked."""

    lab: Lab
    results: dict[str, CheckResult] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)  # those whose checks the learner waits for now

    def task(self, task: Task, progress: LabProgress, solution: str | None = None) -> TaskView:
        """One task as it is now; `solution` is its answer if that is to be seen."""
        checks = [check for check in self.lab.all_checks if check.task == task.id]
        state = self._state(task, checks)
        counted = self._counted(checks)
        points, most_points = self._points(checks)
        return TaskView(
            number=self.lab.tasks.index(task) + 1,
            task=task,
            state=state,
            points=points,
            most_points=most_points,
            checks=tuple((check.title, self._said(check)) for check in checks),
            problems=self._problems(task, checks),
            hints=task.hints[: progress.hints.get(task.id, 0)],
            solution=solution,
            solution_seen=task.id in progress.solutions,
            done_before=state in ("todo", "wrong") and all(each.name in progress.passed for each in counted),
        )

    def points(self) -> tuple[int, int]:
        """The points of the checks that pass now, and all that there are on this emulator; tasks apart left out."""
        return self._points([check for check in self.lab.all_checks if not check.apart])

    def _points(self, checks: Sequence[Check]) -> tuple[int, int]:
        counted = self._counted(checks)
        passed = [check for check in counted if self._outcome(check) is Outcome.PASSED]
        return sum(check.points for check in passed), sum(check.points for check in counted)

    def _counted(self, checks: Sequence[Check]) -> list[Check]:
        """Without those that the emulator cannot do."""
        return [check for check in checks if self._outcome(check) is not Outcome.UNSUPPORTED]

    def _outcome(self, check: Check) -> Outcome | None:
        result = self.results.get(check.name)
        return result.outcome if result else None

    def _said(self, check: Check) -> str:
        result = self.results.get(check.name)
        return UNSEEN if result is None or result.outcome is Outcome.BLOCKED else result.word

    def _state(self, task: Task, checks: Sequence[Check]) -> str:
        outcomes = {self._outcome(check) for check in checks}
        if task.id in self.awaited:
            return "checking"
        if outcomes <= {Outcome.UNSUPPORTED}:
            return "unsupported"
        if outcomes <= {Outcome.PASSED, Outcome.UNSUPPORTED}:
            return "done"
        if Outcome.BROKEN in outcomes:
            return "broken"
        if outcomes <= {*NOT_RUN, Outcome.UNSUPPORTED}:
            return "unseen"
        return "wrong" if self._is_begun(checks) else "todo"

    def _is_begun(self, checks: Sequence[Check]) -> bool:
        """Whether something of the task is there: before that, that nothing is there is no mistake.

        What stands apart undoes the lab, so it is begun when the learner asks, or when it is right.
        """
        if any(check.apart for check in checks):
            return any(check.task in self.asked for check in checks) or Outcome.PASSED in map(self._outcome, checks)
        ran = (self.results[check.name] for check in checks if check.name in self.results)
        return any(not each.is_absent and each.outcome in (Outcome.PASSED, Outcome.FAILED) for each in ran)

    def _problems(self, task: Task, checks: Sequence[Check]) -> tuple[CheckResult, ...]:
        results = [self.results[check.name] for check in checks if check.name in self.results]
        begun = self._is_begun(checks) or task.id in self.asked
        shown = {Outcome.BROKEN, Outcome.FAILED} if begun else {Outcome.BROKEN}
        problems = [result for result in results if result.outcome in shown]
        if not problems and task.id in self.asked:  # then what it waits for is what there is to say
            problems = [result for result in results if result.outcome is Outcome.BLOCKED][:1]
        return tuple(problems)
