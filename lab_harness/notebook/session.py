"""A lab that is worked on: what can be asked of it, in a notebook or in any Python."""

import os
import time
from collections.abc import Collection
from threading import Event
from typing import Any

from lab_harness import aws
from lab_harness.account.built import was_built
from lab_harness.account.resources import remove_resources
from lab_harness.emulators import Emulator
from lab_harness.lab.facts import facts_of
from lab_harness.lab.finished import recorded
from lab_harness.lab.labs import Lab
from lab_harness.lab.solutions import answer
from lab_harness.learner.progress import Progress
from lab_harness.notebook import pictures
from lab_harness.notebook.arguments import checked_methods
from lab_harness.notebook.check_runs import CheckRuns, Interrupted
from lab_harness.notebook.clock import LabClock
from lab_harness.notebook.console.calls import call_table
from lab_harness.notebook.console.inbox import mail_table
from lab_harness.notebook.console.logs import log_table
from lab_harness.render.architecture import architecture
from lab_harness.render.blocks import Note, Recorded, Table
from lab_harness.render.denial import why_note
from lab_harness.render.event_match import PatternMatch, match_rule
from lab_harness.render.facts import facts_table
from lab_harness.render.svg import Picture
from lab_harness.results import CheckResult, LabReport, Outcome

AT_THE_END = "What works when you have finished this lab (recorded; nothing of it is in your account yet):"
LATELY = 60.0  # seconds


