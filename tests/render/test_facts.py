"""Tests for the table of facts."""

from lab_harness.lab.facts import read_facts
from lab_harness.render.facts import facts_table
from tests.conftest import SAMPLE_LABS


def test_table_gives_todays_value_the_exams_the_day_and_the_source_as_a_link():
    poll, timeout = read_facts(SAMPLE_LABS).values()
    table = facts_table([timeout, poll])
    assert [row[2:5] for row in table.rows] == [
        ("1,800 seconds", "900 seconds", "2026-11-29"),
        ("20 seconds", "the same", "2026-11-29"),
    ]
    assert f'<a href="{poll.source}"' in table.html()
