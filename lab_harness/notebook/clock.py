"""The emulator's clock, as a learner reads it and moves it."""

import time
from collections import Counter
from datetime import UTC, datetime

from IPython.display import clear_output

from lab_harness.emulators import Emulator
from lab_harness.emulators.base import FARTHEST, LONGEST_ADVANCE
from lab_harness.errors import UsageError
from lab_harness.notebook.arguments import checked_methods
from lab_harness.render.blocks import Note
from lab_harness.spans import rounded

SHOWN = "%a %d %b %Y, %H:%M:%S UTC"
PROGRESS = 5.0  # seconds of the emulator's between two lines of progress


@checked_methods("lab.clock")
class LabClock:
    """The clock of the account: it may be ahead of the computer's, and never goes back."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def now(self) -> datetime:
        """The time in the account, in UTC."""
        return datetime.fromtimestamp(self._emulator.now(), UTC)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> Note:
        """Move the time in the account forward. What falls due on the way happens, each thing at its moment.

        Schedules fire, delayed and hidden messages can be received, executions go on, items and credentials expire.
        On LocalStack it waits instead. Raises UsageError where the time would go back, or more than a year forward, or
        be more than ten years ahead of the computer's.
        """
        wanted = self._possible(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
        happened: Counter[str] = Counter()
        began, now, ahead = self._emulator.now(), 0.0, 0.0
        shown = False
        for part in self._emulator.advance(wanted):
            happened.update(part.happened)
            now, ahead = part.now, part.ahead
            if wanted - (now - began) > PROGRESS:
                print(f"{rounded(max(0.0, now - began))} of {rounded(wanted)} …")
                shown = True
        if shown:
            clear_output(wait=True)  # type: ignore[no-untyped-call]
        times = [f"{what}, {count} times" if count > 1 else what for what, count in sorted(happened.items())]
        return Note(
            f"{rounded(wanted)} later", (_told(now, ahead), *(times or ["No schedule fired, no item expired."]))
        )

    def _possible(self, wanted: float) -> float:
        if not 0 <= wanted <= LONGEST_ADVANCE:  # also what is no number
            raise UsageError("The clock moves forward, by at most 366 days: lab.clock.advance(hours=26).")
        if self._emulator.now() + wanted > time.time() + FARTHEST:
            raise UsageError("The account would be more than ten years ahead of this computer, and cannot go back.")
        return float(wanted)

    def __repr__(self) -> str:
        now = self._emulator.now()
        return _told(now, now - datetime.now(UTC).timestamp())


def _told(now: float, ahead: float) -> str:
    shown = datetime.fromtimestamp(now, UTC).strftime(SHOWN)
    return f"In your account it is {shown}, {_ahead(ahead)}."


def _ahead(seconds: float) -> str:
    return f"{rounded(seconds)} ahead of this computer" if seconds >= 1 else "as on this computer"
