"""What `quiz.toml` may say: a lab's exam questions, and which answers to them are right."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Annotated, Literal

from msgspec import Meta, Struct

from lab_harness.errors import UsageError
from lab_harness.lab.file import Identifier, Text, read_toml

LONGEST_NUMBER = 100  # characters
NUMBER = re.compile(r"[-+]?((\d{1,3}([, ]\d{3})+|\d+)(\.\d*)?|\.\d+)")  # 900, 1,000 or 1 000, 0.5, .5; but not 1,5


class Explanation(Struct, frozen=True):
    """What is said to an answer: the right one in words, and why it is right."""

    correction: str
    text: str


class _Question(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every question has; `options` are what is shown to choose from or to put in order, if anything is.

    `facts` are the ids of what it states of AWS, of labs/facts.toml.
    """

    id: Identifier
    text: Text
    explanation: Text
    facts: tuple[Identifier, ...] = ()

    @property
    def kind(self) -> str:
        """The question's kind, as in the file."""
        return str(self.__struct_config__.tag)

    @property
    def options(self) -> tuple[str, ...]:
        return ()

    @property
    def correction(self) -> str:
        """The right answer in words."""
        raise NotImplementedError

    @property
    def explained(self) -> Explanation:
        """The explanation, whatever was answered."""
        return Explanation(self.correction, self.explanation)

    def judge(self, given: list[str]) -> bool:
        """Whether the answer is right."""
        raise NotImplementedError

    def opened(self, given: list[str]) -> Explanation | None:
        """The explanation, if the answer is right."""
        return self.explained if self.judge(given) else None


class _Choice(_Question, frozen=True):
    """What questions have in common that are answered by choosing."""

    right: tuple[Text, ...]
    wrong: tuple[Text, ...]

    def __post_init__(self) -> None:
        _refuse_twins((*self.right, *self.wrong))

    @property
    def options(self) -> tuple[str, ...]:
        return _shuffled((*self.right, *self.wrong), self.id)

    @property
    def correction(self) -> str:
        """The right answers in words, in the order written."""
        return "; ".join(self.right)

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_choice(given)


class Single(_Choice, frozen=True, tag="single"):
    """A question with one right answer."""

    right: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=1)]
    wrong: Annotated[tuple[Text, ...], Meta(min_length=2)]

    def judge(self, given: list[str]) -> bool:
        """Whether the right option, and no other, was chosen."""
        return given == list(self.right)


class Multiple(_Choice, frozen=True, tag="multiple"):
    """A question with several right answers, all of which must be chosen, and no other."""

    right: Annotated[tuple[Text, ...], Meta(min_length=2)]
    wrong: Annotated[tuple[Text, ...], Meta(min_length=1)]

    def judge(self, given: list[str]) -> bool:
        """Whether the right options, in whatever order, and no others were chosen."""
        return set(given) == set(self.right)


class Ordering(_Question, frozen=True, tag="ordering"):
    """A question whose entries are to be put in order."""

    order: Annotated[tuple[Text, ...], Meta(min_length=3, max_length=6)]

    def __post_init__(self) -> None:
        _refuse_twins(self.order)

    @property
    def options(self) -> tuple[str, ...]:
        shuffled = _shuffled(self.order, self.id)
        return shuffled if shuffled != self.order else (*shuffled[1:], shuffled[0])

    @property
    def correction(self) -> str:
        """The entries in the right order."""
        return " → ".join(self.order)

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_order(given, self.order)

    def judge(self, given: list[str]) -> bool:
        """Whether the entries are in the right order."""
        return given == list(self.order)


class Numeric(_Question, frozen=True, tag="numeric"):
    """A question whose answer is a number; `tolerance` is how far off an answer may be."""

    answer: int | float
    unit: Text
    tolerance: Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.answer) and math.isfinite(self.tolerance)):
            raise ValueError("answer and tolerance must be finite numbers")

    @property
    def correction(self) -> str:
        """The number with its unit."""
        return f"{self.answer:,} {self.unit}"

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_number(given)

    def judge(self, given: list[str]) -> bool:
        """Whether the one text given is the number, or near enough."""
        number = number_given(given)
        # As decimals, so that 0.3 is within 0.1 of 0.2.
        return number is not None and abs(number - Decimal(str(self.answer))) <= Decimal(str(self.tolerance))


Question = Single | Multiple | Ordering | Numeric


class Quiz(Struct, frozen=True, forbid_unknown_fields=True):
    """What `quiz.toml` says."""

    format_version: Literal[1]
    questions: Annotated[tuple[Question, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        ids = [question.id for question in self.questions]
        for number, name in enumerate(ids):
            if name in ids[:number]:
                # The place is written as msgspec does, so that the line is found.
                raise ValueError(f"two questions have the id {name!r} - at `$.questions[{number}].id`")

    def question(self, question_id: str) -> Question:
        """The question of this id; UsageError names all that there are otherwise."""
        for question in self.questions:
            if question.id == question_id:
                return question
        known = ", ".join(question.id for question in self.questions)
        raise UsageError(f"There is no question {question_id!r}. The quiz has: {known}.")


def read_quiz(path: Path) -> Quiz:
    """What a `quiz.toml` says. Raises LabError, which names file, line and field."""
    return read_toml(path, Quiz)


def says_no_choice(given: list[str]) -> str | None:
    """What to do where nothing was chosen."""
    return None if given else "Choose an answer."


def says_no_order(given: list[str], entries: Iterable[str]) -> str | None:
    """What to do where not each entry has its place."""
    return None if sorted(given) == sorted(entries) else "Put all entries in order."


def says_no_number(given: list[str]) -> str | None:
    """What to do where no number was entered."""
    return None if number_given(given) is not None else "Enter a number, such as 1,000 or 0.5."


def _refuse_twins(options: Iterable[str]) -> None:
    seen: set[str] = set()
    for option in options:
        if option in seen:
            raise ValueError(f"the option {option!r} stands here twice")
        seen.add(option)


def _shuffled(options: tuple[str, ...], seed: str) -> tuple[str, ...]:
    """The options in an order that is the same for everybody and each time.

    Of all that draws at random, Python promises only for `random()` that a seed gives the same in every version.
    """
    draw = Random(seed).random  # noqa: S311 - no secret
    return tuple(sorted(options, key=lambda option: draw()))


def number_given(given: list[str]) -> Decimal | None:
    """The number that the learner entered, if it is one."""
    text = given[0].strip() if len(given) == 1 else ""
    return Decimal(re.sub("[, ]", "", text)) if len(text) <= LONGEST_NUMBER and NUMBER.fullmatch(text) else None
