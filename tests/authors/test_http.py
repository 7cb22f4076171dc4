"""Tests for plain HTTP requests: what is sent, what comes back, and what is made of no answer."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import urllib3
from websocket import WebSocketBadStatusException

from lab_harness.authors.checks import Failure
from lab_harness.authors.http import SHOWN_TEXT, Http, Response
from lab_harness.authors.http_clients import CLIENTS, REQUESTS, URLLIB3
from lab_harness.aws import Clients
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady, ForeignEndpoint
from tests.labs.helpers import zipped
from tests.roles import let_in, ready
from tests.waiting import PATIENCE, in_thread, wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"


class Server(ThreadingHTTPServer):
    """Answers each path as `answers` says: (status, headers, body); remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests, self.released = {}, [], threading.Event()
        self.endpoint = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """A client that has gone is no news here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.command, self.path, self.headers, body))
        if self.path == "/slow":
            self.server.released.wait(10)
        status, headers, body = self.server.answers.get(self.path, (200, {}, b""))
        self.send_response_only(status)
        for name, value in [*headers, *([] if "Content-Length" in dict(headers) else [("Content-Length", len(body))])]:
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = "Content-Length" in dict(headers)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def http(server):
    return Http(server.endpoint)


def sent(server):
    """The last request's headers and body."""
    _, _, headers, body = server.requests[-1]
    return headers, body


# What is sent


def test_method_and_path_are_sent_as_given(server, http):
    http.request("DELETE", "/pets/a%20b?kind=cat&kind=dog")
    assert server.requests[0][:2] == ("DELETE", "/pets/a%20b?kind=cat&kind=dog")


def test_path_that_is_no_ascii_is_escaped(server, http):
    http.request("GET", "/größe?name=✓ ok")
    assert server.requests[0][1] == "/gr%C3%B6%C3%9Fe?name=%E2%9C%93%20ok"


def test_no_body_is_sent_without_one(server, http):
    http.request("GET", "/")
    headers, body = sent(server)
    assert (body, headers["Content-Type"]) == ("", None)


def test_text_is_sent_as_it_is(server, http):
    http.request("POST", "/", "größe=1")
    headers, body = sent(server)
    assert (body, headers["Content-Type"]) == ("größe=1", None)


@pytest.mark.parametrize("data", [{"name": "größe"}, [], {}, 0, False])
def test_anything_else_is_sent_as_json(server, http, data):
    http.request("POST", "/", data)
    headers, body = sent(server)
    assert (json.loads(body), headers["Content-Type"]) == (data, "application/json")


@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
def test_content_type_that_is_given_stands_alone(server, http, name):
    http.request("POST", "/", {}, {name: "application/vnd.api+json"})
    assert sent(server)[0].get_all("Content-Type") == ["application/vnd.api+json"]


def test_headers_are_sent_and_the_user_agent_may_be_ones_own(server, http):
    http.request("GET", "/", headers={"X-Api-Key": "secret"})
    headers, _ = sent(server)
    assert (headers["X-Api-Key"], len(headers.get_all("User-Agent"))) == ("secret", 1)
    http.request("GET", "/", headers={"user-agent": "curl/8"})
    assert sent(server)[0].get_all("User-Agent") == ["curl/8"]


@pytest.mark.parametrize(("client", "send"), [(REQUESTS, requests.request), (URLLIB3, urllib3.request)])
@pytest.mark.parametrize("data", [None, {"name": "Ana", "pets": ["cat", "dog"]}])
def test_a_request_is_to_the_letter_what_a_client_of_the_notebooks_sends(server, http, monkeypatch, client, send, data):
    monkeypatch.setattr("lab_harness.authors.http.CLIENTS", (client,))
    send("PUT", f"{server.endpoint}/pets", json=data)
    headers, body = sent(server)
    http.request("PUT", "/pets", data)
    ours, our_body = sent(server)
    assert (ours.items(), our_body) == (headers.items(), body)


def test_requests_come_from_several_clients(server, http):
    wait_until(lambda: http.request("GET", "/") and len(agents(server)) == len(CLIENTS))


def agents(server):
    return {headers["User-Agent"] for _, _, headers, _ in server.requests}


