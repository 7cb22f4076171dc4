"""The clock for the administration: it moves time, tells how it stands, and keeps that for the next emulator."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

from lab_harness.emulators.base import CLOCK, FARTHEST, LONGEST_ADVANCE
from lab_harness.emulators.inside.moving_time import clock, falling_due
from lab_harness.emulators.inside.records.call_log import CallLog
from lab_harness.spans import rounded
from lab_harness.whole_files import write_whole


class Timekeeping:
    """The time of one emulator, and the file in which it is kept.

    `hasten_queue` makes due what checks have sent to a queue of this name, and returns how much that is.
    """

    def __init__(self, file: Path, calls: CallLog, hasten_queue: Callable[[str], int]) -> None:
        self._file, self._calls, self._hasten_queue = file, calls, hasten_queue
        self._written: list[tuple[float, float]] = []

    def load(self) -> None:
        """Go on with the time that was kept; with the computer's where none was, or what was kept is damaged."""
        with suppress(OSError, ValueError, TypeError):
            kept = [(float(moment), float(ahead)) for moment, ahead in json.loads(self._file.read_text())]
            if kept == sorted(kept) and all(isfinite(moment) and 0 <= ahead <= FARTHEST for moment, ahead in kept):
                clock.restore(kept)
                self._written = kept

    def save(self) -> str:
        """Keep the time as it is; a sentence if that failed."""
        moved = clock.jumps()
        if moved == self._written:
            return ""
        try:
            write_whole(self._file, json.dumps(moved).encode())
            self._written = moved
        except OSError as error:
            return f"How far the clock was moved could not be saved in {self._file}: {error.strerror}."
        return ""

    def tell(self) -> dict[str, Any]:
        """How time stands."""
        return {"now": clock.now(), "ahead": clock.ahead()}

    def advance(self, wanted: dict[str, str]) -> dict[str, Any]:
        """Move time by so many `seconds`; `more` says that this goes on. Raises ValueError for what cannot be."""
        seconds = float(wanted["seconds"])
        if not 0 <= seconds <= LONGEST_ADVANCE:  # nor is it NaN
            raise ValueError(f"time is moved by 0 to {LONGEST_ADVANCE:g} seconds")
        if clock.ahead() + seconds > FARTHEST:
            raise ValueError(f"time is at most {FARTHEST:g} seconds ahead of the computer's")
        if "more" not in wanted:
            row = {"time": clock.now(), "service": CLOCK, "operation": f"{rounded(seconds)} later", "caller": "learner"}
            self._calls.add({**row, "status": 200, "about": [], "probe": False}, 0.0)
        return falling_due.advance(seconds)

    def hasten(self, queue: str) -> dict[str, Any]:
        """Make due now what checks' executions wait for, and checks' hidden messages in a queue; tells how much."""
        due = clock.hasten()
        if queue and "ministack.services.sqs" in sys.modules:
            due += self._hasten_queue(queue)
        return {"due": due}

    def reset(self) -> None:
        """Go by the computer's time again: the account is empty, so nothing in it is of later."""
        clock.restore([])
