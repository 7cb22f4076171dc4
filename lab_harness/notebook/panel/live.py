"""What is shown in a notebook and stays alive: fragments of HTML that change in place, and what the learner does there.

A saved notebook keeps the last state as a snapshot, plain HTML that needs neither kernel nor scripts.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import display
from markupsafe import Markup

from lab_harness.render import templates
from lab_harness.render.markup import bundle

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("idiomorph/idiomorph.esm.js", "beside.js", "live.js")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Seconds: changes that come faster are shown together, and kept together in the notebook
TOGETHER, KEPT_TOGETHER = 0.08, 0.2
ASKS = 200  # the latest that are remembered

Action = Mapping[str, Any]
Page = Callable[[bool], dict[str, str]]


def render(template: str, **values: Any) -> Markup:
    """A template of `assets/` filled in."""
    return templates.render(ASSETS, template, **values)


def script() -> str:
    """The script of a view, as the one module that anywidget takes.

    `live.js` uses Idiomorph, whose own module defines this single name, and `beside.js`; so they are put before it.
    """
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)


class Soon:
    """Calls a function a moment after it was asked to, in a thread for which nobody waits.

    However often it is asked meanwhile, it calls once; while it runs, it is not called again, but afterwards.
    """

    def __init__(self, seconds: float, function: Callable[[], object]) -> None:
        self._seconds, self._function = seconds, function
        self._lock = threading.Lock()
        self._asked = self._begun = False

    def __call__(self) -> None:
        with self._lock:
            self._asked = True
            self._begin()

    def _begin(self) -> None:
        if self._asked and not self._begun:
            self._begun = True
            timer = threading.Timer(self._seconds, self._call)
            timer.name, timer.daemon = "lab-soon", True
            timer.start()

    def _call(self) -> None:
        self._asked = False
        try:
            self._function()
        finally:
            with self._lock:
                self._begun = False
                self._begin()


class LiveView(anywidget.AnyWidget):
    """HTML in a notebook, by named fragments in the order in which they stand.

    `page` renders the fragments, with controls if it is told so, and `words` says the same as plain text; `first` is
    what the saved view says must be done before its cell is run again.

    `act` is called with each thing that the learner does, as a mapping whose "do" names it; "alive" comes when somebody
    begins to look and every 20 seconds from then on, "closed" when a view is closed. It is called in the kernel's main
    thread, or, where JupyterLab asks for that, in one that does not wait for running cells. The script shows at once
    that something was asked for, and is told when that was heard.
    """

    _esm = script()
    _css = ASSETS / "live.css"
    fragments = traitlets.Dict(key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode()).tag(sync=True)

    def __init__(self, act: Callable[[Action], object], page: Page, words: Callable[[], str], first: str = "") -> None:
        super().__init__()
        self._first = first
        self._act, self._page, self._words = act, page, words
        self._hearing, self._heard = threading.Lock(), deque[str](maxlen=ASKS)
        self._rendering = threading.Lock()  # so that no page takes the place of a newer one
        self.update_soon = Soon(TOGETHER, self.update)
        self._keep_soon = Soon(KEPT_TOGETHER, self.keep)
        self.fragments = page(True)
        self.on_msg(self._received)
        # ipykernel 7.4 hands a comm's messages to the thread that spoke last, which a cell may keep busy for long.
        # Without this they go to the one that JupyterLab names, which runs no cells.
        self.comm._reply_subshell_for = None

    def update(self) -> None:
        """Show what is so now, and soon in the snapshot, too."""
        with self._rendering:
            fragments = self._page(True)
            if fragments != self.fragments:
                self.fragments = fragments
                self._keep_soon()

    def show(self) -> None:
        """Display it as the cell's output, with its snapshot, which is hidden while the view itself is there."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display({WIDGET_VIEW: view}, raw=True)  # type: ignore[no-untyped-call]
        # No text beside the view: what cannot show it shows the snapshot.
        display(self._snapshot(), raw=True, display_id=self.model_id)  # type: ignore[no-untyped-call]

    def keep(self) -> None:
        """Bring the snapshot in the notebook up to date."""
        display(self._snapshot(), raw=True, display_id=self.model_id, update=True)  # type: ignore[no-untyped-call]

    def _snapshot(self) -> dict[str, str]:
        body = Markup("\n".join(self._page(False).values()))  # noqa: S704  made by `render`
        return bundle(self._words(), render("snapshot.html", css=_css(), body=body, first=self._first))

    def _received(self, _: Any, content: Any, __: Any) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("do"), str):
            return
        ask = content.get("ask")
        if not isinstance(ask, str):
            self._act(content)
        elif self._is_new(ask):
            try:
                self._act(content)
            finally:
                self.send({"heard": ask})

    def _is_new(self, ask: str) -> bool:
        """Whether this was not asked for before: the script asks again where it does not hear that it was heard."""
        with self._hearing:
            new = ask not in self._heard
            self._heard.append(ask)
            return new


@cache
def _css() -> Markup:
    return Markup((ASSETS / "live.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
