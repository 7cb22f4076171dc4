"""Tests for the modules of time as MiniStack's services see them."""

import datetime as dt

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.moving_time.services import Datetime, DatetimeModule

MOMENT = dt.datetime(2026, 12, 1, 8, 30, tzinfo=dt.UTC)


def test_moments_are_made_and_read_as_by_the_class_itself():
    for datetime in (Datetime(dt.datetime), DatetimeModule(dt).datetime):
        assert datetime(2026, 12, 1, 8, 30, tzinfo=dt.UTC) == MOMENT
        assert datetime.fromisoformat("2026-12-01T08:30:00+00:00") == MOMENT
        assert isinstance(MOMENT, datetime)


def test_now_is_the_emulators():
    assert abs(Datetime(dt.datetime).now(dt.UTC).timestamp() - clock.now()) < 5
    assert Datetime(dt.datetime).utcnow().tzinfo is None
