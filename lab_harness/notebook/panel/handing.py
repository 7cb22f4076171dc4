"""The panel's last part: rehearse the grade, and make the file to hand in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from lab_harness.errors import HarnessError
from lab_harness.handing_in.rehearsal import Rehearsal, how_long
from lab_harness.handing_in.student import remembered_student, student_name
from lab_harness.handing_in.submit import (
    Saved,
    doubts,
    hand_in,
    passed_tasks,
    what_is_sent,
)
from lab_harness.notebook.panel.live import Action
from lab_harness.notebook.panel.own_notebook import OwnNotebook
from lab_harness.notebook.panel.rehearsing import Rehearsing
from lab_harness.notebook.session import Session

NOT_SAVED = "You ran the cell of the task {task!r}, and have not saved the notebook since: save it (Ctrl-S)."


class Handing:
    """What there is to show of it, and what the learner does.

    `submit` lets a job be done beside the cells; `update` shows what is known then, and `say` lets it be heard.
    """

    def __init__(
        self,
        opened: Session,
        notebook: OwnNotebook,
        submit: Callable[[Callable[[], object]], object],
        update: Callable[[], object],
        say: Callable[[str], object],
    ) -> None:
        self._opened, self.notebook, self._submit, self._update, self._say = opened, notebook, submit, update, say
        self._lock = RLock()
        self._process: Rehearsing | None = None
        self.step = ""  # of the rehearsal that runs
        self.rehearsal: Rehearsal | None = None
        self.passing: set[str] = set()  # the tasks that were done in the account when the file was made
        self.asks = self.makes = False
        self.name = ""
        self.doubts: list[str] = []
        self.trouble = ""
        self.file: Path | None = None

    @property
    def controls(self) -> dict[str, Callable[[Action], None]]:
        """What each `data-do` of its controls does."""
        acts = {"rehearse": self._do_rehearse, "hand_in": self._do_hand_in, "submit": self._do_submit}
        return {do: self._safely(act) for do, act in acts.items()}

    def notes(self) -> dict[str, str]:
        """What speaks against it that a task's cell builds what is in the account, by task."""
        return self.notebook.notes(self.rehearsal)

    @property
    def how_long(self) -> str:
        """What to know before a rehearsal, about its time."""
        return how_long(self._opened.lab)

    @property
    def sent(self) -> list[str]:
        """What the file tells a teacher beside the notebook."""
        return what_is_sent(self._opened.lab, self._opened.progress.of(self._opened.lab.id))

    @property
    def found(self) -> tuple[str, ...]:
        """What the last rehearsal found; empty while another one runs."""
        return self.rehearsal.sentences(self.passing) if self.rehearsal and not self._process else ()

    @property
    def outdated(self) -> bool:
        """Whether the notebook was saved in another form since its rehearsal."""
        try:
            return bool(self.rehearsal and self.rehearsal.digest not in ("", self.notebook.read().notebook.digest))
        except HarnessError:
            return True

    def _safely(self, act: Callable[[Action], None]) -> Callable[[Action], None]:
        def done(action: Action) -> None:
            self.trouble = ""
            with self._told():
                act(action)

        return done

    def _do_rehearse(self, _: Action) -> None:
        with self._lock:
            if self._process:
                self._process.stop()
                self.step = "It is being stopped…"
            elif not self.step:
                self.step = "The notebook is saved…"
                asked = time.time()
                self._opened.runs.interrupt()
                self._submit(lambda: self._rehearse(asked))

    def _rehearse(self, asked: float) -> None:
        """Begin once the notebook is saved, if it is."""
        self.notebook.await_saving(asked)
        with self._lock, self._told():
            self.step = ""
            self.trouble = " ".join(self._not_saved())
            if not self.trouble:
                self._begin(self.notebook.read())

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong is shown."""
        try:
            yield
        except HarnessError as error:
            self.trouble = str(error)
        finally:
            self._update()

    def _begin(self, saved: Saved) -> None:
        course, lab = self.notebook.course, self._opened.lab.id
        self.step = "It gets ready…"
        self._process = Rehearsing(course, lab, saved.path, self._goes_on, self._ended)

    def _goes_on(self, step: str) -> None:
        self.step = step
        self._update()

    def _ended(self, found: Rehearsal | None) -> None:
        with self._lock:
            self._process, self.step = None, ""
            self.rehearsal = found or self.rehearsal
        self._say(found.sentences()[0] if found else "The rehearsal was stopped.")
        self._update()

    def _do_hand_in(self, _: Action) -> None:
        self.asks, self.doubts = not self.asks, []
        self.name = self.name or remembered_student(self.notebook.course.home)

    def _do_submit(self, action: Action) -> None:
        if self.makes:
            return
        values = action.get("values")
        self.name = student_name(str(values[0]) if isinstance(values, list) and values else self.name)
        anyway = bool(self.doubts)  # They are shown, and this is what the learner says to them.
        asked = time.time()
        self.makes = True
        self._opened.runs.interrupt()
        self._submit(lambda: self._make(anyway, asked))

    def _make(self, anyway: bool, asked: float) -> None:
        with self._told():
            try:
                self._make_file(anyway, asked)
            finally:
                self.makes = False

    def _make_file(self, anyway: bool, asked: float) -> None:
        """Check the lab, and write the file beside the notebook; then rehearse, as `lab submit` does."""
        self.notebook.await_saving(asked)
        self._opened.connect()
        lab, saved, report = self._opened.lab, self.notebook.read(), self._opened.look()
        progress = self._opened.progress.of(lab.id)
        self.passing = passed_tasks(lab, report)
        self.doubts = doubts(saved, lab, progress, report) + self._not_saved()
        if self.doubts and not anyway:
            return
        self.file = hand_in(lab, self.notebook.course, saved, self.name, progress, report, saved.path.parent)
        self.asks, self.doubts = False, []
        self._say(f"Hand in {self.file}.")
        with self._lock:
            if not self._process and (self.rehearsal is None or self.outdated):
                self._begin(saved)

    def _not_saved(self) -> list[str]:
        """That the notebook was not saved since a task's cell ran in another form, if it was not."""
        task = self.notebook.unsaved()
        return [NOT_SAVED.format(task=task)] if task else []
