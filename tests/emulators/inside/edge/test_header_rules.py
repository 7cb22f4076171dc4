"""Tests for the headers that functions at the edge do not see, or may not change."""

import pytest

from lab_harness.emulators.inside.edge import header_rules


def test_hidden_headers_are_not_seen():
    headers = {"x-edge-a": "1", "connection": "close", "x-amz-cf-id": "2", "accept": "a", "set-cookie": ["b", "c"]}
    assert header_rules.seen(headers) == {"accept": ["a"], "set-cookie": ["b", "c"]}


@pytest.mark.parametrize(
    ("event", "name", "in_lambda", "kept"),
    [
        ("viewer-request", "host", False, True),
        ("origin-request", "host", True, False),
        ("origin-request", "accept-encoding", True, True),
        ("origin-response", "via", True, True),
        ("viewer-response", "content-length", False, False),
        ("viewer-response", "content-length", True, True),
        ("viewer-response", "warning", False, True),
    ],
)
def test_what_is_read_only_depends_on_the_event(event, name, in_lambda, kept):
    for before, after in (({name: 1}, {}), ({}, {name: 1}), ({name: 1}, {name: 2})):
        assert bool(header_rules.forbidden(event, before, after, in_lambda)) == kept
    assert not header_rules.forbidden(event, {name: 1}, {name: 1}, in_lambda)


def test_headers_of_one_value_are_texts():
    assert header_rules.joined({"a": ["1"], "b": ["1", "2"], "c": []}) == {"a": "1", "b": ["1", "2"]}


def test_only_what_http_can_carry_is_sent_on():
    good = {"x-a": "b c", "set-cookie": ["a=1", "b=2"], "etag": ""}
    bad = {"x b": "c", "x-c": "a\r\nx-d: e", "set-cookie2": ["a", "b\n"], "transfer-encoding": "identity", "X-E": "f"}
    assert header_rules.carried(good | bad) == good
