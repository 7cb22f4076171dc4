"""The call of a client's that went wrong, as far as it is known."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from lab_harness.emulators.base import REGION

MAKING = ("Create", "Add", "Register", "Subscribe", "Import")  # begin the operations that make something


@dataclass(frozen=True)
class FailedCall:
    """A call of a client's: the service and the operation as boto3 names them, all operations there are, the Region."""

    service: str
    operation: str
    operations: Sequence[str] = ()
    region: str = REGION  # the client's
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The client's method."""
        return str(xform_name(self.operation))

    def no_json(self) -> Iterator[tuple[str, str]]:
        """The arguments that look like JSON and are none: the name of each, and where and what is wrong."""
        for name, text in _texts(self.arguments):
            try:
                json.loads(text)
            except json.JSONDecodeError as error:
                yield name, f"line {error.lineno}, column {error.colno}: {error.msg.removesuffix(' delimiter')}"
            except (ValueError, RecursionError):  # a number of too many digits, a text nested too deep
                continue


def _texts(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The arguments, and what they hold, that begin as JSON's objects and lists do."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from _texts(value)
        text = value.decode(errors="replace") if isinstance(value, bytes | bytearray) else value
        if isinstance(text, str) and text.lstrip().startswith(("{", "[")):
            yield name, text
