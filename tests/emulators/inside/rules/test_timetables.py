"""Tests for when rules and schedules fire: time zones, summer time, and counting from the beginning."""

from datetime import UTC, datetime

import pytest

from lab_harness.emulators.inside.rules.timetables import FIRED, next_moment


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def following(record, after, count):
    """The next moments, as UTC."""
    found, at = [], moment(after)
    for _ in range(count):
        at = next_moment({"CreationDate": moment("2026-01-01"), **record}, at)
        if at is None:
            break
        found.append(datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M"))
    return found


BERLIN = {"ScheduleExpressionTimezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("record", "after", "moments"),
    [
        ({"ScheduleExpression": "rate(5 minutes)"}, "2026-01-01 00:07", ["01-01 00:10", "01-01 00:15"]),
        ({"ScheduleExpression": "cron(0 9 ? * MON-FRI *)"}, "2026-11-27 09:00", ["11-30 09:00", "12-01 09:00"]),
        # Summer time begins on 28 March 2027 and ends on 31 October.
        ({"ScheduleExpression": "cron(0 9 * * ? *)", **BERLIN}, "2027-03-26 09:00", ["03-27 08:00", "03-28 07:00"]),
        ({"ScheduleExpression": "cron(30 2 * * ? *)", **BERLIN}, "2027-03-26 09:00", ["03-27 01:30", "03-29 00:30"]),
        ({"ScheduleExpression": "cron(30 2 * * ? *)", **BERLIN}, "2027-10-30 09:00", ["10-31 00:30", "11-01 01:30"]),
        ({"ScheduleExpression": "at(2027-07-01T09:00:00)", **BERLIN}, "2027-01-01", ["07-01 07:00"]),
        ({"ScheduleExpression": "cron(0 0 1 1 ? 2020)"}, "2026-01-01", []),
        ({"ScheduleExpression": "at(2026-07-01T09:00:00)", FIRED: 1.0}, "2026-01-01", []),
        ({"ScheduleExpression": "rate(1 day)", "ScheduleExpressionTimezone": "Mars/Base"}, "2026-01-01", []),
    ],
)  # fmt: skip
def test_rule_or_schedule_fires_at_these_moments(record, after, moments):
    assert following(record, after, len(moments) or 1) == moments


def test_schedule_ends_with_its_last_day():
    record = {
        "ScheduleExpression": "rate(1 day)", "StartDate": moment("2026-05-01"), "EndDate": moment("2026-05-03")
    }  # fmt: skip
    assert following(record, "2026-01-01", 9) == ["05-01 00:00", "05-02 00:00", "05-03 00:00"]
