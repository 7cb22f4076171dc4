"""The emulator's time: the computer's, and as far ahead of it as the learner has moved it.

All that is AWS's goes by it: schedules, delays, what expires, the times of events, items and log lines, and what the
emulator records of calls and deeds. The learner's programs and the code in functions have the computer's time, so do
signatures. While time is moved it stands still at each moment at which something falls due, until that has happened.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from lab_harness.emulators.inside.scopes import within

SCALE = 1 / 60  # AWS waits for minutes before it tries something again; here a minute is a second
BUSY = 20.0  # seconds of the computer's for which one moment's work is awaited, at most


@dataclass(eq=False)
class Waiter:
    """A thread that waits until a moment, in seconds since 1970; `hasty` where it does so for a check."""

    until: float
    thread: threading.Thread
    hasty: bool


moving = threading.Lock()  # held while time is moved, and while what falls due by itself is looked for
_changed = threading.Condition()  # told when time moves, and when an Event is set
_jumps: list[tuple[float, float]] = []  # when time was moved, by the computer's clock, and how far it is ahead since
_still: float | None = None  # the moment at which time stands still
_stood: float = 0.0  # the moment at which it began to stand still
_waiters: list[Waiter] = []
_working: dict[threading.Thread, float] = {}  # who does what fell due, and since when, by the monotonic clock
_begun: int = 0  # how often anybody has begun to
_real: ContextVar[bool] = ContextVar("real", default=False)


def now() -> float:
    """The emulator's time, in seconds since 1970."""
    if _real.get():
        return time.time()
    return at(time.time()) if _still is None else _still


def today(zone: tzinfo | None = UTC) -> datetime:
    """The emulator's time, in a time zone."""
    return datetime.fromtimestamp(now(), zone)


def at(moment: float) -> float:
    """What the emulator's time was when the computer's was this."""
    before = bisect_right(_jumps, (moment, float("inf")))
    return moment + (_jumps[before - 1][1] if before else 0.0)


def ahead() -> float:
    """How many seconds the emulator's time is ahead of the computer's."""
    return _jumps[-1][1] if _jumps else 0.0


def jumps() -> list[tuple[float, float]]:
    """When time was moved, by the computer's clock, and how far it was ahead from then on, the oldest first."""
    return list(_jumps)


def restore(jumps: list[tuple[float, float]]) -> None:
    """Go on with the time of an emulator before this one; with none by the computer's time."""
    _jumps[:] = jumps
    tell()


def has_ended(amz_date: str, expires: str | int) -> bool:
    """Whether a presigned URL has expired: as much of the emulator's time has passed since it was signed.

    Raises ValueError where one of the two is none.
    """
    signed = datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    return now() > at(signed) + int(expires)


def stand_at(moment: float) -> None:
    """Let time stand still at a moment, never an earlier one than before, and wake who waited for it."""
    global _still, _stood  # noqa: PLW0603  there is one time
    if _still is None:
        _stood = now()
    _still = max(moment, now())
    tell()


def run_on() -> None:
    """Let time go on, ahead by as much more as it was moved while it stood still."""
    global _still  # noqa: PLW0603
    if _still is not None:
        if _still > _stood:
            _jumps.append((time.time(), ahead() + _still - _stood))
        _still = None
        tell()


@contextmanager
def by_the_computer() -> Iterator[None]:
    """Within it `now` is the computer's time: for ends that a program states by its own clock."""
    with within(_real, True):
        yield


def tell() -> None:
    """Let all who wait look again."""
    with _changed:
        _changed.notify_all()


def sleep(seconds: float, hasty: bool = False) -> None:
    """Wait for so many seconds of the emulator's time; if `hasty`, `hasten` ends it."""
    _wait(lambda: False, seconds, hasty)


def hasten() -> int:
    """End the sleep of all that checks have set going, and of nobody else; returns how many sleep no longer."""
    with _changed:
        ended = [each for each in _waiters if each.hasty]
        for each in ended:
            each.until = 0.0
        _changed.notify_all()
    return len(ended)


class Event:
    """As `threading.Event`; `wait` counts its seconds by the emulator's time."""

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._set

    def set(self) -> None:
        """Set it, and wake who waits for it."""
        self._set = True
        tell()

    def clear(self) -> None:
        """Take it back."""
        self._set = False

    def wait(self, timeout: float | None = None, hasty: bool = False) -> bool:
        """Wait until it is set, or for so many seconds; whether it is. If `hasty`, `hasten` ends it."""
        return _wait(self.is_set, float("inf") if timeout is None else timeout, hasty)


def _wait(over: Callable[[], bool], seconds: float, hasty: bool = False) -> bool:
    waiter = Waiter(now() + seconds, threading.current_thread(), hasty)
    with _changed:
        _waiters.append(waiter)
        worked = _working.pop(waiter.thread, None) is not None
        try:
            while not over() and (rest := waiter.until - now()) > 0:
                _changed.wait(None if rest > threading.TIMEOUT_MAX else rest if _still is None else None)
        finally:
            _waiters.remove(waiter)
            if worked or _still is not None:
                _begin_work(waiter.thread)
        return over()


def next_waking() -> float:
    """The moment at which the next of those wakes who wait; infinite where nobody waits."""
    with _changed:
        return min((each.until for each in _waiters), default=float("inf"))


@contextmanager
def at_work() -> Iterator[None]:
    """Within it this thread does what fell due: time that is moved waits for it, except while it waits itself."""
    thread = threading.current_thread()
    with _changed:
        _begin_work(thread)
    try:
        yield
    finally:
        with _changed:
            _working.pop(thread, None)


@contextmanager
def idle() -> Iterator[None]:
    """Within it this thread waits for others: time that is moved does not wait for it."""
    thread = threading.current_thread()
    with _changed:
        worked = _working.pop(thread, None) is not None
    try:
        yield
    finally:
        with _changed:
            if worked:
                _begin_work(thread)


class Thread(threading.Thread):
    """A thread that does what fell due, from its start on."""

    def start(self) -> None:
        """Start it; time that is moved waits for it."""
        with _changed:
            super().start()
            _begin_work(self)

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end; who waits for another does nothing itself."""
        with idle():
            super().join(timeout)


def _begin_work(thread: threading.Thread) -> None:
    global _begun  # noqa: PLW0603
    _working[thread] = time.monotonic()
    _begun += 1


def begun() -> int:
    """How often anybody has begun to do what fell due: who sees it unchanged has missed nobody."""
    return _begun


def is_at_work() -> bool:
    """Whether anybody still does what fell due."""
    latest = time.monotonic() - BUSY
    with _changed:
        for thread, since in list(_working.items()):
            if since < latest or not thread.is_alive():
                del _working[thread]
        due = now()
        return bool(_working) or any(each.until <= due for each in _waiters)
