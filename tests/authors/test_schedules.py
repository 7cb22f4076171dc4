"""Tests for when a schedule is due."""

import pytest

from lab_harness.authors.schedules import due

WEEKEND = due("cron(30 9 ? * SAT,SUN *)")


def test_each_field_has_its_values():
    assert (WEEKEND["minutes"], WEEKEND["hours"], WEEKEND["day of week"]) == ({30}, {9}, {1, 7})
    assert WEEKEND["day of month"] == set(range(1, 32))
    assert due("cron(0/15 8-10 1 jan,3 ? 2026-2027)") == {
        "minutes": {0, 15, 30, 45},
        "hours": {8, 9, 10},
        "day of month": {1},
        "month": {1, 3},
        "day of week": set(range(1, 8)),
        "year": {2026, 2027},
    }
    assert due("cron(*/20 1-9/4 * * ? *)")["minutes"] == {0, 20, 40}
    assert due("cron(*/20 1-9/4 * * ? *)")["hours"] == {1, 5, 9}


@pytest.mark.parametrize(
    "same", ["30 9 ? * 1,7 *", "30 09 ? JAN-DEC Sun,Sat *", "30 9 ? * SAT-SUN *", " 30  9 ? * 7-1 * "]
)
def test_what_is_due_at_the_same_times_is_the_same(same):
    assert due(f"cron({same})") == WEEKEND


@pytest.mark.parametrize(
    "refused",
    [
        "rate(1 day)",
        "cron(30 9 * * SAT,SUN *)",  # one of the two days must be ?
        "cron(30 9 ? * ? *)",
        "cron(30 9 ? * SAT,SUN)",
        "cron(60 9 ? * SAT,SUN *)",
        "cron(30 9 ? * SAX *)",
        "cron(30 9 ? * 6#3 *)",
        "cron(30/0 9 ? * SAT *)",
        "30 9 ? * SAT,SUN *",
        "",
    ],
)
def test_what_is_no_cron_expression_has_no_times(refused):
    assert due(refused) == {}
