"""How a run of `lab grade` ends when it is told to: in order, whichever signal says so."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, clear away what was begun, as Ctrl-C does, before it ends this."""
    # Who ignores a closed terminal, with nohup, goes on to do so.
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]

    def end(number: int, _frame: object) -> None:
        for each in heard:
            signal.signal(each, signal.SIG_IGN)  # Clearing away is not to be interrupted by another one.
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
