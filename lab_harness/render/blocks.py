"""What a notebook shows beside reports: a note, or a table. Each displays as text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from lab_harness.render.html import CELL
from lab_harness.render.text import plain


@dataclass(frozen=True)
class Note:
    """A heading with a few sentences, and perhaps code to read."""

    title: str
    sentences: tuple[str, ...] = ()
    code: str | None = None

    def __str__(self) -> str:
        code = [Padding(Text(self.code), (1, 0, 0, 4))] if self.code else []
        return plain(Group(Text(self.title), *(Padding(Text(s), (0, 0, 0, 2)) for s in self.sentences), *code))

    def html(self) -> str:
        """The note as an HTML fragment."""
        sentences = "".join(f"<div>{escape(sentence)}</div>" for sentence in self.sentences)
        code = f'<pre style="margin:.5em 0">{escape(self.code)}</pre>' if self.code else ""
        return f'<div class="lab-note"><strong>{escape(self.title)}</strong>{sentences}{code}</div>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


@dataclass(frozen=True)
class Table:
    """Rows under headings; `empty` stands where there are none."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    empty: str = "Nothing yet."

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.title}\n  {self.empty}"
        table = RichTable(box=None, pad_edge=False, header_style="")
        for name in self.columns:
            table.add_column(Text(name), overflow="fold")  # an ARN is shown whole
        for row in self.rows:
            table.add_row(*map(Text, row))
        return plain(Group(Text(self.title), Padding(table, (0, 0, 0, 2))))

    def html(self) -> str:
        """The table as an HTML fragment."""
        if not self.rows:
            return Note(self.title, (self.empty,)).html()
        head = "".join(f'<th scope="col" style="{CELL}">{escape(name)}</th>' for name in self.columns)
        body = "".join(f"<tr>{''.join(self._cell(text) for text in row)}</tr>" for row in self.rows)
        return (
            f'<div class="lab-table"><strong>{escape(self.title)}</strong>'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    @staticmethod
    def _cell(text: str) -> str:
        return f'<td style="{CELL};white-space:pre-wrap;overflow-wrap:anywhere">{escape(text)}</td>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}
