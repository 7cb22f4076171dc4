"""What `lab.toml` may say, and where in it a mistake stands."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lab_harness.errors import LabError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Task(_Strict):
    """One thing the learner does; hints go from a nudge to nearly the answer."""

    id: Identifier
    title: Text
    hints: Annotated[tuple[Text, ...], Field(min_length=1)]


class Resource(_Strict):
    """One resource that the lab asks for, by CloudFormation's type name, so that a reset can remove it."""

    type: Text
    name: Text


class LabFile(_Strict):
    """What `lab.toml` says."""

    format_version: Literal[1]
    title: Text
    goal: Text
    minutes: Annotated[int, Field(gt=0)]
    notebook: Annotated[str, StringConstraints(pattern=r"^\d\d_[a-z0-9_]+\.ipynb$")]
    services: tuple[Text, ...]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]
    resources: Annotated[tuple[Resource, ...], Field(min_length=1)]


def read_lab_file(path: Path) -> LabFile:
    """What a `lab.toml` says. Raises LabError, which names file, line and field."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LabError(f"{path}: {error}") from error
    try:
        return LabFile.model_validate(data)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        line = _line_of(text, problem["loc"])
        raise LabError(f"{path}, line {line}, field {field}: {problem['msg']}") from error


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """The line on which a field of a TOML file stands, or the table that lacks it; 1 if neither is found."""
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if re.match(r"\s*\[+[\w.]+\]+\s*(#|$)", line)]
    tables = [number for number in headers if re.match(rf"\s*\[+{re.escape(str(location[0]))}\]", lines[number])]
    table = location[1] if len(location) > 1 and isinstance(location[1], int) else None
    first = 0 if table is None or table >= len(tables) else tables[table]
    last = next((number for number in headers if number > first), len(lines))
    field = [part for part in location if isinstance(part, str)][-1]
    for number in range(first, last):
        if re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", lines[number]):
            return number + 1
    return (first if first or not tables else tables[0]) + 1
