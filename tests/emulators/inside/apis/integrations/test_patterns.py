"""Tests for selection patterns: what fits them, and that nobody can make that last."""

import time

import pytest

from lab_harness.emulators.inside.apis.integrations.patterns import fits


@pytest.mark.parametrize(
    ("pattern", "text", "fitting"),
    [
        (".*Error.*", "an Error here", True), (".*Error.*", "fine", False), (r"4\d{2}", "404", True),
        ("4..|5..", "503", True), ("(Bad|Wrong) (name|age)+", "Bad name", True), ("(?!5).*", "404", True),
        ("Error", "an Error", False), ("(", "(", False), ("(a+)+b", "aaab", True), (r"(\w)\1+", "aaa", True),
        ("a.*b.*c.*d.*e", "a b c d e", True), ("(?s).*", "two\nlines", True),
    ],
)  # fmt: skip
def test_whole_text_fits(pattern, text, fitting):
    assert fits(pattern, text) is fitting


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+$", "a" * 40 + "!"), ("(a|a)*b", "a" * 40), (".*.*.*.*.*.*.*x", "a" * 5000), ("(.*a){20}", "a" * 40 + "!")],
)
def test_pattern_that_would_take_for_ever_fits_nothing(pattern, text):
    started = time.monotonic()
    assert not fits(pattern, text)
    assert time.monotonic() - started < 20


def test_quick_patterns_are_quick():
    started = time.process_time()
    assert not fits(".*a.*", "b" * 2000)
    assert not fits("a*b*", "a" * 1999 + "c")
    assert time.process_time() - started < 0.5


def test_what_a_group_found_once_more_is_looked_for_apart():
    started = time.process_time()
    assert not fits(r"(.*)(.*)\1\2x", "a" * 2000)
    assert time.process_time() - started < 0.2
