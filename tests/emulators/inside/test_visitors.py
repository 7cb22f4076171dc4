"""Tests for visitors who make no AWS call: the call log has what they did, and a check's visits are probes."""

import json

import pytest
from websocket import WebSocketBadStatusException

from lab_harness.authors.http import Http
from lab_harness.emulators.base import AT_EDGE
from tests.emulators.inside.apis.test_websockets import api as api  # noqa: PLC0414  a fixture
from tests.emulators.inside.edge.distributions.conftest import site as site  # noqa: PLC0414  a fixture
from tests.emulators.inside.edge.lambdas.conftest import REQUEST
from tests.emulators.inside.edge.lambdas.conftest import edge as edge  # noqa: PLC0414  a fixture
from tests.waiting import PATIENCE, wait_until


def visits(emulator, service):
    """Of what the call log has of a service, without paths of API's: what was asked, the status, who it was."""
    calls = [call for call in emulator.calls() if call.service == service]
    return [(call.operation, call.status, call.caller, call.probe) for call in calls]


def test_requests_to_a_distribution_are_the_viewers_or_a_checks(site, embedded):
    site.ask("/about.html")
    site.http = site.clients["http"]
    site.ask("/nothing.html")
    assert visits(embedded, "distribution") == [
        ("GET /about.html", 200, "learner", False),
        ("GET /nothing.html", 403, "checks", True),
    ]


def test_a_request_names_its_distribution_by_the_comment(site, embedded):
    site.change(Comment="pet-edge")
    site.ask("/about.html")
    (call,) = (call for call in embedded.calls() if call.service == "distribution")
    assert "pet-edge" in call.about


def test_what_runs_at_the_edge_for_a_check_is_a_probe(edge, embedded):
    edge.at("viewer-request", f"{REQUEST}    print(request['uri'])\n    return request")
    edge.viewer.ask("/about.html")
    edge.viewer.http = edge.clients["http"]
    edge.viewer.ask("/index.html")
    runs = wait_until(lambda: len(found := embedded.runs(f"{AT_EDGE}edge")) == 2 and found)
    assert [(run.probe, "/about.html" in run.lines) for run in runs] == [(False, True), (True, False)]


def test_a_page_of_a_website_runs_nothing_and_is_not_noted(embedded, clients):
    Http(embedded.endpoint).request("GET", "/", host="nobodys.s3-website.localhost")
    assert {call.service for call in embedded.calls()} == set()


def connect(http, api, query):
    """Connect, say something, and go; or be refused."""
    socket = http.connect(api, "live", query, timeout=PATIENCE)
    socket.send(json.dumps({"action": "say"}))
    socket.close()


def test_whoever_connects_is_noted_with_each_message_and_a_check_is_a_probe(api, embedded):
    anybody = Http(embedded.endpoint)
    connect(anybody, api, "?key=right")
    connect(Http(embedded.endpoint, lambda: embedded.marks), api, "?key=right")
    with pytest.raises(WebSocketBadStatusException):
        connect(anybody, api, "?key=wrong")
    found = wait_until(lambda: len(seen := visits(embedded, "execute-api")) == 7 and seen)
    assert sorted(found) == sorted(
        [
            ("CONNECT /live", 101, "learner", False), ("MESSAGE /live", 200, "learner", False),
            ("DISCONNECT /live", 200, "learner", False), ("CONNECT /live", 101, "checks", True),
            ("MESSAGE /live", 200, "checks", True), ("DISCONNECT /live", 200, "checks", True),
            ("CONNECT /live", 401, "learner", False),
        ]
    )  # fmt: skip
    runs = wait_until(lambda: len(seen := embedded.runs("hello")) == 3 and seen)
    assert [(run.by, run.probe) for run in runs] == [(f"execute-api {api}", probe) for probe in (False, True, False)]
    assert not any("x-lab-token" in run.event.lower() for run in runs)
