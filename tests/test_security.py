"""What a web page, a foreign name or a user's own credentials could do: nothing."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lab_harness.aws import Clients
from tests.conftest import ROOT
from tests.waiting import PATIENCE

ATTACK = """
async endpoint => {
  const outcome = {};
  const attempt = async (name, make) => {
    try { const answer = await make(); outcome[name] = answer.type === "opaque" ? "sent" : await answer.text(); }
    catch (error) { outcome[name] = "blocked"; }
  };
  const form = "Action=CreateQueue&QueueName=";
  await attempt("read", () => fetch(endpoint + "/?Action=ListQueues"));
  await attempt("health", () => fetch(endpoint + "/_lab/health"));
  await attempt("write", () => fetch(endpoint + "/", {method: "POST", mode: "no-cors",
    headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: form + "by-fetch"}));
  await attempt("reset", () => fetch(endpoint + "/_ministack/reset", {method: "POST", mode: "no-cors"}));
  await attempt("stop", () => fetch(endpoint + "/_lab/stop", {method: "POST", mode: "no-cors"}));
  await new Promise(done => {
    const image = new Image(); image.onload = image.onerror = done; image.src = endpoint + "/?" + form + "by-image";
  });
  await new Promise(done => {
    const frame = document.createElement("iframe"); frame.name = "target"; frame.onload = done;
    document.body.append(frame);
    const sender = document.createElement("form");
    sender.method = "POST"; sender.action = endpoint + "/"; sender.target = "target";
    for (const [name, value] of Object.entries({Action: "CreateQueue", QueueName: "by-form"})) {
      const field = document.createElement("input"); field.name = name; field.value = value; sender.append(field);
    }
    document.body.append(sender); sender.submit(); setTimeout(done, 3000);
  });
  return outcome;
}
"""


@pytest.fixture
def foreign_site():
    """A web server of somebody else's, by its URL."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title><body></body>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_foreign_page_can_neither_read_nor_write(page, foreign_site, embedded):
    embedded.reset()
    sqs = Clients(embedded)["sqs"]
    sqs.create_queue(QueueName="mine")
    page.goto(foreign_site)
    outcome = page.evaluate(ATTACK, embedded.endpoint)
    assert outcome["read"] == outcome["health"] == "blocked"
    assert embedded.healthy()
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["mine"]


def test_a_page_that_the_emulator_serves_may_use_its_apis(page, embedded):
    embedded.reset()
    s3 = Clients(embedded)["s3"]
    s3.create_bucket(Bucket="site")
    s3.put_object(Bucket="site", Key="index.html", Body=b"<title>mine</title>", ContentType="text/html")
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    port = embedded.endpoint.rpartition(":")[2]
    page.goto(f"http://site.s3-website.localhost:{port}/")
    assert page.title() == "mine"
    text = page.evaluate(f"async () => (await fetch('http://localhost:{port}/site/index.html')).text()")
    assert text == "<title>mine</title>"


def test_a_rebound_name_is_refused(embedded):
    import http.client

    host, port = embedded.endpoint.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
    connection.request("GET", "/?Action=ListQueues", headers={"Host": f"attacker.example:{port}"})
    answer = connection.getresponse()
    assert answer.status == 403
    assert "attacker.example" in answer.read().decode()
    connection.close()


# Written into a folder on PYTHONPATH, so that every Python process of ours tells where it connects to.
SPY = """
import os, sys
def spy(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        target = arguments[1] if event != "socket.getaddrinfo" else arguments
        with open(os.path.join(os.path.dirname(__file__), "seen"), "a") as seen:
            print(event, target[0] if isinstance(target, tuple) else target, file=seen)
sys.addaudithook(spy)
"""
LOOPBACK = ("127.", "::1", "localhost", "/", "None", "b''")


def test_no_process_of_ours_connects_to_anything_but_this_machine(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id=AKIAREAL\naws_secret_access_key=real\n")
    environ = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "HOME": str(home),
        "LAB_HOME": str(tmp_path / "lab"),
        "LAB_COURSE": str(ROOT),
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "no-such-profile",
        "HTTP_PROXY": "http://proxy.example:3128",
        "http_proxy": "http://proxy.example:3128",
    }

    def lab(*words):
        command = [sys.executable, "-m", "lab_harness", *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        lab("solve", "hello_lambda")
        report = json.loads(lab("check", "hello_lambda", "--json"))
        lab("solve", "orders_pipeline")
        lab("check", "orders_pipeline", "--only", "mapping")
        lab("notebooks", "run", "hello_lambda")
    finally:
        lab("stop")
    assert report["passed"] == report["total"]
    seen = (Path(tmp_path) / "seen").read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("socket.connect 127.0.0.1") for line in seen)
    assert [line for line in seen if not line.split(" ", 1)[1].startswith(LOOPBACK)] == []


@pytest.mark.parametrize("endpoint", ["https://lambda.us-east-1.amazonaws.com", "http://192.0.2.1:4566"])
def test_a_foreign_endpoint_is_refused_before_anything_is_sent(endpoint, monkeypatch):
    environ = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "LAB_COURSE": str(ROOT)}
    command = [sys.executable, "-m", "lab_harness", "check", "hello_lambda"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 3
    assert "nothing was sent" in done.stderr
    assert "Traceback" not in done.stderr
