"""JSON messages, one a line, through a pipe; the sender may send anything."""

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
    """Send a whole message as one line, even if the pipe takes it in parts."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


class Lines:
    """Calls `each` with every message that comes. After something else, or after too much, it stops reading.

    It reads one chunk at a time, so that a sender who never ends does not keep the reader busy.
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
        """Read the rest from a sender that has ended."""
        while self._open and self._read():
            pass

    def _read(self) -> bool:
        """Read once, and say whether there was something."""
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