def test_host_is_the_name_with_the_emulators_port(server, http):
    http.request("GET", "/")
    assert sent(server)[0]["Host"] == f"127.0.0.1:{server.server_port}"
    http.request("GET", "/", host="pets.s3-website.localhost")
    assert sent(server)[0]["Host"] == f"pets.s3-website.localhost:{server.server_port}"


@pytest.mark.parametrize(
    ("stage", "path"), [("prod", "/_aws/execute-api/abc/prod/pets"), ("$default", "/_aws/execute-api/abc/pets")]
)
def test_api_is_asked_at_its_stage(server, http, stage, path):
    http.api("abc", stage, "POST", "/pets", {"name": "Rex"}, {"X-Api-Key": "secret"})
    assert server.requests[0][:2] == ("POST", path)
    headers, body = sent(server)
    assert (headers["X-Api-Key"], json.loads(body)) == ("secret", {"name": "Rex"})


# Where it is sent


@pytest.mark.parametrize(
    "endpoint", ["https://api.example.com", "http://169.254.169.254", "http://127.0.0.1@evil.example"]
)
def test_foreign_endpoint_is_refused(endpoint):
    with pytest.raises(ForeignEndpoint, match="nothing was sent"):
        Http(endpoint)


def test_path_cannot_lead_to_another_host(server, http):
    for path in ("@evil.example/", "http://evil.example/", "pets", ""):
        with pytest.raises(ValueError, match="does not begin with a slash"):
            http.request("GET", path)
    http.request("GET", "//evil.example/")
    assert len(server.requests) == 1  # to our own host


def test_proxies_of_the_environment_are_ignored(server):
    source = f"from lab_harness.authors.http import Http\nprint(Http('{server.endpoint}').request('GET', '/'))"
    nowhere = f"http://127.0.0.1:{free_port()}"
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"), nowhere)
    environ = {name: value for name, value in os.environ.items() if name.upper() != "NO_PROXY"} | proxies
    done = subprocess.run([sys.executable, "-c", source], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "200 with no body\n"


# What comes back


def test_answer_has_status_headers_in_lower_case_and_text(server, http):
    server.answers["/"] = (201, [("X-Pets", "Rex")], "größe".encode())
    answer = http.request("GET", "/")
    assert (answer.status, answer.headers["x-pets"], answer.text) == (201, "Rex", "größe")


def test_headers_that_come_twice_are_both_there(server, http):
    server.answers["/"] = (200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"")
    assert http.request("GET", "/").headers["set-cookie"] == "a=1, b=2"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_an_answer_and_not_followed(server, http, status):
    server.answers["/old"] = (status, [("Location", "/new")], b"")
    answer = http.request("POST", "/old", "text")
    assert (answer.status, answer.headers["location"]) == (status, "/new")
    assert [request[1] for request in server.requests] == ["/old"]


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502, 503])
def test_error_is_an_answer_and_not_tried_again(server, http, status):
    server.answers["/"] = (status, [("Retry-After", "1")], b'{"message": "no"}')
    assert (http.request("GET", "/").status, len(server.requests)) == (status, 1)


def test_body_is_unpacked_and_odd_bytes_are_shown_as_such(server, http):
    server.answers["/packed"] = (200, [("Content-Encoding", "deflate")], zlib.compress(b"hello"))
    server.answers["/odd"] = (200, [], b"\xff\xfe!")
    assert http.request("GET", "/packed").text == "hello"
    assert http.request("GET", "/odd").text == "��!"


@pytest.mark.parametrize(("text", "data"), [('{"a": 1}', {"a": 1}), ("[]", []), ("null", None), ('"text"', "text")])
def test_body_as_json(text, data):
    assert Response(200, {}, text).json() == data


@pytest.mark.parametrize("text", ["", "<html>", "{'a': 1}", "{", "[" * 100_000])
def test_body_that_is_no_json_is_none(text):
    assert Response(200, {}, text).json() is None


@pytest.mark.parametrize(("text", "fields"), [('{"a": 1}', {"a": 1}), ("[1]", {}), ("7", {}), ("<html>", {}), ("", {})])
def test_fields_of_a_body_that_is_no_object_are_none(text, fields):
    assert Response(200, {}, text).fields() == fields


