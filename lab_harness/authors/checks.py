"""What a lab's author writes checks with: `@check`, `Failure` and `eventually`."""

import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")
CheckFunction = Callable[..., None]

WAITED = re.compile(r" \(after waiting [^()]+ s\)$")  # what a wait within the wait has added
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.4  # seconds between two looks of `eventually`
BUSY = 5  # times as long may a wait take, at most, on a machine where looking takes its time

_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)
_paused: ContextVar[float] = ContextVar("paused", default=0.0)  # seconds between looks, since the thread began


class Failure(Exception):
    """The verdict that something is not as the lab asks.

    `expected` and `found` are noun phrases; `next_step` is one sentence that points to where the learner
    can find out more, without giving the finished line. `there` is False where what is asked for is not there at all:
    nobody has made it yet. Without that it is there, only not right, as a bucket is that has no website. `withheld`
    are actions that AWS refuses because of it, `*` for any: a later check that fails as one of these was refused comes
    after this one. `refused` are such actions of which AWS says that it has refused one. The helpers of `expect` say
    all three.

        raise Failure(
            expected="a Python runtime, such as python3.13",
            found=f"the runtime {runtime}",
            next_step="update_function_configuration changes Runtime.",
        )
    """

    def __init__(
        self,
        *,
        expected: str,
        found: str,
        next_step: str,
        there: bool | None = None,
        withheld: Collection[str] = (),
        refused: Collection[str] = (),
    ) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found
        self.next_step = next_step
        self.there = there
        self.withheld = withheld
        self.refused = refused


class Cancelled(BaseException):
    """Nobody wants the results of the checks any more.

    No `Exception`, so that no check takes it for a trouble of its own; what stands in a `finally` is still done.
    """


@dataclass(frozen=True)
class Mark:
    """What `@check` writes on a function."""

    title: str
    needs: tuple[CheckFunction, ...]
    task: str | None
    points: int
    after: tuple[CheckFunction, ...] = ()

    @property
    def all_needs(self) -> tuple[CheckFunction, ...]:
        """What it needs and what it comes after, each once."""
        return tuple(dict.fromkeys((*self.needs, *self.after)))


def check(
    title: str,
    *,
    needs: CheckFunction | Sequence[CheckFunction] = (),
    after: CheckFunction | Sequence[CheckFunction] = (),
    task: str | None = None,
    points: int = 1,
) -> Callable[[CheckFunction], CheckFunction]:
    """Mark a function as a check of the lab, and return the same function.

    It raises `Failure` when the state is not as asked, and returns otherwise. Its parameters name the
    boto3 clients it is given: `s3`, `cognito_idp`, `lambda_` (a trailing underscore for a Python keyword).
    It runs only when the checks it `needs` have passed, and those it comes `after`, which find the same mistakes: of
    these it does without what the emulator cannot check. `task` is the task it belongs to.

        @check("The queue exists", task="queue")
        def queue_exists(sqs): ...
    """

    if not isinstance(title, str):
        raise TypeError('@check wants a title: @check("The queue exists")')

    def mark(function: CheckFunction) -> CheckFunction:
        function.check_mark = Mark(title, _listed(needs), task, points, _listed(after))  # type: ignore[attr-defined]
        return function

    return mark


def _listed(checks: CheckFunction | Sequence[CheckFunction]) -> tuple[CheckFunction, ...]:
    return tuple(checks) if isinstance(checks, list | tuple) else (cast(CheckFunction, checks),)


def eventually(look: Callable[[], T], *, within: float) -> T:
    """Call `look` until it raises no Failure and return its value; after `within` seconds its last Failure stands.

    For effects that take a moment: the learner then reads what was seen last, not that time ran out. Where `look`
    waits in this way itself, only the outer wait is told. The time that looking takes does not count: where it is long,
    the machine is busy, and so is what the effect comes from.
    Raises Cancelled, at once, when the run of the checks is cancelled.

        eventually(lambda: expect_item(dynamodb, order), within=12)
    """
    enough, latest = _paused.get() + within, time.monotonic() + BUSY * within
    pause = FIRST_PAUSE
    while True:
        try:
            return look()
        except Failure as failure:
            rest = enough - _paused.get()
            if rest <= 0 or time.monotonic() > latest:
                found = f"{WAITED.sub('', failure.found)} (after waiting {within:g} s)"
                raise Failure(
                    expected=failure.expected, found=found, next_step=failure.next_step, there=failure.there,
                    withheld=failure.withheld, refused=failure.refused,
                ) from None  # fmt: skip
        _sleep(min(pause, rest))  # so that the last look comes when the time is over, not before
        pause = min(pause * 1.5, LONGEST_PAUSE)


@contextmanager
def cancellable(cancelled: threading.Event | None) -> Iterator[None]:
    """Within it `eventually` waits no longer than until this event is set."""
    token = _cancelled.set(cancelled)
    try:
        yield
    finally:
        _cancelled.reset(token)


def _sleep(seconds: float) -> None:
    _paused.set(_paused.get() + seconds)
    cancelled = _cancelled.get()
    if cancelled is None:
        time.sleep(seconds)
    elif cancelled.wait(seconds):
        raise Cancelled


def mark_of(candidate: Any) -> Mark | None:
    """The mark that `@check` wrote on a function; None on anything else."""
    mark = getattr(candidate, "check_mark", None)
    return mark if isinstance(mark, Mark) else None
