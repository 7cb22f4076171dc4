"""Tests for what AWS's SDK remembers: it answers as before, and finds it out once."""

from functools import partial

import pytest
from botocore import compat, hooks, loaders, session, useragent

from lab_harness.emulators.inside.functions import sdk


@pytest.fixture
def remembering(monkeypatch):
    """The SDK while it remembers."""
    for owner, name in (
        (session, "create_loader"),
        (hooks, "accepts_kwargs"),
        (useragent, "sanitize_user_agent_string_component"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(hooks, "EventAliaser", type("EventAliaser", (hooks.EventAliaser,), {}))
    sdk.remember()


class Handler:
    """Handlers of several kinds."""

    def plain(self, request): ...

    def open(self, request, **kwargs): ...

    def __call__(self, request, **kwargs): ...


class Unhashable(dict):
    def open(self, **kwargs): ...


HANDLERS = {
    "method": Handler().plain,
    "method with any": Handler().open,
    "object": Handler(),
    "method of what has no hash": Unhashable().open,
    "partial": partial(Handler().open, 1),
    "function": lambda **_: 1,
    "function of Python's": print,
}


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_handler_takes_the_same_keywords_as_before(remembering, kind):
    handler = HANDLERS[kind]
    assert bool(hooks.accepts_kwargs(handler)) == bool(compat.accepts_kwargs(handler))


class Recorder:
    """An emitter that answers with the name of the event."""

    def emit(self, name):
        return name


EVENTS = [
    "before-call.apigateway.GetRestApis",
    "before-call.states",
    "creating-client-class.autoscaling-plans",
    "",
    "a",
]
NAMED = {name: hooks.EventAliaser(Recorder()).emit(name) for name in EVENTS}  # by the SDK as it is


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_has_the_same_name_as_before(remembering, name):
    aliasers = [hooks.EventAliaser(Recorder()) for _ in range(2)]
    assert {each.emit(name) for each in aliasers} == {NAMED[name]}


def test_sessions_share_what_they_read_and_find_out(remembering):
    first, second = session.Session(), session.Session()
    assert first.get_component("data_loader") is second.get_component("data_loader")
    agents = [each.create_client("sqs", "us-east-1").meta.config.user_agent for each in (first, second)]
    found_out = useragent.sanitize_user_agent_string_component.cache_info()
    assert agents[0] == agents[1]
    assert found_out.hits > found_out.misses > 0
    assert loaders.create_loader() is not loaders.create_loader()