def test_answer_as_text_is_evidence_and_not_too_long():
    assert str(Response(404, {}, '{"message":"Not Found"}')) == '404 {"message":"Not Found"}'
    assert str(Response(204, {}, "")) == "204 with no body"
    assert str(Response(200, {}, "x" * SHOWN_TEXT)) == "200 " + "x" * SHOWN_TEXT
    assert str(Response(200, {}, "x" * (SHOWN_TEXT + 1))) == "200 " + "x" * SHOWN_TEXT + "…"


# No answer


def test_answer_may_take_longer_than_connecting(server, monkeypatch):
    monkeypatch.setattr("lab_harness.authors.http.CONNECT_TIMEOUT", 0.1)
    threading.Timer(0.3, server.released.set).start()
    assert Http(server.endpoint).request("GET", "/slow").status == 200


def test_no_answer_in_time_is_the_learners_to_mend(server, monkeypatch):
    monkeypatch.setattr("lab_harness.authors.http.READ_TIMEOUT", 0.1)
    with pytest.raises(Failure) as caught:
        Http(server.endpoint).request("GET", "/slow")
    failure = caught.value
    assert (failure.expected, failure.found) == ("an answer to GET /slow", "no answer within 0.1 s")
    assert failure.next_step == "Look in the function for an endless loop or a long wait."


def test_body_that_is_not_packed_as_its_header_says_is_the_learners_to_mend(server, http):
    server.answers["/"] = (200, [("Content-Encoding", "gzip")], b"plain")
    with pytest.raises(Failure) as caught:
        http.request("GET", "/")
    assert caught.value.found == (
        "a body that does not fit its headers: Received response with content-encoding: gzip, but failed to decode it."
    )


def test_body_shorter_than_its_header_says_is_the_learners_to_mend(server, http):
    server.answers["/"] = (200, [("Content-Length", 500)], b"plain")
    with pytest.raises(Failure, match=r"does not fit its headers: .*5 bytes read, 495 more expected"):
        http.request("GET", "/")


def test_emulator_that_is_gone_is_no_fault_of_the_learners(server, http):
    http.request("GET", "/")
    gone = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(EmulatorNotReady) as caught:
        Http(gone).request("GET", "/")
    assert str(caught.value) == f"The emulator stopped answering at {gone}. Start it with: lab start"


def test_emulator_that_ends_before_it_answers_is_gone_too():
    with answering(b"", listens_on=False) as http, pytest.raises(EmulatorNotReady, match="stopped answering"):
        http.request("GET", "/")


