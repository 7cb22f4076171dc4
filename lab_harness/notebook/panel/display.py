"""What a panel shows, in each browser that shows it, while several threads change what there is to show."""

import threading
from collections.abc import Callable

from lab_harness.course import Course
from lab_harness.errors import LabError
from lab_harness.lab.labs import Lab, all_labs
from lab_harness.learner.progress import LabProgress
from lab_harness.notebook import console
from lab_harness.notebook.panel.background import Views
from lab_harness.notebook.panel.live import Action, LiveView, Soon
from lab_harness.notebook.panel.page import PanelState, explained, fragments, look
from lab_harness.notebook.panel.tasks import Outcomes
from lab_harness.notebook.session import Session
from lab_harness.results import CheckResult


class Display:
    """A panel's state, and the views in which it is shown. `act` is told what is done in a view.

    Hold the `lock` to change more than one thing in the `state`, or what another thread changes, too.
    """

    def __init__(self, opened: Session, act: Callable[[Action], None]) -> None:
        self._opened = opened
        self.state = PanelState(Outcomes(opened.lab), console.tabs(opened.lab), following=_following(opened.lab))
        self.lock = threading.RLock()
        self.views = Views()
        self.view = LiveView(act, self.fragments, opened.__str__)
        self.look_soon = Soon(0.0, self._look)

    def update(self) -> None:
        """Show what is known now, if anybody looks."""
        if self.views:
            self.view.update()

    def update_soon(self) -> None:
        """Show in a moment what is known then; no check, and no cell, waits for it."""
        if self.views:
            self.view.update_soon()

    def finished(self, result: CheckResult) -> None:
        """Show what a check has found."""
        with self.lock:
            self.state.outcomes.results[result.name] = result
        self.update_soon()

    def failed(self, error: Exception) -> None:
        """Show what went wrong."""
        self.state.trouble = explained(error)
        self.update()

    def open_first_tab(self) -> None:
        """Show the first tab where none is open."""
        if self.state.tab is None and self.state.tabs:
            self.open_tab(self.state.tabs[0].id)

    def open_tab(self, tab_id: object) -> None:
        """Show this tab of the console; what is in it follows."""
        if tab := next((tab for tab in self.state.tabs if tab.id == tab_id), None):
            with self.lock:
                self.state.open(tab)
            self.look_soon()
            self.update_soon()

    def _look(self) -> None:
        """Show in the tab that is open, if one is, what is in the account now."""
        if tab := self.state.tab:
            blocks = look(tab, self._opened.clients, self.state.checks) if self.state.answers else ()
            with self.lock:
                if tab is self.state.tab:  # and no other one was opened meanwhile
                    self.state.blocks = blocks
            self.update()

    def fragments(self, live: bool) -> dict[str, str]:
        """The panel's parts by name, as HTML; without controls where it is not `live`."""
        with self.lock:
            return fragments(self.state, self._opened.emulator, self.progress(), self._opened.notices(), live)

    def progress(self) -> LabProgress:
        """How far the learner is in the lab."""
        return self._opened.progress.of(self._opened.lab.id)


def _following(lab: Lab) -> Lab | None:
    """The next lab; None after the last one, and where another lab's files are wrong: not this one's trouble."""
    try:
        labs = all_labs(Course(lab.folder.parents[1]))
    except LabError:
        return None
    return next((each for each in labs if each.file.notebook > lab.file.notebook), None)
