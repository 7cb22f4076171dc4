"""A context variable that has a value for as long as something is done, such as one call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Value = TypeVar("Value")


@contextmanager
def within(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    """Within it the variable has this value; afterwards the one that it had."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
