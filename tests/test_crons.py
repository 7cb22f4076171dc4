"""Tests for cron expressions: what the emulator refuses. What their fields say is tested where checks read them."""

import pytest

from lab_harness import crons


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        ("cron(30 9 ? * FRI-MON *)", "cron(30 9 ? * 1,2,6,7 *)"),
        ("cron(0 22-2 * NOV-FEB ? 2026-2027)", "cron(0 0,1,2,22,23 * 1,2,11,12 ? 2026,2027)"),
        ("cron(*/5 8-17/3 L * ? *)", "cron(*/5 8,11,14,17 L * ? *)"),
        ("cron(0 0 ? jan TUE#2 *)", "cron(0 0 ? jan TUE#2 *)"),
    ],
)
def test_ranges_are_written_as_their_values(expression, plain):
    assert crons.in_single_values(expression) == plain
    assert crons.read(plain) == crons.read(expression)


def test_what_depends_on_the_month_has_no_values():
    assert crons.read("cron(0 0 15W * ? *)")["day of month"] is None
    assert crons.read("cron(0 0 ? * 6L,MON *)")["day of week"] is None
    assert crons.read("cron(0 L * * ? *)") == {}
