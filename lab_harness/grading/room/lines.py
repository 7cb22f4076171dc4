"""JSON lines that come through a pipe, from senders who may send anything."""

import json
import os
import selectors
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

LONGEST_LINE = 1024 * 1024  # bytes: a result's four texts of 10,000 characters, each of which may take twelve
MOST = 32 * 1024 * 1024  # bytes in all
CHUNK = 1 << 16


def tell(descriptor: int, message: Mapping[str, Any]) -> None:
    """Send a message as a line, whole, however often a pipe takes a part."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


class Lines:
    """Calls `each` with every message that comes; a sender who sends what is none, or too much, is not heard again.

    One chunk is read at a time, so that nobody is kept busy by a sender who never ends.
    """

    def __init__(
        self,
        source: int,
        selector: selectors.BaseSelector,
        each: Callable[[dict[str, Any]], None],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._source, self._selector, self._each, self._ended = source, selector, each, ended
        self._rest, self._received, self._open = bytearray(), 0, True
        os.set_blocking(source, False)
        selector.register(source, selectors.EVENT_READ, self._read)

    def drain(self) -> None:
        """Read what there is left of a sender that has ended."""
        while self._open and self._read():
            pass

    def _read(self) -> bool:
        """Read once; whether there was something."""
        try:
            chunk = os.read(self._source, CHUNK)
        except BlockingIOError:
            return False
        self._received += len(chunk)
        self._rest += chunk
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest[:] = rest
        good = all(self._take(line) for line in lines)
        if not chunk or not good or len(rest) > LONGEST_LINE or self._received > MOST:
            self._close()
        return bool(chunk)

    def _take(self, line: bytes) -> bool:
        with suppress(ValueError, RecursionError):
            message = json.loads(line)
            if isinstance(message, dict):
                self._each(message)
                return True
        return False

    def _close(self) -> None:
        self._open = False
        self._selector.unregister(self._source)
        os.close(self._source)
        self._ended()
