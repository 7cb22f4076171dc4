"""Hint and solution of one task, below a check of it that did not pass."""

from lab_harness.errors import HarnessError
from lab_harness.lab.file import Task
from lab_harness.lab.solutions import has_answers
from lab_harness.notebook.panel.live import Action, LiveView, render
from lab_harness.notebook.panel.page import explained
from lab_harness.notebook.panel.tasks import Outcomes, TaskView
from lab_harness.notebook.session import Session


class Help:
    """A task's hints and its solution, each shown when it is asked for; what was shown before is there at once."""

    def __init__(self, opened: Session, task: Task) -> None:
        self._opened, self._task = opened, task
        self._solution: str | None = None
        self._trouble = ""
        self.view = LiveView(self.act, self._fragments, self.__str__)

    def __str__(self) -> str:
        answer = f", lab.solution({self._task.id!r}) the answer" if has_answers(self._opened.lab) else ""
        return f"Stuck? lab.hint({self._task.id!r}) gives a hint{answer}."

    def act(self, action: Action) -> None:
        """Show one more hint, show the solution or hide it; anything else that a view says changes nothing."""
        acts = {"hint": self._do_hint, "solution": self._do_solution}
        if action["do"] in acts:
            try:
                acts[action["do"]]()
            except HarnessError as error:
                self._trouble = explained(error)
            self.view.update()

    def _do_hint(self) -> None:
        self._opened.hint(self._task.id)

    def _do_solution(self) -> None:
        hidden = self._solution is None
        self._solution = self._opened.solution(self._task.id).code if hidden else None

    def _now(self) -> TaskView:
        progress = self._opened.progress.of(self._opened.lab.id)
        return Outcomes(self._opened.lab).task(self._task, progress, self._solution)

    def _fragments(self, live: bool) -> dict[str, str]:
        shown = {"view": self._now(), "task": self._task, "live": live, "trouble": self._trouble}
        shown["answers"] = has_answers(self._opened.lab)
        return {"help": str(render("help.html", **shown))}