@contextmanager
def answering(answer, listens_on=True, times=1):
    """An Http whose server sends these bytes, whatever it is asked, and closes the connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        for _ in range(times):
            connection = listening.accept()[0]
            connection.recv(1 << 16)
            if not listens_on:
                listening.close()
            with connection, suppress(OSError):
                for part in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(part)

    serving = in_thread(serve)
    yield Http(f"http://127.0.0.1:{listening.getsockname()[1]}")
    serving.result(PATIENCE)
    listening.close()


HEADERS = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (HEADERS + b"x: y\r\n" * 150 + b"\r\n", "what is no HTTP response: got more than 100 headers"),
        (HEADERS + b"x: " + b"y" * 100_000 + b"\r\n\r\n", "no HTTP response: got more than 65536 bytes"),
        (b"garbage\r\n\r\n", "what is no HTTP response"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "a connection that was closed before the answer"),
        (b"", "a connection that was closed before the answer"),
        ([HEADERS + b"\r\n", *[bytes(1 << 20)] * 12], "a body of more than 10 MiB"),
    ],
)
def test_answer_that_cannot_be_read_is_the_learners_to_mend(answer, found):
    with answering(answer) as http, pytest.raises(Failure) as caught:
        http.request("GET", "/")
    assert found in caught.value.found


def test_redirected_handshake_is_a_refusal_and_leads_nowhere():
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        place = f"ws://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
        with answering(answer.encode()) as http, pytest.raises(WebSocketBadStatusException) as caught:
            http.connect("api", "live", timeout=PATIENCE)
        assert caught.value.status_code == 302
        with pytest.raises(BlockingIOError):  # Nobody has come.
            elsewhere.accept()


def test_redirect_that_leads_nowhere_is_a_refusal_too():
    with answering(b"HTTP/1.1 307 x\r\n\r\n") as http, pytest.raises(WebSocketBadStatusException, match="307"):
        http.connect("api", "live", timeout=PATIENCE)


def test_body_that_trickles_ends_in_time(monkeypatch):
    monkeypatch.setattr("lab_harness.authors.http.LONGEST_ANSWER", 0.3)

    def parts():
        yield HEADERS + b"\r\n"
        for _ in range(100):
            yield b"x"
            time.sleep(0.05)

    with answering(parts()) as http, pytest.raises(Failure, match=r"not whole within 0\.3 s"):
        http.request("GET", "/")


def test_whatever_bytes_come_are_an_answer_or_the_learners_to_mend():
    chosen = random.Random(10)
    bits = [HEADERS, b"HTTP/1.1 ", b"100", b"204", b"999999", b"\r\n", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"zz"]
    bits += [b"Content-Length: 9", b"Content-Length: -1", b"Content-Length: x", b"Transfer-Encoding: chunked"]
    bits += [
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate, br, x",
        b"ffffffff",
        b"-1",
        b"5",
        b": ",
        b"{" * 9000,
    ]
    for _ in range(300):
        answer = b"".join(chosen.choices([HEADERS, b""]) + chosen.choices(bits, k=chosen.randrange(8)))
        with answering(answer) as http, suppress(Failure):
            http.request("GET", "/").json()


# Websites


def test_site_is_its_first_page_and_what_that_and_its_files_name(server, http):
    page = b"""<link rel=stylesheet href="style.css?v=2"><script src='js/app.js'></script><script src=plain.js></script>
        <script src="https://cdn.example/far.js"></script><script src="//cdn.example/far.js"></script>"""
    server.answers |= {
        "/": (200, [], page),
        "/js/app.js": (200, [], b'import {x} from "./lib.mjs"; fetch("/config.json")'),
        "/js/lib.mjs": (200, [], b'import "./app.js"'),
    }
    files = http.site("pets.s3-website.localhost")
    assert list(files) == ["/", "/style.css", "/js/app.js", "/plain.js", "/js/lib.mjs", "/config.json"]
    assert files["/js/lib.mjs"].text == 'import "./app.js"'
    assert {request[2]["Host"].partition(":")[0] for request in server.requests} == {"pets.s3-website.localhost"}


def test_site_is_asked_for_a_file_above_its_top_as_browsers_do(server, http):
    server.answers |= {"/": (200, [], b'<script src="../app.js"></script>'), "/app.js": (200, [], b"")}
    assert list(http.site("pets")) == ["/", "/app.js"]


def test_site_with_an_error_page_that_names_files_ends(server, http, monkeypatch):
    page = b'<script src="js/app.js"></script>'
    server.answers |= {"/": (200, [], page), "/js/app.js": (404, [], page)}
    assert [(path, answer.status) for path, answer in http.site("pets").items()] == [("/", 200), ("/js/app.js", 404)]


# On the emulator


def test_requests_are_logged_as_the_checks_own_whatever_they_say_to_be(embedded):
    http = Clients(embedded)["http"]
    before = max((call.number for call in embedded.calls()), default=0)
    http.api("nowhere", "prod", "GET", "/pets")
    http.api("nowhere", "prod", "GET", "/pets", headers={"User-Agent": "Mozilla/5.0"})
    calls = [(call.service, call.operation, call.caller, call.status) for call in embedded.calls(since=before)]
    assert calls == [
        ("execute-api", "GET /prod/pets", "checks", 404),
        ("execute-api", "GET /prod/pets", "checks", 404),
    ]


ECHO = """
def lambda_handler(event, context):
    if event["rawPath"].endswith("/packed"):
        return {"statusCode": 200, "headers": {"Content-Encoding": "gzip"}, "body": "plain"}
    return {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": event["body"]}
"""


def test_api_of_the_emulators_answers(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    clients = Clients(embedded)
    created = clients["lambda"].create_function(
        FunctionName="echo", Runtime="python3.12", Role=ROLE, Handler="lambda_function.lambda_handler",
        Code={"ZipFile": zipped(ECHO)},
    )  # fmt: skip
    let_in(clients, "echo", "apigateway")
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name="echo", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=created["FunctionArn"], PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    answer = clients["http"].api(api, "$default", "POST", "/echo", {"name": "größe"})
    assert (answer.status, answer.json(), answer.headers["set-cookie"]) == (200, {"name": "größe"}, "a=1, b=2")
    with pytest.raises(Failure, match="does not fit its headers"):
        clients["http"].api(api, "$default", "GET", "/packed")
