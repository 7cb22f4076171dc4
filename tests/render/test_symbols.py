"""Tests for which symbol stands for what."""

import re

import pytest

from lab_harness.render.symbols import OUTSIDE, PATHS, WORDS, symbol_of


@pytest.mark.parametrize(
    ("kind", "symbol"),
    [
        ("Lambda function", "function"), ("3 Lambda functions", "function"), ("dead-letter queue", "queue"),
        ("REST API, stage prod", "api"), ("API key", "key"), ("EventBridge rule", "rule"), ("test event", "event"),
        ("S3 website", "bucket"), ("state machine", "machine"), ("monkey", "thing"), ("", "thing"),
    ],
)  # fmt: skip
def test_kind_of_a_resource_says_which_symbol_it_has(kind, symbol):
    assert symbol_of(kind) == symbol


def test_where_the_kind_says_nothing_the_label_may():
    assert symbol_of("shows the pet shop", "a browser") == "browser"


def test_every_symbol_is_drawn_and_differs_from_the_others():
    assert {*WORDS.values(), *OUTSIDE} <= PATHS.keys()
    assert len(set(PATHS.values())) == len(PATHS)
    assert all(re.fullmatch(r"[MLHVCAZmlhvcaz0-9 .-]+", path) for path in PATHS.values())
