"""`open_lab`: a lab in a notebook, with its panel and its questions."""

import sys
from typing import TYPE_CHECKING

from lab_harness import aws, emulators
from lab_harness.authors.made import show_from
from lab_harness.course import find_course
from lab_harness.emulators import Emulator
from lab_harness.lab.file import Task
from lab_harness.lab.labs import Lab, load_lab
from lab_harness.learner.progress import Progress
from lab_harness.notebook.arguments import checked, checked_methods
from lab_harness.notebook.session import Session
from lab_harness.render.blocks import Note
from lab_harness.results import LabReport

if TYPE_CHECKING:
    from lab_harness.notebook.panel.panel import Panel
    from lab_harness.notebook.panel.quiz import QuizView


@checked("open_lab")
def open_lab(lab_id: str, *, emulator: str | None = None) -> "OpenLab":
    """Open a lab in this notebook, show it, and return it.

    Starts the emulator if it does not run yet and points this kernel at it: from here on a plain
    `boto3.client("lambda")` reaches the emulator and never AWS.

        lab = open_lab("hello_lambda")
    """
    course = find_course()
    lab = load_lab(lab_id, course)
    chosen = emulators.choose(course.home, emulator)
    chosen.place = "panel"
    chosen.start()
    show_from(course.home)
    aws.use_emulator(chosen)
    opened = OpenLab(lab, chosen, Progress(course.home / "progress.sqlite"))
    if "IPython" in sys.modules:
        from lab_harness.notebook import magic  # only where there is IPython

        magic.show_and_register(opened)
    return opened


@checked_methods("lab")
class OpenLab(Session):
    """A lab that is open in a notebook."""

    def __init__(self, lab: Lab, emulator: Emulator, progress: Progress) -> None:
        super().__init__(lab, emulator, progress)
        self._panel: Panel | None = None

    def panel(self) -> "Panel":
        """The lab as a panel that checks by itself what you build; only where there is a notebook."""
        from lab_harness.notebook.panel.panel import Panel  # only where there is IPython

        if self._panel is None:
            self._panel = Panel(self)
        return self._panel

    def check(self, name: str | None = None) -> LabReport:
        """Run all checks, or those of one task, or a single one, on what is in the account now.

        In a notebook, hint and solution of a task stand below where it is not right yet.
        """
        report = super().check(name)
        task = next((task for task in self.lab.tasks if task.id == name), None)
        if task and not report.complete:
            self._offer_help(task)
        return report

    def _offer_help(self, task: Task) -> None:
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None or not hasattr(shell, "kernel"):
            return
        from lab_harness.notebook.panel.help import Help

        def once(*_: object) -> None:  # The report is shown when the cell has ended, and this below it.
            shell.events.unregister("post_run_cell", once)
            Help(self, task).view.show()

        shell.events.register("post_run_cell", once)

    def quiz(self) -> "QuizView | Note":
        """The lab's exam questions, to answer in the notebook."""
        from lab_harness.notebook.panel.quiz import QuizView  # only where there is IPython

        return QuizView(self.lab, self.lab.quiz, self.progress) if self.lab.quiz else Note("This lab has no questions.")

    def _ipython_display_(self) -> None:
        """The panel in a notebook, words in a terminal."""
        from IPython.core.getipython import get_ipython

        if hasattr(get_ipython(), "kernel"):
            self.panel()._ipython_display_()
        else:
            print(self)
