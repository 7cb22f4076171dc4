"""Tests for moving time: what falls due on the way has happened before time goes on."""

import threading

import pytest

from lab_harness.emulators.inside.moving_time import clock, falling_due
from tests.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _computers_time():
    yield
    clock.restore([])


class TakenUpWhileAsked(falling_due.Source):
    """Something that is due in ten seconds, and is taken up by a thread just as somebody asks whether it was."""

    def __init__(self):
        self.moment, self.done_at, self.let_go = clock.now() + 10, None, threading.Event()

    def due(self):
        return self.moment if self.done_at is None else float("inf")

    def happen(self):
        return []

    def busy(self):
        if self.done_at is None and clock.now() >= self.moment and not self.let_go.is_set():
            self.let_go.set()
            clock.Thread(target=self._work, daemon=True).start()
        return False

    def _work(self):
        threading.Event().wait(0.05)  # longer than time that is not stopped needs to the next moment
        self.done_at = clock.now()


def test_what_is_taken_up_as_somebody_asks_for_it_is_done_at_its_own_moment():
    source = TakenUpWhileAsked()
    falling_due.follow(source)
    falling_due.advance(3_600)
    assert source.let_go.wait(PATIENCE)
    assert source.done_at == pytest.approx(source.moment, abs=1)
