"""Tests for spans of time as people read them."""

import pytest

from lab_harness.spans import rounded, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"), (0.0000001, "<1 ms"), (0.0009, "<1 ms"), (0.001, "1 ms"), (0.0042, "4 ms"), (0.9994, "999 ms"),
        (0.9996, "1.0 s"), (1, "1.0 s"), (2.54, "2.5 s"), (75, "75.0 s"), (120, "2 min"), (3_661, "1 h 1 min 1 s"),
        (26 * 3_600, "26 h"), (7 * 86_400, "7 d"), (2 * 86_400 + 61, "2 d 1 min 1 s"),
    ],
)  # fmt: skip
def test_span_of_time_for_people(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(60.0000002, "1 min"), (75, "1 min 15 s"), (6, "6 s"), (0.25, "250 ms")])
def test_span_in_whole_seconds(seconds, text):
    assert rounded(seconds) == text
