"""What a web page, a foreign name or a user's own credentials could do: nothing."""

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from lab_harness.emulators.inside.access.guard import Source, source
from tests.conftest import ROOT
from tests.labs.helpers import zipped
from tests.roles import everybody, policy, ready
from tests.waiting import PATIENCE, wait_until

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


# What a page can make a browser send without a click: `{0}` is where to, and each way names the queue it would create.
WAYS = """<!doctype html><title>foreign</title>
<script type="speculationrules">{"prefetch": [{"source": "list", "eagerness": "immediate", "urls": ["@speculated"]}],
"prerender": [{"source": "list", "eagerness": "immediate", "urls": ["@prerendered"]}]}</script>
<link rel="prefetch" href="@prefetched"><link rel="preload" as="script" href="@preloaded">
<link rel="stylesheet" href="@styled"><link rel="icon" href="@icon">
<style>body { background: url("@background") }</style>
<body><img src="@image" referrerpolicy="no-referrer"><script src="@script"></script><object data="@object"></object>
<embed src="@embedded"><iframe src="@framed"></iframe><iframe src="/refresh"></iframe><video src="@video"></video>
<iframe name="get"></iframe><iframe name="post"></iframe>
<form id="by-get" target="get" action="@"><input name="Action" value="CreateQueue">
<input name="QueueName" value="form-get"></form>
<form id="by-post" method="post" target="post" action="@form-post"></form>
<script>
document.getElementById("by-get").submit(); document.getElementById("by-post").submit();
fetch("@fetched", {mode: "no-cors"}); fetch("@posted", {mode: "no-cors", method: "POST", body: "x"});
fetch("@without", {mode: "no-cors", referrerPolicy: "no-referrer", credentials: "omit"});
navigator.sendBeacon("@beacon", "x"); new EventSource("@events"); new WebSocket("@socket".replace("http", "ws"));
new Worker(URL.createObjectURL(new Blob(["fetch('@worker', {mode: 'no-cors'})"])));
window.open("@opened");
</script>"""
NOT_FOR_ALL = {"prerendered", "icon", "preloaded", "opened", "form-get"}  # Chromium sends these at times, or otherwise
EXPECTED = {"refreshed", *re.findall(r"@([a-z-]+)", WAYS)} - NOT_FOR_ALL
CALL = "/?Action=CreateQueue&QueueName="


@contextmanager
def site():
    """A web server of somebody else's, by its URL, that keeps what it is asked; its `pages` are HTML by path."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append((self.path, self.headers))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(server.pages.get(self.path, "<!doctype html><title>foreign</title>").encode())

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked, server.pages, server.url = [], {}, f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def foreign_site():
    with site() as made:
        yield made


@pytest.fixture
def witness():
    """Another one, to which a page sends the same as to the emulator."""
    with site() as made:
        made.url = made.url.replace("127.0.0.1", "localhost")
        yield made


def attack(page, foreign_site, target):
    """Let a page of a foreign site send to a place all that it can."""
    place = f"/{len(foreign_site.pages)}"  # A browser keeps what it has had from one address.
    foreign_site.pages[f"/refresh{place}"] = f'<meta http-equiv="refresh" content="0; url={target}{CALL}refreshed">'
    ways = WAYS.replace("/refresh", f"/refresh{place}").replace('"@"', f'"{target}/"')
    foreign_site.pages[place] = ways.replace("@", f"{target}{CALL}")
    page.goto(f"{foreign_site.url}{place}")


def test_nothing_that_a_foreign_page_sends_without_a_click_is_a_call(page, foreign_site, witness, embedded):
    embedded.reset()
    queues = Clients(embedded)["sqs"]
    assert not queues.list_queues().get("QueueUrls")
    number = embedded.calls()[-1].number
    attack(page, foreign_site, embedded.endpoint.replace("127.0.0.1", "localhost"))
    with page.context.browser.new_context() as other:  # In the same one what has failed may not be tried again.
        attack(other.new_page(), foreign_site, witness.url)
        wait_until(lambda: sent(witness) >= EXPECTED)  # By now the page before it has sent as much.
    assert embedded.calls(since=number) == []
    assert not queues.list_queues().get("QueueUrls")


def sent(witness):
    return {path.partition("QueueName=")[2] for path, _ in witness.asked if "QueueName=" in path}


def test_all_that_chromium_sends_for_a_foreign_page_is_told_from_programs(page, foreign_site, witness):
    attack(page, foreign_site, witness.url)
    wait_until(lambda: sent(witness) >= EXPECTED)
    for path, headers in [each for each in witness.asked if "QueueName" in each[0]]:
        fields = [(name.lower(), value) for name, value in headers.items()]
        assert source("GET", "/", fields, "token") is not Source.PROGRAM, (path, headers)
    [speculated] = [headers for path, headers in witness.asked if path.endswith("=speculated")]
    assert speculated["Sec-Purpose"].startswith("prefetch")


def test_a_foreign_page_can_neither_read_nor_write(page, foreign_site, embedded):
    embedded.reset()
    sqs = Clients(embedded)["sqs"]
    sqs.create_queue(QueueName="mine")
    page.goto(foreign_site.url)
    outcome = page.evaluate(ATTACK, embedded.endpoint)
    assert outcome["read"] == outcome["health"] == "blocked"
    assert embedded.healthy()
    assert [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]] == ["mine"]


def test_a_page_that_the_emulator_serves_uses_apis_and_signed_links_but_makes_no_call(page, embedded):
    embedded.reset()
    aws = Clients(embedded, as_learner=True)
    s3, lambda_ = aws["s3"], aws["lambda"]
    s3.create_bucket(Bucket="site")
    s3.delete_public_access_block(Bucket="site")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
    s3.put_bucket_policy(Bucket="site", Policy=policy(everybody))
    s3.put_object(Bucket="site", Key="index.html", Body=b"<title>mine</title>", ContentType="text/html")
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    lambda_.create_function(
        FunctionName="hello", Runtime="python3.12", Role=ready(embedded),
        Handler="lambda_function.handler", Code={"ZipFile": zipped("def handler(e, c): return 'hello'")},
    )  # fmt: skip
    lambda_.create_function_url_config(FunctionName="hello", AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        lambda_.add_permission(FunctionName="hello", StatementId=action[7:], Action=action, Principal="*")
    function = urlsplit(lambda_.get_function_url_config(FunctionName="hello")["FunctionUrl"]).path
    endpoint = embedded.endpoint.replace("127.0.0.1", "localhost")
    page.goto(f"http://site.s3-website.localhost:{endpoint.rpartition(':')[2]}/")
    assert page.title() == "mine"
    fetch = "async ([url, how]) => { try { const a = await fetch(url, how); return [a.status, await a.text()] }"
    fetch += " catch (error) { return String(error) } }"
    assert page.evaluate(fetch, [f"{endpoint}{function}", {}]) == [200, "hello"]
    key = embedded.learner
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name="us-east-1")
    signing = session.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4"))
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket="site", CORSConfiguration={"CORSRules": [rule]})
    upload = signing.generate_presigned_url("put_object", {"Bucket": "site", "Key": "up"})
    assert page.evaluate(fetch, [upload, {"method": "PUT", "body": "loaded"}])[0] == 200
    assert s3.get_object(Bucket="site", Key="up")["Body"].read() == b"loaded"
    number = embedded.calls()[-1].number
    for url, how in (
        ("/site/index.html", {}),
        ("/?Action=CreateQueue&QueueName=stolen", {"mode": "no-cors"}),
        ("/2015-03-31/functions", {"method": "POST", "body": "{}"}),
        ("/site/new", {"method": "PUT", "body": "no"}),
        ("/_lab/reset", {"method": "POST"}),
    ):
        said = page.evaluate(fetch, [f"{endpoint}{url}", how])
        assert isinstance(said, str) or said[0] in (0, 403)
    assert not [call for call in embedded.calls(since=number) if not call.operation.startswith("OPTIONS ")]


KEEPER = """
def handler(event, context):
    script = event["rawPath"].endswith("/worker.js")
    body = "onfetch = e => e.respondWith(new Response('taken'))" if script else "<title>keeper</title>"
    kind = "text/javascript" if script else "text/html"
    return {"statusCode": 200, "headers": {"Content-Type": kind, "Service-Worker-Allowed": "/"}, "body": body}
