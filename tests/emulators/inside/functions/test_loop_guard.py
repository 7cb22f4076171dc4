"""Tests for the guard against functions that call themselves, and for what it costs those that do not."""

from types import SimpleNamespace

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions import loop_guard
from tests.emulators.inside.functions.test_runtime import ROLE, create
from tests.roles import ready

LOADED = """
import sys

def handler(event, context):
    return [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore")]
"""
# boto3's own event tells what a client is about to send.
SENDS = """
import os

{imported}

def handler(event, context):
    sent = []
    client = boto3.client("sqs")
    client.meta.events.register("before-send.sqs", lambda request, **_: sent.append(dict(request.headers)))
    client.list_queues()
    return sent[0].get("X-Ministack-Invoke-Depth", b"none").decode()
"""


@pytest.fixture(scope="module")
def lambda_(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    return Clients(embedded)["lambda"]


def test_function_that_does_not_use_boto3_does_not_wait_for_it(lambda_):
    assert create(lambda_, "plain", LOADED)().payload == []


@pytest.mark.parametrize("first", ["boto3", "botocore.handlers", "botocore.session"])
def test_what_a_function_sends_tells_how_deep_in_a_chain_of_calls_it_is(lambda_, first):
    source = SENDS.format(imported=f"import {first}, boto3")
    assert create(lambda_, first.replace(".", "-"), source, Timeout=20)().payload == "1"


@pytest.fixture
def installed(monkeypatch):
    """How often the guard was installed, in a process that has no finders but ours."""
    calls = []
    monkeypatch.setattr(loop_guard, "_ms_install_invoke_depth", lambda: calls.append(1), raising=False)
    monkeypatch.setattr(loop_guard, "sys", SimpleNamespace(modules={}, meta_path=[]))
    return calls


def test_guard_is_installed_once_when_botocore_is_about_to_make_sessions(installed):
    loop_guard.guard_against_loops()
    (finder,) = loop_guard.sys.meta_path
    assert [finder.find_spec(name) for name in ("botocore", "botocore.handlers")] == [None, None]
    assert installed == []
    assert finder.find_spec("botocore.session", ["folder"], None) is None
    assert (installed, loop_guard.sys.meta_path) == ([1], [])


def test_guard_is_installed_at_once_where_botocore_is_loaded_as_where_submissions_are_graded(installed):
    loop_guard.sys.modules["botocore.session"] = None
    loop_guard.guard_against_loops()
    assert (installed, loop_guard.sys.meta_path) == ([1], [])
