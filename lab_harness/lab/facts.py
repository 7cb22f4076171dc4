"""What AWS allows, charges and does unless told otherwise: each number that the course states, from one file."""

import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from lab_harness.errors import UsageError
from lab_harness.lab.file import Identifier, Text, read_toml
from lab_harness.lab.labs import unknown

FILE = "facts.toml"  # in the course's folder labs/
FACT_TAG = re.compile(r"fact:(\w+)")  # of a notebook's cell that states the fact
MARKUP = re.compile(r"[\\*`]")  # Markdown's, which may stand in the middle of a number's wording
Address = Annotated[str, Meta(pattern=r"^https://\S+$")]


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """Where botocore's model of a service states a fact: the bounds of a shape, or words of its documentation."""

    service: Text
    shape: Text
    member: str = ""  # of the shape, where its documentation says it
    min: int | None = None
    max: int | None = None
    says: str = ""


class Fact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A limit, a price or a default of AWS: its value on a day, and the older one where exams still ask for that."""

    id: Identifier
    service: Text
    what: Text
    value: int | float
    unit: Text
    also: tuple[Text, ...] = ()  # the same in other words, such as 15 minutes for 900 seconds
    exam: int | float | None = None
    exam_also: tuple[Text, ...] = ()
    as_of: date
    source: Address
    models: tuple[Model, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """The ways to say it, the number with its unit first."""
        return (_written(self.value, self.unit), *self.also)

    @property
    def exam_wordings(self) -> tuple[str, ...]:
        """The same for the value that exams ask for; none where it is today's."""
        return () if self.exam is None else (_written(self.exam, self.unit), *self.exam_also)

    def missing_from(self, text: str) -> Iterator[str]:
        """What a text that states the fact does not say: today's value, or the exam's."""
        for wordings in (self.wordings, self.exam_wordings):
            if wordings and not any(_says(text, wording) for wording in wordings):
                yield " or ".join(wordings)


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """What `facts.toml` says."""

    format_version: Literal[1]
    facts: tuple[Fact, ...]

    def __post_init__(self) -> None:
        ids = [fact.id for fact in self.facts]
        for number, name in enumerate(ids):
            if name in ids[:number]:
                raise ValueError(f"two facts have the id {name!r} - at `$.facts[{number}].id`")


def read_facts(folder: Path) -> dict[str, Fact]:
    """The facts of a course's folder `labs/`, by their ids; none where it keeps no file of them.

    Raises LabError, which names file, line and field, when the file is wrong.
    """
    path = folder / FILE
    return {fact.id: fact for fact in read_toml(path, Facts).facts} if path.exists() else {}


def facts_of(folder: Path, named: Collection[str], usual: Collection[str]) -> list[Fact]:
    """The facts of the services that are named, or of the usual ones where none is.

    Raises UsageError where the course states none of a service that is named. A course without any, as where a class
    is graded, has none to show.
    """
    facts = read_facts(folder).values()
    known = {fact.service for fact in facts}
    for name in named:
        if known and name not in known:
            raise UsageError(unknown("fact of", name, sorted(known), "There are facts of"))
    return [fact for fact in facts if fact.service in (named or usual)]


def _written(value: float, unit: str) -> str:
    """A number with its unit, as a text has it: 1,800 seconds, but $0.20."""
    if unit != "$":
        return f"{value:,} {unit}"
    price = Decimal(str(value))
    return f"${max(price, price.quantize(Decimal('0.01')), key=lambda each: len(f'{each:f}')):f}"


def _says(text: str, wording: str) -> bool:
    """Whether a text has the wording as a whole: 115 minutes does not say 15 minutes."""
    plain = " ".join(re.sub(r"(?<=\d)_(?=\d{3})", ",", MARKUP.sub("", text)).split())
    return re.search(rf"(?<![\w.,]){re.escape(wording)}(?!\w|[.,]\d)", plain) is not None
