"""Tests for what is read off a request before the service reads it."""

import json

import pytest

from lab_harness.emulators.inside.permissions.authorization.bodies import read_json


def test_a_body_that_is_asked_about_again_is_not_read_again():
    body, another = b'{"Name": "a"}', b'{"Name": "b"}'
    first = read_json(body)
    assert read_json(body) is first
    assert [read_json(another), read_json(body)] == [{"Name": "b"}, {"Name": "a"}]


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_without_members_has_none(body):
    assert read_json(json.dumps({"Name": "a"}).encode())
    assert read_json(body) == {}
