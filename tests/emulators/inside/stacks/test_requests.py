"""Tests for the requests that a stack's resource makes."""

import time

import pytest

from lab_harness.emulators.inside.stacks.requests import typed


@pytest.fixture
def in_tokyo(monkeypatch):
    """A computer whose own time is nine hours ahead of UTC's."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("end", ["2099-01-01T00:00:00", "2099-01-01T00:00:00Z", "2099-01-01T01:00:00+01:00"])
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows sets no time zone for a process")
def test_moment_of_a_template_is_utcs_unless_it_says_otherwise(in_tokyo, end):
    assert typed("scheduler", "UpdateSchedule", {"EndDate": end})["EndDate"] == 4_070_908_800
