"""Tests for what the poller reads in a function's answer, and what fits into one event."""

import pytest

from lab_harness.emulators.inside.functions.event_sources.batches import LARGEST_EVENT, Filling, reported


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}])
def test_answer_that_names_nobody_is_a_success(answer):
    assert reported(answer, ["1", "2"]) == set()


def test_answer_names_what_failed():
    answer = {"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]}
    assert reported(answer, ["1", "2", "3"]) == {"2", "3"}


@pytest.mark.parametrize("items", [
    [{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"id": "1"}], [{"itemIdentifier": "unknown"}], ["1"],
    [{"itemIdentifier": "1"}, {"itemIdentifier": ""}], "1", [{"itemIdentifier": 1}],
])  # fmt: skip
def test_answer_that_names_somebody_unknown_fails_all(items):
    assert reported({"batchItemFailures": items}, ["1", "2"]) is None


@pytest.mark.parametrize("answer", ["done", 1, ["1"], '{"batchItemFailures": []}'])
def test_answer_that_is_no_object_fails_all(answer):
    assert reported(answer, ["1"]) is None


def test_event_has_so_many_records_and_no_more_than_lambda_takes():
    filling = Filling(2)
    large = {"data": "x" * (LARGEST_EVENT // 2)}
    assert filling.takes({"data": "x" * 2 * LARGEST_EVENT})  # alone, so that it does not block
    filling.add("first", large)
    assert not filling.takes(large)
    assert filling.takes({})
    filling.add("second", {})
    assert not filling.takes({})
    assert filling.records == ["first", "second"]
