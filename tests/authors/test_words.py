"""Tests for names in texts."""

import pytest

from lab_harness.authors.words import mentions


@pytest.mark.parametrize(
    ("text", "told"), [('{"id": "o-1"}', True), ("o-1", True), ('"o-17"', False), ("oo-1", False), ("o-1-2", False)]
)
def test_a_name_is_mentioned_as_a_whole(text, told):
    assert mentions(text, "o-1") is told


def test_a_name_is_no_regular_expression():
    assert not mentions("o17", "o.7")
    assert mentions("the file a+b.jpg was read", "a+b.jpg")