"""


def test_no_page_keeps_the_address_that_all_apis_share_for_itself(page, embedded):
    """A service worker would answer for whatever is at this address, and stay in the browser when the emulator ends."""
    embedded.reset()
    lambda_ = Clients(embedded, as_learner=True)["lambda"]
    lambda_.create_function(
        FunctionName="keeper", Runtime="python3.12", Role=ready(embedded),
        Handler="lambda_function.handler", Code={"ZipFile": zipped(KEEPER)},
    )  # fmt: skip
    lambda_.create_function_url_config(FunctionName="keeper", AuthType="NONE")
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        lambda_.add_permission(FunctionName="keeper", StatementId=action[7:], Action=action, Principal="*")
    function = urlsplit(lambda_.get_function_url_config(FunctionName="keeper")["FunctionUrl"]).path
    endpoint = embedded.endpoint.replace("127.0.0.1", "localhost")
    page.goto(f"{endpoint}{function}")
    assert page.title() == "keeper"
    register = """async path => { try { await navigator.serviceWorker.register(path, {scope: "/"}); return "kept" }
    catch (error) { return error.name } }"""
    assert page.evaluate(register, f"{function.rstrip('/')}/worker.js") == "TypeError"
    page.goto(f"{endpoint}/_lab/health")
    assert "taken" not in page.content()


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


def test_object_is_read_without_a_key_only_through_a_policy_and_with_block_public_access_lifted(embedded, clients):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cats/tom", Body=b"tom")
    read = everybody("s3:GetObject", "arn:aws:s3:::photos/cats/*")

    def get(path="/photos/cats/tom", method="GET", **headers):
        answer = Http(embedded.endpoint).request(method, path, headers=headers)
        return answer.status, answer.text

    assert get()[0] == 403
    assert "<Code>AccessDenied</Code>" in get()[1]
    with pytest.raises(ClientError, match=r"AccessDenied.*public policies are prevented"):
        s3.put_bucket_policy(Bucket="photos", Policy=policy(read))
    s3.delete_public_access_block(Bucket="photos")
    s3.put_bucket_policy(Bucket="photos", Policy=policy(read))
    assert get() == (200, "tom")
    assert get(method="HEAD")[0] == 200
    s3.put_object(Bucket="photos", Key="dogs/rex", Body=b"rex")
    for refused in (
        "/photos/dogs/rex",
        "/photos",
        "/photos/cats/tom?acl",
        "/photos/cats/tom?tagging",
    ):
        assert get(refused)[0] == 403, refused
    for method in ("PUT", "POST", "DELETE"):
        assert get(method=method)[0] == 403
    assert get(**{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"})[0] == 403
    assert get(Origin="http://example.com")[0] == 403
    s3.put_public_access_block(Bucket="photos", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert get()[0] == 403
    s3.delete_public_access_block(Bucket="photos")
    assert get() == (200, "tom")
    s3.delete_bucket_policy(Bucket="photos")
    assert get()[0] == 403
