"""What commands share in a terminal: notices, a line that says what is going on, and what Ctrl-C does."""

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click

from lab_harness.authors.checks import Cancelled
from lab_harness.render import plain

PATIENCE = 5.0  # seconds in which a check that was stopped may end by itself


def say(notices: Sequence[str]) -> None:
    """Tell the user what they should know. A notice may quote a name or an error that holds anything."""
    for notice in notices:
        click.echo(plain(notice), err=True)


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that a check puts back what it has changed.

    A check that has not ended some seconds later is interrupted, as by a second Ctrl-C.
    """
    stopped = threading.Event()
    overdue = threading.Timer(PATIENCE, _interrupt, [threading.get_ident()])
    overdue.daemon = True

    def stop(number: int, frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        overdue.start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    except Cancelled:
        raise KeyboardInterrupt from None
    finally:
        overdue.cancel()
        signal.signal(signal.SIGINT, before)


def _interrupt(main: int) -> None:
    """Interrupt the main thread, also where it sleeps."""
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)


@contextmanager
def shown_while_running() -> Iterator[Callable[[str], None]]:
    """A function that shows on a terminal which check is running: some wait for AWS's own time, 20 s and more."""
    if not sys.stderr.isatty():
        yield lambda title: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as status:
        yield lambda title: status.update(escape(title))
