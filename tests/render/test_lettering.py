"""Tests for how texts are measured and broken into lines."""

import pytest

from lab_harness.render.lettering import text_width, wrapped


def test_bold_text_and_long_text_are_wider():
    assert text_width("ab") < text_width("ab", bold=True) < text_width("abc")
    assert text_width("ab", 11) < text_width("ab", 13)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("Pets", ["Pets"]),
        ("pet-shop-site-000000000000", ["pet-shop-site-", "000000000000"]),
        ("/aws/lambda/hello-world", ["/aws/lambda/", "hello-world"]),
        ("myEmailNotification", ["myEmail", "Notification"]),
        ("Invocations, Errors, Duration", ["Invocations,", "Errors,", "Duration"]),
        ("x" * 30, ["x" * 14, "x" * 14, "xx"]),
    ],
)
def test_text_is_broken_where_a_name_has_a_joint_else_anywhere(text, lines):
    assert wrapped(text, 130, 13, bold=True) == lines
    assert all(text_width(line, 13, bold=True) <= 130 for line in lines)


def test_nothing_of_a_text_is_lost_however_narrow_its_place_is():
    text = "<script>alert('x')</script> über—Größe"
    assert "".join(wrapped(text, 1)).replace(" ", "") == text.replace(" ", "")
