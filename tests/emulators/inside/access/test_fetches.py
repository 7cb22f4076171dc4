"""Tests for what the embedded emulator itself fetches: by HTTP, from this machine, and nothing else."""

import base64
import json
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lab_harness.authors.http import Http
from lab_harness.emulators.exchange import call_json
from tests.waiting import wait_until

KEY = rsa.generate_private_key(65537, 2048)
PROGRAM = """
import http.client, smtplib, socket, ssl, sys, urllib.request
import urllib3
from lab_harness.emulators.inside.access.fetches import keep_here
if "http://127.0.0.1" not in sys.argv[1]:
    wall = lambda *asked: print("asked or connected to", asked)
    socket.getaddrinfo = socket.socket.connect = socket.socket.connect_ex = wall
keep_here()
ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
for fetch in sys.argv[1:]:
    try:
        eval(fetch)
        print(fetch, "was done")
    except (OSError, urllib3.exceptions.HTTPError) as refused:
        if "the course's emulator" not in str(refused):
            print(fetch, type(refused), refused)
"""


def let_through(*fetches):
    """What a walled-in program is not refused, and whatever it asks or connects to."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *fetches], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def keys():
    public = KEY.public_key().public_numbers()
    own = {"kty": "RSA", "kid": "ours", "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e)}
    return json.dumps({"keys": [own]})


def token(issuer):
    said = [{"alg": "RS256", "kid": "ours"}, {"iss": issuer, "aud": "pets", "sub": "ana", "exp": time.time() + 900}]
    signed = ".".join(b64(json.dumps(each).encode()) for each in said)
    return f"{signed}.{b64(KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class Files(SimpleHTTPRequestHandler):
    """A server of a folder's files, and of redirections to what a query names; it keeps what it was asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if "?" not in self.path:
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", self.path.partition("?")[2])
        return self.end_headers()

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def folder(tmp_path):
    """An issuer's folder."""
    (tmp_path / ".well-known").mkdir()
    (tmp_path / ".well-known" / "jwks.json").write_text(keys(), encoding="utf-8")
    return tmp_path


@pytest.fixture
def server(folder):
    """A server of the folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=folder)) as found:
        found.asked = []
        found.address = f"http://127.0.0.1:{found.server_port}"
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def guarded_by(clients, endpoint, issuer):
    """The status of a request with a token of this issuer's to an HTTP API that trusts it."""
    gateway = clients["apigatewayv2"]
    api = gateway.create_api(Name="guarded", ProtocolType="HTTP")["ApiId"]
    guard = gateway.create_authorizer(
        ApiId=api, AuthorizerType="JWT", Name="issuer", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Audience": ["pets"], "Issuer": issuer},
    )["AuthorizerId"]  # fmt: skip
    backend = gateway.create_integration(
        ApiId=api, IntegrationType="HTTP_PROXY", IntegrationUri=f"{endpoint}/_lab/health", IntegrationMethod="GET",
        PayloadFormatVersion="1.0",
    )["IntegrationId"]  # fmt: skip
    target = f"integrations/{backend}"
    gateway.create_route(ApiId=api, RouteKey="GET /pets", Target=target, AuthorizationType="JWT", AuthorizerId=guard)
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    bearer = {"Authorization": f"Bearer {token(issuer)}"}
    return Http(endpoint).api(api, "$default", "GET", "/pets", headers=bearer).status


REFUSED, LET_IN = (401, 403), 503  # the API's backend is the administration, which it does not reach


def test_issuer_on_this_machine_is_asked_for_its_keys(clients, embedded, server):
    assert guarded_by(clients, embedded.endpoint, server.address) == LET_IN


@pytest.mark.parametrize("kind", ["file", "data", "redirected to data"])
def test_issuers_keys_are_no_file_and_no_data(clients, embedded, server, folder, kind):
    data = f"data:application/json,{quote(keys())}#"
    issuers = {"file": folder.as_uri(), "data": data, "redirected to data": f"{server.address}/?{data}"}
    assert guarded_by(clients, embedded.endpoint, issuers[kind]) in REFUSED


def test_subscription_reaches_a_server_here_and_not_the_administration(clients, embedded, server):
    sns = clients["sns"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{server.address}/?{embedded.endpoint}/_lab/stop")
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{embedded.endpoint}/_lab/stop")
    sns.publish(TopicArn=topic, Message="hello")
    wait_until(lambda: server.asked)
    assert call_json(f"{embedded.endpoint}/_lab/health")


def test_no_library_leaves_this_machine():
    assert not let_through(
        "ask('file:///etc/passwd')",
        "ask('FILE:/etc/passwd')",
        "ask('<URL:file:///etc/passwd>')",
        "ask(urllib.request.Request('ftp://127.0.0.1/x'))",
        "ask('data:,x')",
        "urllib.request.urlopen('local-file:///etc/passwd')",
        "ask('http://169.254.169.254/latest/meta-data/')",
        "ask('http://169.254.169.254.nip.io/')",
        "ask('http://[fd00:ec2::254]/')",
        "ask('http://2852039166/')",
        "ask('https://sqs.us-east-1.amazonaws.com/')",
        "ask('http://localhost.example.com/')",
        "http.client.HTTPConnection('10.0.0.1').request('GET', '/')",
        "http.client.HTTPSConnection('example.com').request('GET', '/')",
        "urllib3.request('GET', 'http://169.254.170.2/', retries=False)",
        "smtplib.SMTP('192.168.0.1')",
        "socket.socket().connect(('10.0.0.1', 80))",
        "socket.socket().connect_ex(('10.0.0.1', 80))",
        "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
        "ssl.create_default_context().wrap_socket(socket.socket(), server_hostname='x').connect(('10.0.0.1', 443))",
    )


def test_redirection_leads_nowhere_else(server):
    elsewhere = ("ftp://127.0.0.1/x", "http://169.254.169.254/", "http://example.com/")
    assert not let_through(*(f"ask('{server.address}/?{there}')" for there in elsewhere))
    assert len(server.asked) == len(elsewhere)
