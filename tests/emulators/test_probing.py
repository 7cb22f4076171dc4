"""Tests for asking an emulator whether it has a service: whatever it answers, no question changes anything."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import botocore.session
import pytest

from lab_harness.emulators import probing
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import all_labs
from tests.serving import Quiet, serving

LICENCE = {"__type": "InternalFailure", "message": "not included in your current license plan"}


@contextmanager
def answering(*answers):
    """A server that gives these answers in turn, the last one for ever; yields its endpoint and what it was asked."""
    asked = []

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers[min(len(asked), len(answers) - 1)]
            asked.append((self.command, self.path))
            page = isinstance(body, bytes)
            body = body if page else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if page else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

    with serving(Handler) as endpoint:
        yield endpoint, asked


@pytest.mark.parametrize(
    ("answer", "there"),
    [
        ((200, {"Items": []}), True),
        ((403, {"__type": "AccessDeniedException", "message": "no"}), True),
        ((400, {"__type": "ValidationException", "message": "no"}), True),
        ((501, LICENCE), False),
        ((500, {"__type": "InternalError", "message": "unknown operation"}), False),
        ((400, {"__type": "UnknownOperationException"}), False),
        ((400, {"__type": "UnsupportedOperation"}), False),
        ((404, b"<html>Not Found</html>"), False),
        ((200, b"<html>Hello</html>"), False),
    ],
)
def test_answer_tells_whether_a_service_is_there(answer, there):
    with answering(answer) as (endpoint, _):
        assert probing.has(endpoint, "apigatewayv2") is there


def test_service_that_lacks_an_operation_is_asked_for_others():
    with answering((400, {"__type": "UnknownOperationException"}), (200, {"Items": []})) as (endpoint, asked):
        assert probing.has(endpoint, "apigatewayv2")
    assert len(asked) == 2


def test_service_that_is_not_there_is_asked_five_times_at_most():
    with answering((501, LICENCE)) as (endpoint, asked):
        assert not probing.has(endpoint, "apigatewayv2")
    assert len(asked) == 5
    assert {method for method, _ in asked} == {"GET"}


def test_endpoint_where_nothing_answers_is_told_from_one_that_lacks_a_service():
    with pytest.raises(EmulatorNotReady):
        probing.has(f"http://127.0.0.1:{free_port()}", "sqs")


def test_services_of_all_labs_can_be_asked_without_changing_anything(course):
    session = botocore.session.Session()
    for service in {name for lab in all_labs(course) for name in lab.file.services}:
        asked = dict(probing.questions(session.get_service_model(service)))
        assert asked
        assert all(name.startswith(("List", "Describe", "Get")) for name in asked)
