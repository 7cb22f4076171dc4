"""What the panel shows: its state, and that as fragments of HTML."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from lab_harness.aws import Clients
from lab_harness.emulators import Emulator
from lab_harness.errors import HarnessError
from lab_harness.lab.labs import Lab
from lab_harness.lab.solutions import has_answers
from lab_harness.learner.progress import LabProgress
from lab_harness.notebook.console import Tab
from lab_harness.notebook.panel.handing import Handing
from lab_harness.notebook.panel.live import render
from lab_harness.notebook.panel.tasks import Outcomes, TaskView
from lab_harness.render import DETAILS, SYMBOLS
from lab_harness.render.architecture import architecture
from lab_harness.render.blocks import Block, Note
from lab_harness.render.markup import escaped
from lab_harness.results import LabReport

# The style of an outcome's, or a state's, symbol and word.
COLOURS = {"passed": "lab-good", "done": "lab-good", "failed": "lab-bad", "wrong": "lab-bad", "broken": "lab-odd"}


@dataclass
class PanelState:
    """What changes in the panel while it is open."""

    outcomes: Outcomes
    tabs: tuple[Tab, ...]
    following: Lab | None = None  # the next lab
    tab: Tab | None = None  # the one that is open
    blocks: tuple[Markup, ...] = ()  # what it showed when it was looked at last
    hints: dict[str, int] = field(default_factory=dict)  # taken here, by task; the progress may not know
    solutions: dict[str, str] = field(default_factory=dict)  # those that are to be seen now, by task
    automatic: bool = True
    checks: bool = False  # whether tabs show what checks have done, too
    answers: bool = True  # the emulator
    said: str = ""  # what has just happened, for those who hear the page
    trouble: str = ""
    handing: Handing | None = None

    @property
    def lab(self) -> Lab:
        return self.outcomes.lab

    def tasks(self, progress: LabProgress) -> list[TaskView]:
        """The lab's tasks as they are now."""
        progress = replace(progress, hints=self.hints | progress.hints)
        return [self.outcomes.task(task, progress, self.solutions.get(task.id)) for task in self.lab.tasks]

    def done(self, progress: LabProgress) -> set[str]:
        """The ids of the tasks that are done in the account now."""
        return {view.task.id for view in self.tasks(progress) if view.state == "done"}

    def open(self, tab: Tab) -> None:
        """Show this tab; what is in it is not known yet."""
        if tab is not self.tab:
            self.tab, self.blocks = tab, (Markup(Note("Looking…").html()),)  # noqa: S704  blocks escape

    def found(self) -> None:
        """The emulator answers, whether it did before or not."""
        self.said = self.said if self.answers else "The emulator runs."
        self.answers, self.trouble = True, ""

    def lost(self, why: str) -> None:
        """The emulator does not answer any more."""
        self.answers, self.said = False, why

    def say(self, tasks: Collection[str], progress: LabProgress) -> None:
        """Let what became of these tasks be heard."""
        self.said = " ".join(str(view) for view in self.tasks(progress) if view.task.id in tasks) or self.said


def look(tab: Tab, clients: Clients, checks: bool = False) -> tuple[Markup, ...]:
    """What a tab shows of the account now; a note where it cannot."""
    try:
        shown: list[Block] = list(tab.show(clients, **({"checks": True} if checks and tab.probes else {})))
    except Exception as error:  # whatever it is, the panel goes on
        shown = [Note("This cannot be shown now.", (explained(error),))]
    return tuple(Markup(block.html()) for block in shown)  # noqa: S704  blocks escape


def explained(error: Exception) -> str:
    """What went wrong, in words for the learner where it has them."""
    return str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"


def fragments(
    state: PanelState, emulator: Emulator, progress: LabProgress, notices: Collection[str], live: bool
) -> dict[str, str]:
    """The panel's parts by name, in their order; without controls where it is not `live`."""
    tasks = state.tasks(progress)
    points, most_points = state.outcomes.points()
    shown: dict[str, Any] = {"state": state, "lab": state.lab, "emulator": emulator, "live": live}
    shown |= {"points": points, "most_points": most_points, "complete": points == most_points > 0}
    shown["notices"] = [*notices, *filter(None, [state.trouble])]
    shown["checking"] = any(task.state == "checking" for task in tasks)
    parts = {"head": render("panel_head.html", **shown), "bar": render("panel_bar.html", **shown)}
    parts["picture"] = render("panel_picture.html", picture=_picture(state.outcomes, emulator.name))
    shown |= {"symbols": SYMBOLS, "details": DETAILS, "colours": COLOURS, "answers": has_answers(state.lab)}
    handing = state.handing if live else None  # A solved notebook's snapshot shall not say what nobody handed in.
    notes = handing.notes() if handing and any(view.state == "done" for view in tasks) else {}
    for view in tasks:
        note = notes.get(view.task.id, "") if view.state == "done" else ""
        parts[f"task {view.task.id}"] = render("panel_task.html", view=view, task=view.task, note=note, **shown)
    if handing:
        parts["hand in"] = render("panel_hand_in.html", handing=handing)
    parts["console"] = render("panel_console.html", **shown)
    said = {"said": escaped(state.said)} if live else {}
    return {name: str(part) for name, part in parts.items()} | said


def _picture(outcomes: Outcomes, emulator: str) -> Markup | None:
    """The architecture, each part as the checks found it last."""
    lab = outcomes.lab
    if lab.file.diagram is None:
        return None
    report = LabReport(lab.id, lab.title, emulator, tuple(outcomes.results.values()))
    return Markup(architecture(lab.title, lab.file.diagram, report).html())  # noqa: S704  blocks escape
