"""Tests for what all displays of a report share."""

import pytest

from lab_harness.render import SYMBOLS
from lab_harness.render.html import COLOURS, report_html
from lab_harness.render.text import STYLES, report_text
from lab_harness.results import CheckResult, LabReport, Outcome


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_symbol_word_and_colour_in_every_display(outcome):
    results = (CheckResult("queue_exists", "The queue exists", "queue", outcome),)
    report = LabReport("sample", "A sample", "embedded", results)
    assert f"  {SYMBOLS[outcome]} {outcome} The queue exists" in report_text(report)
    assert f">{SYMBOLS[outcome]} {outcome}</span>" in report_html(report)
    assert f"background:{COLOURS[outcome]}" in report_html(report)
    assert STYLES[outcome]


def test_outcomes_are_told_apart_by_symbol_and_by_colour():
    assert len(set(SYMBOLS.values())) == len(set(COLOURS.values())) == len(set(STYLES.values())) == len(Outcome) + 1
    words = {"absent", *map(str, Outcome)}
    assert SYMBOLS.keys() == COLOURS.keys() == STYLES.keys() == words


def test_what_no_message_can_carry_is_shown_as_a_replacement_in_text_and_html():
    result = CheckResult("a", "Half of \ud83d", None, Outcome.FAILED, found="a \x00 byte")
    shown = LabReport("sample", "A sample", "embedded", (result,))._repr_mimebundle_()
    for text in shown.values():
        text.encode()
        assert "Half of �" in text
        assert "a � byte" in text
