"""The map of the course: its labs, how far the learner is in each, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab_harness.render.blocks import Block
from lab_harness.render.markup import escaped
from lab_harness.render.text import as_text

ALL_DONE = "You have done all labs."
# White on these, and these on a light page, have a contrast of at least 4.5 to 1 (WCAG AA); on a dark page 3 to 1, as
# is asked for bars and borders.
DONE, BEGUN, NEW = "#1a7f37", "#1a6fe0", "#5f6368"
LINE = "var(--jp-border-color1,#9aa0a6)"
DISC = "flex:none;width:2.2em;line-height:2.2em;border-radius:50%;text-align:center;font-weight:600;color:#fff"
TRACK = f"height:.55em;margin:.2em 0;border:1px solid {LINE};border-radius:.3em;overflow:hidden"


@dataclass(frozen=True)
class Stop:
    """One lab on the map. `questions` is how many its quiz has, of which `right` were answered right."""

    number: int
    title: str
    notebook: str
    minutes: int
    goal: str
    passed: int
    checks: int
    begun: bool = False
    right: int = 0
    questions: int = 0

    @property
    def name(self) -> str:
        return f"{self.number} · {self.title}"

    @property
    def done(self) -> bool:
        return self.passed == self.checks

    @property
    def state(self) -> str:
        """How far the learner is, in words."""
        if self.done:
            return "✓ done"
        return f"{self.passed} of {self.checks} checks" if self.begun else "not begun"

    @property
    def quiz(self) -> str:
        """How many of the quiz's questions were answered right; empty before the first."""
        return f"{self.right} of {self.questions} questions" if self.right else ""


@dataclass(frozen=True)
class CourseMap(Block):
    """All labs in their order; `notices` is what else the learner should know."""

    stops: Sequence[Stop]
    notices: tuple[str, ...] = ()

    @property
    def next(self) -> Stop | None:
        """Where to go on: what was begun and is not done, else the first that is new; None when all is done."""
        left = [stop for stop in self.stops if not stop.done]
        return next((stop for stop in left if stop.begun), left[0] if left else None)

    def __str__(self) -> str:
        rows = Table.grid(padding=(0, 2))
        rows.add_column(no_wrap=True)
        rows.add_column(overflow="fold")
        rows.add_column(no_wrap=True, justify="right")
        rows.add_column(no_wrap=True)
        for stop in self.stops:
            rows.add_row(Text(str(stop.number)), Text(stop.title), Text(f"{stop.minutes} min"), Text(stop.state))
            rows.add_row("", Text(stop.goal), "", Text(stop.quiz))
        notices = (Text(notice) for notice in self.notices)
        return as_text(Group(*notices, Text(self._next_step()), Padding(rows, (1, 0, 0, 2))))

    def _next_step(self) -> str:
        if self.next is None:
            return ALL_DONE
        return f"{self._verb()} {self.next.name}: {self.next.notebook}"

    def _verb(self) -> str:
        return "Continue with" if any(stop.begun or stop.done for stop in self.stops) else "Begin with"

    def html(self) -> str:
        """The map as an HTML fragment."""
        notices = "".join(f"<div>{escaped(notice)}</div>" for notice in self.notices)
        first = f"{self._verb()} {_link(self.next)}" if self.next else ALL_DONE
        stops = "".join(_stop_html(stop, here=stop is self.next) for stop in self.stops)
        return (
            f'<div class="lab-map" style="max-width:54em">{notices}<div style="font-size:1.15em">{first}</div>'
            f'<ol style="list-style:none;margin:.6em 0;padding:0">{stops}</ol></div>'
        )


def _stop_html(stop: Stop, *, here: bool) -> str:
    colour = DONE if stop.done else BEGUN if stop.begun else NEW
    current = ' aria-current="step"' if here else ""
    border = f"2px solid {BEGUN}" if here else f"1px solid {LINE}"
    quiz = f"<div>{escaped(stop.quiz)}</div>" if stop.quiz else ""
    return (
        f'<li{current} style="display:flex;flex-wrap:wrap;gap:.3em 1em;align-items:center;margin:0 0 .5em;'
        f'padding:.6em .8em;border:{border};border-radius:.5em">'
        f'<span aria-hidden="true" style="{DISC};background:{colour}">{"✓" if stop.done else stop.number}</span>'
        f'<div style="flex:1 1 22em">{_link(stop)}<div>{escaped(stop.goal)}</div></div>'
        f'<div style="flex:0 0 4em;text-align:right">{stop.minutes} min</div>'
        f'<div style="flex:0 0 10em">{_bar(stop, colour)}<div>{escaped(stop.state)}</div>{quiz}</div></li>'
    )


def _link(stop: Stop) -> str:
    return f'<a href="{escaped(quote(stop.notebook))}"><strong>{escaped(stop.name)}</strong></a>'


def _bar(stop: Stop, colour: str) -> str:
    # Not <progress>: browsers draw its empty part white, in dark themes too, where it looks full.
    return (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="{stop.checks}" aria-valuenow="{stop.passed}"'
        f' aria-label="{escaped(stop.name)}" aria-valuetext="{escaped(stop.state)}" style="{TRACK}">'
        f'<div style="width:{100 * stop.passed / stop.checks:.0f}%;height:100%;background:{colour}"></div></div>'
    )
