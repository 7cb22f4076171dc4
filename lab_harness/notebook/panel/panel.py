"""The lab panel: a lab in a notebook, whose tasks tick themselves while the learner builds."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext

from lab_harness.account.changes import Change, Changes, affected
from lab_harness.account.concern import concern_of
from lab_harness.course import find_course
from lab_harness.errors import EmulatorError, HarnessError
from lab_harness.notebook.panel.background import Cells, Watch, Worker
from lab_harness.notebook.panel.display import Display
from lab_harness.notebook.panel.handing import Handing
from lab_harness.notebook.panel.live import Action
from lab_harness.notebook.panel.own_notebook import OwnNotebook
from lab_harness.notebook.session import Session

LISTENING = 10.0  # seconds between two looks at what the emulator has to say of itself


class Panel:
    """What `lab.panel()` shows. It works only while a browser shows it: in a notebook run headless it costs nothing."""

    def __init__(self, opened: Session) -> None:
        self._opened = opened
        self._lab = opened.lab
        self.display = Display(opened, self._act)
        self._watch: Watch | None = None
        self._changes: Changes | None = None
        self._listened = 0.0
        cells = Cells(self._cell_ended)
        self._worker = Worker(self._run_due, lambda: cells.running > 0, self.display.failed)
        notebook = OwnNotebook(self._lab, find_course(), cells.ran)
        self._handing = Handing(opened, notebook, self._worker.submit, self.display.update_soon, self._hear)
        self.display.state.handing = self._handing
        opened.runs.observers.append(self.display.finished)
        opened.runs.around = self._running

    def _ipython_display_(self) -> None:
        self.display.view.show()

    # What the learner does in the panel.

    @property
    def controls(self) -> dict[str, Callable[[Action], None]]:
        """What each `data-do` of a control does, and each sign of life of a browser."""
        return {
            "alive": self._do_alive, "closed": self._do_closed, "check": self._do_check, "hint": self._do_hint,
            "solution": self._do_solution, "reset": self._do_reset, "automatic": self._do_automatic,
            "start": self._do_start, "stop": self._do_stop, "tab": self._do_tab, "probes": self._do_probes,
            **self._handing.controls,
        }  # fmt: skip

    def _act(self, action: Action) -> None:
        method, task = self.controls.get(action["do"]), action.get("task")
        if method is None or task not in (None, *(each.id for each in self._lab.tasks)):
            return  # No control of ours asks for that.
        try:
            if "view" in action and action["do"] != "closed":  # Who asks for something looks.
                self._do_alive(action)
            method(action)
        except HarnessError as error:
            self.display.failed(error)

    def _do_alive(self, action: Action) -> None:
        with self.display.lock:
            self.display.views.alive(str(action.get("view")))
            if self._watch is None:
                self._watch = Watch(self._begin, self._saw, self._lost, self._find, self.display.failed)

    def _do_closed(self, action: Action) -> None:
        self.display.views.closed(str(action.get("view")))
        self._rest_if_alone()

    def _do_check(self, action: Action) -> None:
        chosen = action.get("task")
        tasks = {chosen} if chosen else {task.id for task in self._lab.tasks if not task.apart}
        with self.display.lock:
            self.display.state.trouble = ""
            self.display.state.outcomes.asked |= tasks
            self.display.state.outcomes.awaited |= tasks
        self._opened.runs.interrupt()
        self._worker.submit(lambda: self._check(chosen, tasks))
        self.display.update()

    def _do_hint(self, action: Action) -> None:
        if task := action.get("task"):
            available = len(self._lab.task(task).hints)
            self.display.state.hints[task] = self._opened.progress.take_hint(self._lab.id, task, available)
            self.display.update()

    def _do_solution(self, action: Action) -> None:
        task = action.get("task")
        if task and self.display.state.solutions.pop(task, None) is None:
            self.display.state.solutions[task] = self._opened.solution(task).code or ""
        self.display.update()

    def _do_reset(self, _: Action) -> None:
        self._opened.runs.interrupt()
        self._worker.submit(self._reset)

    def _do_automatic(self, action: Action) -> None:
        self.display.state.automatic = bool(action.get("value"))
        if self.display.state.automatic:
            self._run_all()
        else:
            self._worker.forget()
            self._opened.runs.interrupt()
        self.display.update()

    def _do_start(self, _: Action) -> None:
        self._worker.submit(self._connect)

    def _do_stop(self, _: Action) -> None:
        self._opened.runs.interrupt()
        self._worker.submit(self._stop)

    def _do_tab(self, action: Action) -> None:
        self.display.open_tab(action.get("tab"))

    def _do_probes(self, action: Action) -> None:
        self.display.state.checks = bool(action.get("value"))
        self.display.look_soon()
        self.display.update()

    # What the worker does.

    def _check(self, chosen: str | None, tasks: set[str]) -> None:
        try:
            self._opened.check(chosen)
        finally:
            with self.display.lock:
                self.display.state.outcomes.awaited -= tasks
            self.display.state.say(tasks, self.display.progress())
            self.display.update()

    def _run_due(self, names: Collection[str]) -> bool:
        cancelled = self._opened.runs.announce()  # before the progress is read: a click must not go unheard meanwhile
        done_before = self.display.state.done(self.display.progress())
        report = self._opened.look_quietly(names, cancelled)
        self.display.state.trouble = ""
        progress = self.display.progress()
        self.display.state.say(self.display.state.done(progress) - done_before, progress)
        self.display.update()
        return report is not None

    def _reset(self) -> None:
        note = self._opened.reset()
        with self.display.lock:
            self.display.state.outcomes.asked.clear()
        self.display.state.said = " ".join((note.title, *note.sentences))
        self._worker.run_again(self._counted())
        self.display.update()

    def _connect(self) -> None:
        self._opened.connect()
        self.display.state.found()
        self.display.update()

    def _hear(self, said: str) -> None:
        self.display.state.said = said

    def _stop(self) -> None:
        self._opened.emulator.stop(insist=True)
        saved = "" if self._opened.emulator.trouble else "; what you built is saved"
        self.display.state.lost(f"The emulator is stopped{saved}.")
        self.display.update()

    # What happens in the account, and in the notebook.

    def _begin(self) -> Changes:
        if self._find():
            self._opened.follow()  # Another command may have started it anew, on another port.
        concern = concern_of(self._lab, find_course())
        self._changes = Changes(self._opened.clients, self._lab.file.services, concern=concern)
        self.display.state.found()
        self._run_all()  # only now: what is changed from here on is seen
        self.display.update()
        self.display.open_first_tab()
        self.display.look_soon()
        self._listen()
        return self._changes

    def _listen(self) -> None:
        """Show what the emulator has to say of itself, of what it cannot save for example."""
        self._listened = time.monotonic()
        if self._opened.listen():
            self.display.update()
        if self.display.views:
            self._opened.emulator.acknowledge()

    def _saw(self, change: Change | None) -> None:
        self._rest_if_alone()
        if not self.display.views:
            return
        if time.monotonic() - self._listened > LISTENING:
            self._listen()
        if change and change.learner and self.display.state.automatic and (names := affected(self._lab, change)):
            if not self._worker.overdue:
                self._opened.runs.interrupt()
            self._worker.run_again(names)
        if self._handing.notebook.changed():  # It was saved.
            self.display.update_soon()
        if (
            self.display.state.tab
        ):  # Also after a while without a call: messages come back, logs are written, mails arrive.
            self.display.look_soon()

    def _lost(self, _: EmulatorError) -> None:
        if self.display.state.answers:
            self.display.state.lost("The emulator does not run.")
        self.display.update()

    def _find(self) -> bool:
        """Whether there is an emulator, started here or elsewhere."""
        self._rest_if_alone()
        return self._opened.emulator.healthy()

    def _cell_ended(self) -> None:
        self._worker.look_up()
        if self._changes:
            self._changes.acted()

    def _rest_if_alone(self) -> None:
        """Do nothing more if nobody looks."""
        with self.display.lock:
            if self._watch and not self.display.views:
                self._watch.stop()
                self._watch = None
                self._worker.forget()
                self._opened.runs.interrupt()

    @contextmanager
    def _running(self) -> Iterator[None]:
        """While checks run: what they do is not taken for the learner's doing, and in the end all is shown."""
        with self._changes.checking() if self._changes else nullcontext():
            yield
        self.display.update_soon()

    def _run_all(self) -> None:
        if self.display.state.automatic:
            self._worker.run_again(self._counted())

    def _counted(self) -> list[str]:
        return [check.name for check in self._lab.all_checks if not check.apart]
