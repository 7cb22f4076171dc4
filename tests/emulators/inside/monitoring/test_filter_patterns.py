"""Tests for filter patterns of CloudWatch Logs: which lines fit them, and what is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_harness.emulators.inside.monitoring.filter_patterns import PatternError, matcher

LINE = json.dumps({
    "level": "ERROR", "tries": 3, "cost": 1.5e2, "ok": False, "sure": True, "none": None, "code": "404",
    "user": {"name": "Ana Bell", "roles": ["vet", "owner"], "id-no": 7}, "items": [{"price": 5}, {"price": 50}],
})  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ('{ $.level = "ERROR" }', True), ("{ $.level = ERROR }", True), ("{$.level=ERROR}", True),
        ('{ $.level = "error" }', False), ('{ $.level = "ERR*" }', True), ("{ $.level = *OR }", True),
        ('{ $.level = "ERR" }', False), ('{ $.level != "INFO" }', True), ('{ $.level != "ERROR" }', False),
        ("{ $.tries = 3 }", True), ("{ $.tries = 3.0 }", True), ("{ $.tries > 2 }", True), ("{ $.tries > 3 }", False),
        ("{ $.tries >= 3 }", True), ("{ $.tries <= 2 }", False), ("{ $.tries < 4 }", True),
        ("{ $.cost = 1.5e2 }", True),
        ("{ $.code = 404 }", True), ("{ $.code > 400 }", False), ("{ $.tries != 3 }", False),
        ("{ $.ok IS FALSE }", True), ("{ $.ok IS TRUE }", False), ("{ $.sure IS TRUE }", True),
        ("{ $.none IS NULL }", True), ("{ $.none NOT EXISTS }", False), ("{ $.other NOT EXISTS }", True),
        ("{ $.other IS NULL }", False), ("{ $.other = 1 }", False), ("{ $.other != 1 }", False),
        ('{ $.user.name = "Ana Bell" }', True), ("{ $.user.roles[0] = vet }", True),
        ("{ $.user.roles[1] = vet }", False),
        ("{ $.user.roles[9] NOT EXISTS }", True), ("{ $.user.id-no = 7 }", True), ("{ $.items[*].price > 40 }", True),
        ("{ $.items[*].price > 60 }", False),
        (f"{{ {' && '.join(['$.items[*].price = 5'] * 3)} }}", True), ("{ $.level.name = x }", False),
        ("{ $.level = ERROR && $.tries > 2 }", True), ("{ $.level = ERROR && $.tries > 3 }", False),
        ("{ $.level = INFO || $.tries > 2 }", True), ("{ ($.level = INFO || $.tries > 2) && $.ok IS TRUE }", False),
        ("{ $.level = INFO || $.tries > 2 && $.ok IS FALSE }", True), ("{ (($.tries = 3)) }", True),
        ('{ $.level = "ER?OR" }', False), ('{ $.level = "[E]RROR" }', False),
        ("ERROR", True), ("ERROR Bell", True), ("ERROR -Bell", False), ('"Ana Bell"', True), ("?INFO ?ERROR", True),
        ("error", False), ("", True),
    ],
)  # fmt: skip
def test_line_fits(pattern, fitting):
    assert matcher(pattern)(LINE) is fitting


@pytest.mark.parametrize("line", ["", "ERROR", "[1]", '"level"', "{", '{"level": "ERROR"', "[" * 100_000])
def test_line_that_is_no_object_fits_no_pattern_of_json(line):
    assert not matcher("{ $.level NOT EXISTS }")(line)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[ip, user]", "none of columns"), ("{ $.a = 1", "ends in a brace"), ("{ }", "needs path"),
        ("{ $.a }", "needs"),
        ("{ $.a = }", "needs quoted or plain"), ("{ $.a > x }", "no number"), ("{ $.a > NaN }", "no number"),
        ("{ ($.a = 1 }", "not closed"), ("{ $.a = 1) }", "there for"),
        ("{ $.a = %x% }", "regular expressions are none"),
        ("{ a = 1 }", "needs path"), ("{ $.a && 1 }", "compares nothing"), ("{" + "(" * 1000 + "}", "deeply|needs"),
        ("x" * 1025, "longer than 1024"), ("{ $.a[*].b[*] = 1 }", "1 .* at most"),
        (f"{{ {' || '.join(['$.a[*] = 1'] * 4)} }}", "a pattern 3"),
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_told(pattern, words):
    with pytest.raises(PatternError, match=words):
        matcher(pattern)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*'{}()[]$.=<>!&|%\\"* ', "$.a", "IS NULL", "&&", "||", "1", "x"])).map("".join),
    st.sampled_from([LINE, '{"a": 1}', "x"]),
)
def test_any_text_is_a_pattern_or_told_to_be_none(pattern, line):
    for text in (pattern, "{" + pattern + "}"):
        try:
            assert matcher(text)(line) in (True, False)
        except PatternError as error:
            assert str(error)
