"""Moves the emulator's time, and stops at each moment at which something falls due, until that has happened.

So what happens on the way happens in its order and once, as if the time had passed. What is looked at only when
somebody asks (what has expired, what is delayed) needs no stop.
"""

import time
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

from lab_harness.emulators.inside.moving_time import clock

LONGEST_CALL = 2.0  # seconds of the computer's for which time is moved without an answer
TAKEN_WITHIN = 10.0  # seconds without work in which what fell due is taken up on any machine; else nobody will
LOOK = 0.0005  # seconds between two looks


class Source(ABC):
    """A part of the emulator in which something falls due at moments of its own."""

    @abstractmethod
    def due(self) -> float:
        """The next moment at which something falls due, in seconds since 1970; infinite if there is none."""

    @abstractmethod
    def happen(self) -> list[str]:
        """Let happen what is due now; says of each thing what it is."""

    def busy(self) -> bool:
        """Whether what was due has still to be taken up, or goes on."""
        return False


class Waits(Source):
    """Those who wait by the clock: executions in a Wait state, events for the next try."""

    def due(self) -> float:
        return clock.next_waking()

    def happen(self) -> list[str]:
        clock.tell()
        return []

    def busy(self) -> bool:
        return clock.is_at_work()


_sources: list[Source] = [Waits()]


def follow(source: Source) -> None:
    """Stop at this source's moments, too."""
    _sources.append(source)


def advance(seconds: float) -> dict[str, Any]:
    """Move time by so many seconds. Returns how it stands then, what happened, each with how often, and what is `left`.

    Where much happens on the way it stops after two seconds, with seconds left: go on by those with another call.
    """
    happened: Counter[str] = Counter()
    enough = time.monotonic() + LONGEST_CALL
    with clock.moving:
        try:
            clock.stand_at(clock.now())
            until = clock.now() + seconds
            happened.update(_let_happen())
            while (moment := _next(until)) < until:
                clock.stand_at(moment)
                happened.update(_let_happen())
                if time.monotonic() > enough:
                    break
            else:
                clock.stand_at(until)
                happened.update(_let_happen())
            left = until - clock.now()
        finally:
            clock.run_on()
    return {"now": clock.now(), "ahead": clock.ahead(), "left": left, "happened": dict(happened)}


def _next(until: float) -> float:
    """The next moment at which something falls due, at the latest the one until which time is moved."""
    now = clock.now()
    return min([until, *(moment for source in _sources if (moment := source.due()) > now)])


def _let_happen() -> list[str]:
    """What is due now, and what comes of it at once; it is awaited."""
    happened = [told for source in _sources for told in source.happen()]
    enough = time.monotonic() + TAKEN_WITHIN
    while not _is_done():
        if clock.is_at_work():
            enough = time.monotonic() + TAKEN_WITHIN
        elif time.monotonic() > enough:
            break
        time.sleep(LOOK)
    return happened


def _is_done() -> bool:
    """Whether nothing goes on, and nothing has still to be taken up.

    What is taken up while the sources are asked was no work before, and has not to be taken up after: so who has begun
    meanwhile is awaited.
    """
    begun = clock.begun()
    waited_for = clock.is_at_work() or any(source.busy() for source in _sources)
    return not waited_for and begun == clock.begun()
