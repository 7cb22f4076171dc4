"""What there is to read of a notebook that was handed in: the cells that are the student's own, all of it text.

`lab grade` calls this where it reads the file (see `reader`), for colouring code is parsing, too. What an output holds
beside text, such as HTML, a picture or a program, is named and left out, so that nothing of it can run or be loaded.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from lab_harness.handing_in.notebooks import HALVES, with_code_cells
from lab_harness.render.code import Part, parts

MOST_CELLS = 1_000
MOST_TEXT = 100_000  # characters of all cells together
LONGEST_CELL = 20_000
MOST_OUTPUT = 30_000  # characters of all outputs together
LONGEST_OUTPUT = 2_000
LONGEST_HEADING, LONGEST_WORDS, LONGEST_NAME = 100, 500, 200
PROSE, CODE = "prose", "code"
WRITES = re.compile(r"%%writefile[ \t]+(?:-a[ \t]+)?['\"]?([^\s'\"]+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # what IPython puts into the text of an error
ERROR = "error"


class Output(msgspec.Struct, frozen=True):
    """What a cell has put out, as text, or, where it is no text, what it was. `kind` is output, error or left out."""

    kind: str
    text: str


class ShownCell(msgspec.Struct, frozen=True):
    """A cell; of one that is `given`, as the class got it, only the heading is kept. `file` is what it writes."""

    id: str
    kind: str
    given: bool = False
    task: str = ""
    text: list[Part] = []
    file: str = ""
    outputs: list[Output] = []


class Shown(msgspec.Struct, frozen=True):
    """The cells of a notebook, and how many more it has."""

    cells: list[ShownCell]
    left_out: int = 0


def shown(content: bytes, given: Collection[str], tasks: Mapping[str, str]) -> Shown:
    """What there is to read in a notebook file.

    `given` has the `mark` of each cell that the class got, and `tasks` the task of each starter cell, by its id.
    Raises Rejected if it is no notebook.
    """
    cells = with_code_cells(content)
    allowance = _Allowance()
    found = []
    for number, (raw, code) in enumerate(cells[:MOST_CELLS], 1):
        source = code.source if code else _text(raw.get("source"))
        id = code.id if code else str(number)
        task = (code.task or tasks.get(code.id, "")) if code else ""
        if mark(source) in given:
            if code:
                found.append(ShownCell(id, CODE, True, task))
            elif heading := _heading(source):
                found.append(ShownCell(id, PROSE, True, text=[(0, heading)]))
        elif source.strip():
            found.append(_own(id, source, task, raw if code else None, allowance))
    return Shown(found, max(len(cells) - MOST_CELLS, 0))


def mark(source: str) -> str:
    """What tells a cell's text from others; spaces make no difference."""
    return hashlib.sha256(" ".join(source.split()).encode("utf-8", "replace")).hexdigest()[:16]


class _Allowance:
    """How many characters may still be kept, of cells and of their outputs."""

    def __init__(self) -> None:
        self.text, self.output = MOST_TEXT, MOST_OUTPUT

    def cell(self, text: str) -> str:
        kept = _cut(text, min(LONGEST_CELL, self.text))
        self.text = max(self.text - len(kept), 0)
        return kept

    def put_out(self, text: str) -> str:
        kept = _cut(text, min(LONGEST_OUTPUT, self.output))
        self.output = max(self.output - len(kept), 0)
        return kept


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…\n({len(text) - most} characters were left out)"


def _own(id: str, source: str, task: str, raw: Mapping[str, Any] | None, allowance: _Allowance) -> ShownCell:
    """A cell of the student's own; a code cell comes with what the file says of it, `raw`."""
    text = allowance.cell(source)
    if raw is None:
        return ShownCell(id, PROSE, text=[(0, text)])
    writes = WRITES.match(source)
    file = writes[1][:LONGEST_NAME] if writes else ""
    code = [(0, text)] if file and not file.endswith(".py") else parts(text)
    return ShownCell(id, CODE, False, task, code, file, _outputs(raw.get("outputs"), allowance))


def _outputs(outputs: Any, allowance: _Allowance) -> list[Output]:
    found: list[Output] = []
    for output in outputs if isinstance(outputs, list) else ():
        if not allowance.output:
            return [*found, Output("left out", "more outputs")]
        if isinstance(output, dict) and (told := _output(output)):
            found.append(Output(told.kind, allowance.put_out(told.text)))
    return found


def _output(output: Mapping[str, Any]) -> Output | None:
    if output.get("output_type") == "stream":
        return Output("output", _text(output.get("text")))
    if output.get("output_type") == "error":
        lines = [COLOURS.sub("", line) for line in output.get("traceback") or [] if isinstance(line, str)]
        named = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
        return Output(ERROR, "\n".join(lines) or named)
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    if text := _text(data.get("text/plain")):
        return Output("output", text)
    return Output("left out", ", ".join(str(kind)[:50] for kind in list(data)[:5]))


def _heading(source: str) -> str:
    line = source.lstrip().partition("\n")[0]
    return line.lstrip("# ")[:LONGEST_HEADING] if line.startswith("#") else ""


def _text(value: Any) -> str:
    """A text, which some programs write as a list of lines; empty if it is none."""
    lines = value if isinstance(value, list) else [value]
    return HALVES.sub("�", "".join(line for line in lines if isinstance(line, str)))
