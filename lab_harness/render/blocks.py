"""What a notebook shows beside reports: a note, or a table. Each displays as text and as HTML."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from lab_harness.render.code import highlighted
from lab_harness.render.html import CELL
from lab_harness.render.markup import bundle, coded, escaped, scrolling
from lab_harness.render.text import as_text

FREE = "white-space:pre-wrap;overflow-wrap:anywhere"
TOGETHER = "white-space:pre"  # beside a long text, a column of short ones would be squeezed to a letter a line
SHORT, SHORT_TITLE = 24, 60  # characters
# In a cell's output there is no script of ours; where JupyterLab does not trust the notebook it leaves the button out.
COPY_CODE = "navigator.clipboard.writeText(this.nextElementSibling.innerText).then(()=>this.textContent='Copied')"
COPY_STYLE = (
    "float:right;font:inherit;padding:.1em .6em;cursor:pointer;border:1px solid;border-radius:6px;"
    "color:var(--jp-ui-font-color1,#202124);background:var(--jp-layout-color1,#fff)"
)
COPY = f'<button type="button" style="{COPY_STYLE}" onclick="{COPY_CODE}">Copy</button>'
WIDE = 3  # columns: with more, a table scrolls in a frame of its own
FAILED = "background:rgba(217,48,37,.14)"  # over any theme's paper, its ink stays readable


class Block(ABC):
    """What displays itself in a notebook: as an HTML fragment, and by `str` the same in words."""

    @abstractmethod
    def html(self) -> str:
        """An HTML fragment in which everything is escaped."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return bundle(str(self), self.html())


class Link(str):
    """An address of a cell's, shown as a link in HTML. Never made of a learner's text alone."""

    __slots__ = ()


@dataclass(frozen=True)
class Note(Block):
    """A heading with a few sentences, and perhaps code to read."""

    title: str
    sentences: tuple[str, ...] = ()
    code: str | None = None

    def __str__(self) -> str:
        code = [Padding(Text(self.code), (1, 0, 0, 4))] if self.code else []
        return as_text(Group(Text(self.title), *(Padding(Text(s), (0, 0, 0, 2)) for s in self.sentences), *code))

    def html(self) -> str:
        """The note as an HTML fragment."""
        sentences = "".join(f"<div>{coded(sentence)}</div>" for sentence in self.sentences)
        code = f'{COPY}<pre style="margin:.5em 0">{highlighted(self.code)}</pre>' if self.code else ""
        return f'<div class="lab-note"><strong>{escaped(self.title)}</strong>{sentences}{code}</div>'


@dataclass(frozen=True)
class Folded(Block):
    """A text as it was printed, with another one below it that opens on a click; either may hold many lines."""

    text: str
    title: str
    folded: str

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.text, f"({self.title} is left out.)"]))

    def html(self) -> str:
        """Both as an HTML fragment."""
        text = f"<pre>{escaped(self.text)}</pre>" if self.text else ""
        summary = f'<summary style="cursor:pointer;opacity:.8">{escaped(self.title)}</summary>'
        return f'{text}<details class="lab-folded">{summary}<pre>{escaped(self.folded)}</pre></details>'


@dataclass(frozen=True)
class Recorded(Block):
    """What was shown before, one output below the other: each in words, in HTML of ours, and as a PNG in base64."""

    title: str
    outputs: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        return "\n\n".join([self.title, *(text.rstrip() for text, _, _ in self.outputs)])

    def html(self) -> str:
        """The outputs as an HTML fragment; what has neither HTML nor a picture is shown as it was printed."""
        shown = "".join(map(_as_shown, self.outputs))
        return f'<div class="lab-recorded"><strong>{escaped(self.title)}</strong>{shown}</div>'


def _as_shown(output: tuple[str, str, str]) -> str:
    text, html, png = output
    return _image(text, png) if png else html or f"<pre>{escaped(text)}</pre>"


def _image(text: str, data: str, kind: str = "image/png", width: int = 0) -> str:
    """An image in base64, with words for who does not see it; so many pixels wide, or as wide as it is."""
    wide = f' width="{width}"' if width else ""
    source = escaped(f"data:{kind};base64,{data}")
    return f'<img alt="{escaped(text)}"{wide} style="max-width:100%" src="{source}">'


@dataclass(frozen=True)
class Shown(Block):
    """An image that a cell shows: words for who does not see it, its media type, and its width where that is set."""

    text: str
    kind: str
    data: bytes
    width: int = 0

    def __str__(self) -> str:
        return self.text

    def html(self) -> str:
        """The image as an HTML fragment."""
        return _image(self.text, base64.b64encode(self.data).decode(), self.kind, self.width)


@dataclass(frozen=True)
class Table(Block):
    """Rows under headings; `empty` stands where there are none, `note` below them.

    `failed` holds the numbers of rows that say of a failure, which HTML tints. A filterable table is marked for the
    script that puts a field to filter its rows above it.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    empty: str = "Nothing yet."
    note: str = ""
    filterable: bool = False
    failed: frozenset[int] = frozenset()

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.title}\n  {self.empty}"
        table = RichTable(box=None, pad_edge=False, header_style="")
        for name in self.columns:
            table.add_column(Text(name), overflow="fold")  # an ARN is shown whole
        for row in self.rows:
            table.add_row(*map(Text, row))
        note = [Padding(Text(self.note), (0, 0, 0, 2))] if self.note else []
        return as_text(Group(Text(self.title), Padding(table, (0, 0, 0, 2)), *note))

    def html(self) -> str:
        """The table as an HTML fragment."""
        if not self.rows:
            return Note(self.title, (self.empty,)).html()
        head = "".join(f'<th scope="col" style="{CELL};{_wrapped(name)}">{escaped(name)}</th>' for name in self.columns)
        body = "".join(self._row(number, row) for number, row in enumerate(self.rows))
        marked = f' data-filterable="{escaped(self.title)}"' if self.filterable else ""
        heading = f"{CELL};{_wrapped(self.title, SHORT_TITLE)};caption-side:top;font-weight:bold"
        table = (
            f'<table{marked} style="margin:0"><caption style="{heading}">{escaped(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        framed = scrolling(self.title, table) if len(self.columns) > WIDE else table
        note = f"<div>{escaped(self.note)}</div>" if self.note else ""
        return f'<div class="lab-table" style="margin:.4em 0">{framed}{note}</div>'

    def _row(self, number: int, row: tuple[str, ...]) -> str:
        tint = f' style="{FAILED}"' if number in self.failed else ""
        return f"<tr{tint}>{''.join(map(_cell, row))}</tr>"


def _cell(text: str) -> str:
    shown = escaped(text)
    if isinstance(text, Link):
        shown = f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{shown}</a>'
    return f'<td style="{CELL};{_wrapped(text)}">{shown}</td>'


def _wrapped(text: str, short: int = SHORT) -> str:
    """How a text's lines are broken."""
    return TOGETHER if len(text) <= short and "\n" not in text else FREE
