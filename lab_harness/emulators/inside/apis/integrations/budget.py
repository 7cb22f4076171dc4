"""How much a template may do and write until it is taken for one that never ends, or that fills the memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from lab_harness.emulators.inside.scopes import within

MOST_STEPS = 100_000
MOST_CHARACTERS = 10 * 1024 * 1024  # as large as a payload of API Gateway's may be, in 2026
MOST_DEPTH = 20  # macros within macros, Velocity's own velocimacro.max.depth
MOST_WORK = 10 * MOST_CHARACTERS  # characters that methods read and make, which need not be written anywhere


class TemplateError(Exception):
    """A template that cannot be read or rendered; what it says stands in the execution log."""


@dataclass
class Budget:
    """What is left."""

    steps: int = MOST_STEPS
    characters: int = MOST_CHARACTERS
    work: int = MOST_WORK
    depth: int = MOST_DEPTH


_left: ContextVar[Budget | None] = ContextVar("left", default=None)


@contextmanager
def limited() -> Iterator[None]:
    """Within it, more than a template may do is a TemplateError."""
    with within(_left, Budget()):
        yield


def step() -> None:
    """One thing more is done."""
    left = _left.get()
    if left is None:
        return
    left.steps -= 1
    if left.steps < 0:
        raise TemplateError("the template does more than 100,000 steps")


@contextmanager
def deeper() -> Iterator[None]:
    """Within it a macro runs, maybe within another. Python's own limit is no bound: MiniStack's JSONata raises it."""
    left = _left.get()
    if left is None:
        yield
        return
    if not left.depth:
        raise TemplateError(f"macros call one another more than {MOST_DEPTH} deep")
    left.depth -= 1
    try:
        yield
    finally:
        left.depth += 1


def spend(characters: int) -> None:
    """So many characters more are written."""
    left = _left.get()
    if left is None:
        return
    left.characters -= characters
    if left.characters < 0:
        raise TemplateError("the template writes more than 10 MB")


def work(characters: int) -> None:
    """So many characters more are read or made."""
    left = _left.get()
    if left is None:
        return
    left.work -= characters
    if left.work < 0:
        raise TemplateError("the methods of the template read and make more than 100 MB")
