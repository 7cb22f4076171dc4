"""The exam questions as a class is given them: they can be answered and judged, and hold no answer that can be read.

The explanation of each is encrypted, and its key is made from the right answer. So an answer is right if it opens the
explanation. There are few answers to try: what makes a key is slow on purpose, and still holds back readers, not
programmers.
"""

import base64
import json
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Meta, Struct

from lab_harness.errors import LabError
from lab_harness.lab.file import Identifier, Text
from lab_harness.lab.quiz import (
    Explanation,
    Multiple,
    Numeric,
    Ordering,
    Question,
    Quiz,
    Single,
    number_given,
    read_quiz,
    says_no_choice,
    says_no_number,
    says_no_order,
)

FILE, SEALED_FILE = "quiz.toml", "quiz.sealed.json"
COST = 15  # scrypt's, as a power of two: a key takes 32 MiB and some tenths of a second
BLOCK_SIZE, SALT_LENGTH = 8, 16


class _Sealed(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every sealed question has; `sealed` is its explanation, which the right answer opens."""

    id: Identifier
    text: Text
    options: tuple[Text, ...] = ()
    salt: bytes
    cost: Annotated[int, Meta(ge=1, le=20)]
    sealed: str

    @property
    def kind(self) -> str:
        """The question's kind, as in the file."""
        return str(self.__struct_config__.tag)

    @property
    def explained(self) -> None:
        """There is no explanation before the question is answered."""

    def opened(self, given: list[str]) -> Explanation | None:
        """The explanation, if the answer is right."""
        for form in self._forms(given):
            try:
                opened = Fernet(_key(form, self.salt, self.cost)).decrypt(self.sealed)
            except InvalidToken:
                continue
            return msgspec.json.decode(opened, type=Explanation)
        return None

    def _forms(self, given: list[str]) -> Iterator[list[str]]:
        """What the answer may be by: the same for all answers that are right for the same reason."""
        yield given


class SealedSingle(_Sealed, frozen=True, tag="single"):
    """A question with one right answer."""

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_choice(given)


class SealedMultiple(_Sealed, frozen=True, tag="multiple"):
    """A question with several right answers."""

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_choice(given)

    def _forms(self, given: list[str]) -> Iterator[list[str]]:
        yield sorted(set(given))


class SealedOrdering(_Sealed, frozen=True, tag="ordering"):
    """A question whose entries are to be put in order."""

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_order(given, self.options)


class SealedNumeric(_Sealed, frozen=True, tag="numeric"):
    """A question whose answer is a number.

    All that is near enough to the answer lies on one step of a ladder. `step` says how wide each is, `foot` where one
    begins; both are fractions, so that nothing is rounded.
    """

    unit: Text
    step: str = "0"
    foot: str = "0"

    def asks_for(self, given: list[str]) -> str | None:
        """What is missing before the answer can be judged."""
        return says_no_number(given)

    def _forms(self, given: list[str]) -> Iterator[list[str]]:
        number, step = number_given(given), Fraction(self.step)
        if number is None:
            return
        if not step:
            yield [str(Fraction(number))]
            return
        rung, beyond = divmod(Fraction(number) - Fraction(self.foot), step)
        yield [str(rung)]
        if not beyond:  # where two steps meet, both are near enough
            yield [str(rung - 1)]


SealedQuestion = SealedSingle | SealedMultiple | SealedOrdering | SealedNumeric


class SealedQuiz(Struct, frozen=True, forbid_unknown_fields=True):
    """What `quiz.sealed.json` says."""

    format_version: Literal[1]
    questions: Annotated[tuple[SealedQuestion, ...], Meta(min_length=1)]


def seal(quiz: Quiz) -> str:
    """A quiz as the text of a `quiz.sealed.json`."""
    sealed = SealedQuiz(1, tuple(map(_sealed, quiz.questions)))
    return msgspec.json.format(msgspec.json.encode(sealed), indent=1).decode() + "\n"


def quiz_in(folder: Path) -> Quiz | SealedQuiz | None:
    """The quiz in a lab's folder, or None where there is none. Raises LabError, which names the file."""
    if (folder / FILE).exists():
        return read_quiz(folder / FILE)
    path = folder / SEALED_FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=SealedQuiz)
    except (OSError, msgspec.DecodeError) as error:
        raise LabError(f"{path} is damaged: {error}. Take it anew from the course that you were given.") from error


def _sealed(question: Question) -> SealedQuestion:
    salt = os.urandom(SALT_LENGTH)
    shown = {name: getattr(question, name) for name in ("id", "text", "options")}
    common: dict[str, Any] = shown | {"salt": salt, "cost": COST}

    def closed(form: list[str]) -> str:
        return Fernet(_key(form, salt, COST)).encrypt(msgspec.json.encode(question.explained)).decode()

    match question:
        case Single(right=right):
            return SealedSingle(**common, sealed=closed(list(right)))
        case Multiple(right=right):
            return SealedMultiple(**common, sealed=closed(sorted(right)))
        case Ordering(order=order):
            return SealedOrdering(**common, sealed=closed(list(order)))
        case Numeric(unit=unit):
            rung, step, foot = _ladder(question)
            return SealedNumeric(**common, sealed=closed([rung]), unit=unit, step=step, foot=foot)


def _ladder(question: Numeric) -> tuple[str, str, str]:
    """The step on which the answer lies, how wide a step is, and where one begins."""
    answer, tolerance = Fraction(str(question.answer)), Fraction(str(question.tolerance))
    if not tolerance:
        return str(answer), "0", "0"
    rung, foot = divmod(answer - tolerance, 2 * tolerance)
    return str(rung), str(2 * tolerance), str(foot)


def _key(form: list[str], salt: bytes, cost: int) -> bytes:
    said = json.dumps(form).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, n=2**cost, r=BLOCK_SIZE, p=1).derive(said))
