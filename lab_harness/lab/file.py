"""What `lab.toml` may say, and where in such a file a mistake stands."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct, ValidationError, convert

from lab_harness.errors import LabError

T = TypeVar("T")
MIB = 1024 * 1024
TASK_TAG = re.compile(r"task:(\w+)")  # of a notebook's cell
Text = Annotated[str, Meta(pattern=r"\S")]
Index = Annotated[int, Meta(ge=0, le=20)]
Identifier = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Count = Annotated[int, Meta(gt=0)]


class Task(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing the learner does; hints go from a nudge to nearly the answer.

    A task that stands `apart` comes when the lab is done and undoes it, as cleaning up does: the lab's own
    report, score and solution leave it out, and its checks run only when they are asked for by name.
    What is `given` was practised in labs before: its starter cell is the answer already, and its checks give no points.
    A task with `services` cannot be done on an emulator that lacks one of them: the solution leaves it out there.
    """

    id: Identifier
    title: Text
    hints: Annotated[tuple[Text, ...], Meta(min_length=1)]
    apart: bool = False
    given: bool = False
    services: tuple[Text, ...] = ()


class Resource(Struct, frozen=True, forbid_unknown_fields=True):
    """One resource that the lab asks for, by CloudFormation's type name, so that a reset can remove it."""

    type: Text
    name: Text


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """A box of the lab's architecture, `at` a column and row. Its first check says whether it is there at all."""

    id: Identifier
    label: Text
    kind: Text
    at: tuple[Index, Index]
    checks: tuple[Identifier, ...] = ()


class Arrow(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes from one box to another; `label` says what."""

    source: Identifier
    target: Identifier
    label: Text
    checks: tuple[Identifier, ...] = ()


class Diagram(Struct, frozen=True, forbid_unknown_fields=True):
    """The lab's architecture."""

    nodes: Annotated[tuple[Node, ...], Meta(min_length=1)]
    arrows: tuple[Arrow, ...] = ()

    @property
    def checks(self) -> set[str]:
        """The names of the checks that it shows."""
        return {name for node in self.nodes for name in node.checks} | {
            n for arrow in self.arrows for n in arrow.checks
        }


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one submission may use, its functions included, before it is stopped when it is graded."""

    cell_seconds: Seconds = 20.0
    notebook_seconds: Seconds = 60.0  # of all its cells together
    cpu_seconds: Seconds = 60.0
    memory_bytes: Count = 1024 * MIB  # of one process, and of all together
    processes: Count = 64
    disk_bytes: Count = 64 * MIB
    output_bytes: Count = 1 * MIB


class LabFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What `lab.toml` says."""

    format_version: Literal[1]
    title: Text
    goal: Text
    minutes: Annotated[int, Meta(gt=0)]
    notebook: Annotated[str, Meta(pattern=r"^\d\d_[a-z0-9_]+\.ipynb$")]
    services: tuple[Text, ...]
    tasks: Annotated[tuple[Task, ...], Meta(min_length=1)]
    resources: Annotated[tuple[Resource, ...], Meta(min_length=1)]
    localstack: tuple[Text, ...] = ()  # what is otherwise there, said there alone
    embedded_alone: str = ""  # why no other emulator can run this lab; where others can, nothing
    diagram: Diagram | None = None
    limits: Limits = Limits()


def read_lab_file(path: Path) -> LabFile:
    """What a `lab.toml` says. Raises LabError, which names file, line and field."""
    return read_toml(path, LabFile)


def read_toml(path: Path, form: type[T]) -> T:
    """What a TOML file of a lab's says, in the form given. Raises LabError, which names file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LabError(f"{path}: {error}") from error
    try:
        return convert(data, form)
    except ValidationError as error:
        problem, location = _located(str(error))
        field = ".".join(str(part) for part in location)
        raise LabError(f"{path}, line {_line_of(text, location)}, field {field}: {problem}") from error


def _located(message: str) -> tuple[str, tuple[int | str, ...]]:
    """What is wrong and where, from msgspec's "Expected `int`, got `str` - at `$.tasks[0].id`"."""
    problem, _, path = message.partition(" - at `$")
    location = [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|\.(\w+)", path)]
    named = re.fullmatch(r"Object (?:missing required|contains unknown) field `(.*)`", problem)
    return problem, (*location, named[1]) if named else tuple(location)


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """The line on which a field of a TOML file stands, or the table that lacks it; 1 if neither is found."""
    lines = text.splitlines()
    found = [(number, re.match(r"\s*\[+\s*([\w.]+)\s*\]+\s*(#|$)", line)) for number, line in enumerate(lines)]
    headers = {number: header[1] for number, header in found if header}
    table = _table_of(headers, location)
    first = -1 if table is None else table
    last = next((number for number in headers if number > first), len(lines))
    names = [part for part in location if isinstance(part, str)]
    field = names[0] if table is None else names[-1]
    for number in range(first + 1, last):
        if re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", lines[number]):
            return number + 1
    return max(first, 0) + 1


def _table_of(headers: dict[int, str], location: tuple[int | str, ...]) -> int | None:
    """The line of the header of the innermost table in which a field stands: the second `[[diagram.nodes]]`."""
    for end in range(len(location), 0, -1):
        name = ".".join(part for part in location[:end] if isinstance(part, str))
        part = location[end - 1]
        index = part if isinstance(part, int) else 0
        tables = [number for number, header in headers.items() if header == name]
        if index < len(tables):
            return tables[index]
    inside = (number for number, header in headers.items() if header.startswith(f"{location[0]}."))
    return next(inside, None)
