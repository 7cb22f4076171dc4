"""Tests for the clock that a learner moves: what it says, and what it refuses."""

import time
from datetime import UTC, datetime

import pytest

from lab_harness.emulators.base import FARTHEST, Moved
from lab_harness.errors import UsageError
from lab_harness.notebook import clock
from lab_harness.notebook.clock import LabClock

BEGAN = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


class Emulator:
    """An emulator that moves in two parts."""

    def __init__(self, ahead=0.0):
        self.ahead = ahead

    def now(self):
        return BEGAN + self.ahead

    def advance(self, seconds):
        for part in (seconds / 2, seconds / 2):
            self.ahead += part
            yield Moved(self.now(), self.ahead, {"rule hourly fired": 1, "item of T expired": 2})


@pytest.fixture(autouse=True)
def no_cell(monkeypatch):
    monkeypatch.setattr(clock, "clear_output", lambda wait: None)


def test_clock_says_what_has_happened_on_the_way(capsys):
    told = LabClock(Emulator()).advance(days=1, hours=1, minutes=59, seconds=60)
    assert told.title == "26 h later"
    assert told.sentences == (
        "In your account it is Tue 01 Dec 2026, 14:00:00 UTC, 26 h ahead of this computer.",
        "item of T expired, 4 times",
        "rule hourly fired, 2 times",
    )
    assert capsys.readouterr().out == "13 h of 26 h …\n"


def test_clock_tells_the_time_in_the_account():
    assert LabClock(Emulator(3_600)).now() == datetime(2026, 11, 30, 13, tzinfo=UTC)


@pytest.mark.parametrize("wanted", [{"hours": -1}, {"days": 400}, {"seconds": float("nan")}])
def test_clock_does_not_go_back_nor_more_than_a_year_forward(wanted):
    emulator = Emulator()
    with pytest.raises(UsageError, match=r"forward, by at most 366 days: lab\.clock\.advance\(hours=26\)"):
        LabClock(emulator).advance(**wanted)
    assert emulator.ahead == 0


def test_clock_is_at_most_ten_years_ahead():
    emulator = Emulator(time.time() + FARTHEST - BEGAN - 60)
    LabClock(emulator).advance(seconds=30)
    with pytest.raises(UsageError, match="more than ten years ahead of this computer"):
        LabClock(emulator).advance(days=1)