@checked_methods("lab")
class Session:
    """A lab that is worked on, connected to the emulator. Everything it returns displays itself."""

    def __init__(self, lab: Lab, emulator: Emulator, progress: Progress) -> None:
        self.lab = lab
        self.emulator = emulator
        self.progress = progress
        self._reached = emulator.endpoint  # by the clients
        self.clients = aws.Clients(emulator)
        self.runs = CheckRuns(lab, self.clients)
        self.runs.keep = self._keep
        self.runs.judge = self._judged
        self._kept: set[str] = set()  # the checks whose passing was noted since the lab was opened
        self._passed: dict[str, float] = {}  # when each task's checks passed last, by the monotonic clock
        self._found: dict[str, bool] = {}  # whether each check passed, when it was seen last

    def _judged(self, result: CheckResult) -> CheckResult:
        return self.progress.judged(self.lab, result, lambda: was_built(self.lab, self.emulator))

    def connect(self) -> None:
        """Make sure that the emulator runs, and that this kernel and the checks reach it where it is now."""
        self.emulator.start()
        self.follow()

    def follow(self) -> None:
        """Let this kernel and the checks reach the emulator where it is now: it may have another port than before."""
        endpoint = self.emulator.endpoint
        there = os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        # Another lab of this kernel's may have set it.
        if there != (endpoint, self.emulator.learner.secret_access_key):
            aws.use_emulator(self.emulator)
        if self._reached != endpoint:
            self._reached, self.clients = endpoint, aws.Clients(self.emulator)
            self.runs.reach(self.clients)

    def check(self, name: str | None = None) -> LabReport:
        """Run all checks, or those of one task, or a single one, on what is in the account now."""
        report = self.look(name)
        self.progress.record(report)
        return report

    def look(self, name: str | None = None) -> LabReport:
        """Run checks as `check` does, without counting a try."""
        try:
            report = self.runs.run(self.lab.selection(name) if name else ())
        except KeyboardInterrupt:
            raise Interrupted from None
        self._see(report)
        for task in [name] if name else [task.id for task in self.lab.tasks if not task.apart]:
            self._passed.pop(task, None)
            if report.complete:
                self._passed[task] = time.monotonic()
        return report

    def look_quietly(self, names: Collection[str], cancelled: Event | None = None) -> LabReport | None:
        """Run checks that nobody asked for, noting what passes; None where something else went before."""
        report = self.runs.run_quietly(names, cancelled)
        if report is not None:
            self._see(report)
            self.progress.record(report, counted=False)
        return report

    def _see(self, report: LabReport) -> None:
        self._found |= {each.name: each.outcome in (Outcome.PASSED, Outcome.UNSUPPORTED) for each in report}

    def listen(self) -> bool:
        """Hear what the emulator has to say of itself by now; whether it is something else than before."""
        before = self.emulator.notices
        self.emulator.listen()
        return self.emulator.notices != before

    def _keep(self, result: CheckResult) -> None:
        """Note that a check passes before anybody is shown it; tries are counted when the run has ended."""
        if result.outcome is Outcome.PASSED and result.name not in self._kept:
            report = LabReport(self.lab.id, self.lab.title, self.emulator.name, (result,))
            self.progress.record(report, counted=False)
            self._kept.add(result.name)

    def passed_lately(self, task: str) -> bool:
        """Whether the task's checks passed within the last minute; some take seconds, too long for each cell."""
        return time.monotonic() - self._passed.get(task, float("-inf")) < LATELY

    def next_task(self) -> str | None:
        """The first task that is not done, by what was seen last; None where all are."""
        done = dict.fromkeys(self.progress.of(self.lab.id).passed, True) | self._found
        for task in self.lab.tasks:
            names = [check.name for check in self.lab.all_checks if check.task == task.id]
            if not task.apart and not all(done.get(name) for name in names):
                return task.id
        return None

    def hint(self, task: str | None = None) -> Note:
        """One more hint for a task, the next open one unless named, each time: from a nudge to nearly the answer."""
        task = task or self.next_task()
        if task is None:
            return self._all_done("hint")
        hints = self.lab.task(task).hints
        taken = self.progress.take_hint(self.lab.id, task, len(hints))
        rest = len(hints) - taken
        last = "That was the last hint." if not rest else f"Call hint({task!r}) again for the next of {rest} more."
        numbered = tuple(f"{number}. {hint}" for number, hint in enumerate(hints[:taken], 1))
        return Note(f"Hint {taken} of {len(hints)}: {self.lab.task(task).title}", (*numbered, last))

    def solution(self, task: str | None = None) -> Note:
        """The reference answer of a task, the next open one unless named. There are other right ones.

        The checks look at what you built.
        """
        task = task or self.next_task()
        if task is None:
            return self._all_done("solution")
        found = answer(self.lab, task)
        self.progress.take_solution(self.lab.id, task)
        return Note(f"Solution: {self.lab.task(task).title}", code=found.cell)

    def _all_done(self, asked: str) -> Note:
        return Note("All tasks are done.", (f"Name one: lab.{asked}({self.lab.tasks[0].id!r})",))

    def diagram(self) -> Picture | Note:
        """The lab's architecture, each part as the checks find it now; `.save("lab.svg")` writes it."""
        diagram = self.lab.file.diagram
        if diagram is None:
            return Note("This lab has no picture.")
        return architecture(self.lab.title, diagram, self.runs.look(diagram.checks))

    def finished(self) -> Recorded | Note:
        """What works at the end of this lab, as it was recorded; nothing is built for it in the account."""
        shown = tuple((each.text, each.html, each.png) for each in recorded(self.lab.folder))
        return Recorded(AT_THE_END, shown) if shown else Note("Of this lab's end nothing is recorded.")

    def trace(self, *, checks: bool = False) -> Picture | Note:
        """What happened after your last request, or a check's if asked for: calls, invocations, mails by their time."""
        return pictures.trace(self.clients, checks)

    def state_machine(self, name: str) -> Picture:
        """A state machine of the account, drawn from its definition."""
        return pictures.state_machine(self.clients["stepfunctions"], name)

    def execution(self, arn: str) -> Picture:
        """The state machine of an execution, with the way that it took: what succeeded, failed, was caught."""
        return pictures.execution(self.clients["stepfunctions"], arn)

    def reset(self) -> Note:
        """Remove what this lab asked you to build, to begin again. Other labs' resources and your progress stay."""
        self.connect()  # It may have been stopped; what was built is there again then.
        self._passed.clear()
        self._found = dict.fromkeys((check.name for check in self.lab.all_checks), False)
        removed = remove_resources(self.lab, aws.Clients(self.emulator, as_learner=True))
        names = tuple(f"{resource.type} {resource.name}" for resource in removed)
        return Note("Removed:", names) if removed else Note("There was nothing to remove.")

    def logs(self, function: str, *, checks: bool = False) -> Table:
        """The log of a Lambda function, newest invocation first; with `checks`, what checks have set going, too.

        Raises UsageError where there is no such function.
        """
        return log_table(self.clients, function, checks)

    def calls(self, count: int = 50, *, checks: bool = False) -> Table:
        """The last AWS calls, newest first, by you or by a function; with `checks`, what checks have set going, too."""
        return call_table(self.emulator, count, checks)

    def why(self, about: str = "", *, checks: bool = False) -> Note:
        """Why the last call was refused that names `about`, such as a function or a table: the permission it lacks."""
        return why_note(self.emulator, about, checks)

    @property
    def clock(self) -> LabClock:
        """The clock of the account: `lab.clock.advance(hours=26)` moves it, and what falls due on the way happens."""
        return LabClock(self.emulator)

    def inbox(self, *, checks: bool = False) -> Table:
        """The mails that were sent, oldest first; those that checks have caused if asked for, too."""
        return mail_table(self.emulator, checks)

    def match(self, rule: str, event: Any, bus: str = "default") -> PatternMatch | Note:
        """An event beside a rule's pattern: what TestEventPattern says of the two and, field by field, why."""
        return match_rule(self.clients["events"], rule, event, bus)

    def facts(self, *services: str) -> Table:
        """AWS's limits, prices and defaults that the course states of these services, or of those of this lab."""
        return facts_table(facts_of(self.lab.folder.parent, services, self.lab.file.services))

    def overview(self) -> Table:
        """The lab's tasks and what of them was done, from the progress file."""
        progress = self.progress.of(self.lab.id)
        rows = []
        for task in self.lab.tasks:
            names = [check.name for check in self.lab.all_checks if check.task == task.id]
            done = sum(name in progress.passed for name in names)
            state = "✓ done" if done == len(names) else f"{done} of {len(names)} checks"
            rows.append((task.id, task.title, state))
        return Table("Tasks", ("task", "what to do", "so far"), rows)

    def notices(self) -> tuple[str, ...]:
        """What the learner should know about the emulator and the progress file, such as a damaged file."""
        return (*self.emulator.notices, *self.progress.notices, *self._otherwise())

    def _otherwise(self) -> tuple[str, ...]:
        """What is otherwise on the emulator in use; of a lab that it cannot run at all, why."""
        if self.emulator.name == "embedded":
            return ()
        if self.lab.file.embedded_alone:
            return (f"{self.lab.file.embedded_alone} Take the embedded emulator for this lab.",)
        return self.lab.file.localstack

    def __str__(self) -> str:
        table = self.overview()  # read first: it may have something to say about the progress file
        where = f"Your AWS account is the {self.emulator.name} emulator on this machine: no bill, nothing to break."
        title = f"{self.lab.title} (about {self.lab.file.minutes} minutes)"
        return f"{Note(title, (self.lab.file.goal, where, *self.notices()))}\n\n{table}"
