"""`open_lab`: a lab in a notebook, connected to the emulator."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

from lab_harness import aws, emulators
from lab_harness.course import find_course
from lab_harness.emulators import Emulator
from lab_harness.event_patterns import PatternMatch, match_rule
from lab_harness.labs import Lab, load_lab
from lab_harness.notebook import pictures
from lab_harness.probes import function_log
from lab_harness.progress import Progress
from lab_harness.render.architecture import architecture
from lab_harness.render.blocks import Note, Table
from lab_harness.render.svg import Picture
from lab_harness.resources import remove_resources
from lab_harness.results import LabReport
from lab_harness.runner import run_checks
from lab_harness.solutions import answer

LATELY = 60.0  # seconds


def open_lab(lab_id: str, *, emulator: str | None = None) -> "OpenLab":
    """Open a lab in this notebook, show it, and return it.

    Starts the emulator if it does not run yet and points this kernel at it: from here on a plain
    `boto3.client("lambda")` reaches the emulator and never AWS.

        lab = open_lab("hello_lambda")
    """
    course = find_course()
    lab = load_lab(lab_id, course)
    chosen = emulators.choose(course.home, emulator)
    chosen.start()
    aws.use_emulator(chosen.endpoint)
    opened = OpenLab(lab, chosen, Progress(course.home / "progress.sqlite"))
    if "IPython" in sys.modules:
        from lab_harness.notebook import magic  # only where there is IPython

        magic.show_and_register(opened)
    return opened


class OpenLab:
    """A lab that is open in a notebook. Everything it returns displays itself."""

    def __init__(self, lab: Lab, emulator: Emulator, progress: Progress) -> None:
        self.lab = lab
        self.emulator = emulator
        self.progress = progress
        self._clients = aws.Clients(emulator)
        self._passed: dict[str, float] = {}  # when each task's checks passed last, by the monotonic clock

    def check(self, name: str | None = None) -> LabReport:
        """Run all checks, or those of one task, or a single one, on what is in the account now."""
        report = self.look(name)
        self.progress.record(report)
        return report

    def look(self, name: str | None = None) -> LabReport:
        """Run checks as `check` does, without counting a try."""
        report = run_checks(self.lab, self._clients, self.lab.selection(name) if name else ())
        for task in [name] if name else [task.id for task in self.lab.tasks]:
            self._passed.pop(task, None)
            if report.complete:
                self._passed[task] = time.monotonic()
        return report

    def passed_lately(self, task: str) -> bool:
        """Whether the task's checks passed within the last minute; some take seconds, too long for each cell."""
        return time.monotonic() - self._passed.get(task, float("-inf")) < LATELY

    def hint(self, task: str) -> Note:
        """One more hint for a task each time it is called, from a nudge to nearly the answer."""
        hints = self.lab.task(task).hints
        taken = self.progress.take_hint(self.lab.id, task, len(hints))
        rest = len(hints) - taken
        last = "That was the last hint." if not rest else f"Call hint({task!r}) again for the next of {rest} more."
        numbered = tuple(f"{number}. {hint}" for number, hint in enumerate(hints[:taken], 1))
        return Note(f"Hint {taken} of {len(hints)}: {self.lab.task(task).title}", (*numbered, last))

    def solution(self, task: str) -> Note:
        """The reference answer of a task. There are other right ones: the checks look at what you built."""
        found = answer(self.lab, task)
        self.progress.take_solution(self.lab.id, task)
        return Note(f"Solution: {self.lab.task(task).title}", code=found.cell)

    def diagram(self) -> Picture | Note:
        """The lab's architecture, each part as the checks find it now; `.save("lab.svg")` writes it."""
        diagram = self.lab.file.diagram
        if diagram is None:
            return Note("This lab has no picture.")
        return architecture(self.lab.title, diagram, run_checks(self.lab, self._clients, diagram.checks))

    def trace(self) -> Picture | Note:
        """What happened after the last request, yours or a check's: calls, invocations, mails, on a time axis."""
        return pictures.trace(self._clients)

    def state_machine(self, name: str) -> Picture:
        """A state machine of the account, drawn from its definition."""
        return pictures.state_machine(self._clients["stepfunctions"], name)

    def execution(self, arn: str) -> Picture:
        """The state machine of an execution, with the way that it took: what succeeded, failed, was caught."""
        return pictures.execution(self._clients["stepfunctions"], arn)

    def reset(self) -> Note:
        """Remove what this lab asked you to build, to begin again. Other labs' resources and your progress stay."""
        self._passed.clear()
        removed = remove_resources(self.lab, self._clients)
        names = tuple(f"{resource.type} {resource.name}" for resource in removed)
        return Note("Removed:", names) if removed else Note("There was nothing to remove.")

    def logs(self, function: str) -> Table:
        """The log of a Lambda function, oldest line first."""
        lines = function_log(self._clients["logs"], function)
        return Table(f"Log of {function}", ("line",), [(line,) for line in lines], "It has logged nothing yet.")

    def calls(self, count: int = 50, *, checks: bool = False) -> Table:
        """The last AWS calls made in this account, by you or by a function, and by the checks if asked for."""
        made = self.emulator.calls()
        if made is None:
            return Table("AWS calls", (), [], f"{self.emulator.name} keeps no call log; the embedded emulator does.")
        calls = [call for call in made if checks or call.caller != "checks"]
        rows = [
            (_clock(call.time), call.caller, call.service, call.operation, str(call.status), f"{call.seconds:.3f}")
            for call in calls[-count:]
        ]
        return Table("AWS calls", ("time (UTC)", "caller", "service", "operation", "status", "seconds"), rows)

    def inbox(self) -> Table:
        """The mails that were sent, oldest first."""
        rows = [(mail.to, mail.subject, mail.text) for mail in self.emulator.inbox()]
        return Table("Inbox", ("to", "subject", "text"), rows, "No mail yet.")

    def match(self, rule: str, event: Any, bus: str = "default") -> PatternMatch | Note:
        """An event beside a rule's pattern: what TestEventPattern says of the two and, field by field, why."""
        return match_rule(self._clients["events"], rule, event, bus)

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
        return (*self.emulator.notices, *self.progress.notices)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        table = self.overview()  # read first: it may have something to say about the progress file
        where = f"Your AWS account is the {self.emulator.name} emulator on this machine: no bill, nothing to break."
        title = f"{self.lab.title} (about {self.lab.file.minutes} minutes)"
        head = Note(title, (self.lab.file.goal, where, *self.notices()))
        return {"text/plain": f"{head}\n\n{table}", "text/html": f"{head.html()}{table.html()}"}


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]
