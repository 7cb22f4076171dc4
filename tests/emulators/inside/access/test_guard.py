"""Tests for the guard: programs of this machine may use the emulator, web pages of others may not."""

import http.client
from html import unescape
from urllib.parse import urlsplit

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.inside.access.guard import LOADED_AHEAD, Source, may_lead_to_administration, source
from lab_harness.emulators.inside.access.refusals import ADVICE
from tests.waiting import PATIENCE

TOKEN = "the-token"


def refused(method="GET", path="/", host="127.0.0.1:4566", **headers):
    """Why a request is refused; None where it is from a program or a page of ours, "link" where a link was followed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    found = source(method, path, [("host", host), *named.items()], TOKEN)
    return {Source.PROGRAM: None, Source.LINK: "link"}.get(found, found)


def test_program_without_browser_headers_may_pass():
    assert refused() is None
    assert refused("POST", "/2015-03-31/functions") is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4566",
        "LOCALHOST:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "photos.s3-website.localhost:4566",
        "abc123.execute-api.localhost:4566",
        "owners.auth.localhost:4566",
        "owners.auth.us-east-1.localhost:4566",
        "my.auth.s3-website.localhost:4566",
    ],
)
def test_own_names_may_be_the_host(host):
    assert refused(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:4566",
        "127.0.0.1.evil.example:4566",
        "localhost.evil.example",
        "evil-localhost:4566",
        "0.0.0.0:4566",
        "127.0.0.2:4566",
        "localhost:4566@evil.example",
        "localhost:999999",
        "localhost:",
        "photos.s3-website.auth.localhost:4566",
        "photos.s3.auth.localhost:4566",
        "a.b.auth.localhost",
        "a.execute-api.AUTH.us-east-1.localhost:4566",
        "a.owners.auth.us-east-1.localhost:4566",
    ],
)
def test_foreign_host_is_refused_against_dns_rebinding(host):
    assert "Host" in refused(host=host)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:4566",
        "http://localhost.evil.example:4566",
        "null",
        "",
        "file://",
        "http://localhost:8888",
        "http://127.0.0.1:3000",
        "http://localhost",
        "https://localhost:4566",
        "http://localhost:99999",
        "http://localhost:port",
        "http://[::1",
        "http://user@localhost:4566",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_foreign_origin_is_refused(method, origin):
    assert "web pages" in refused(method, origin=origin)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:4566", "http://localhost:4566", "http://photos.s3-website.localhost:4566"]
)
def test_page_that_the_emulator_serves_may_use_it(origin):
    assert refused("POST", origin=origin, sec_fetch_site="cross-site") is None


def test_origin_without_port_is_our_own_on_port_80_alone():
    assert refused(host="localhost", origin="http://localhost") is None


@pytest.mark.parametrize("kind", ["image", "script", "iframe", "frame", "embed", "object", "empty"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_foreign_page_loads_is_refused(site, kind):
    mode = "navigate" if kind in ("iframe", "frame", "embed", "object") else "no-cors"
    assert "web pages" in refused(sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=kind)


def test_page_of_our_own_may_pass():
    assert refused(sec_fetch_site="same-origin", sec_fetch_mode="cors", sec_fetch_dest="empty") is None
    assert refused(sec_fetch_site="same-origin", referer="http://127.0.0.1:4566/page") is None


@pytest.mark.parametrize("site", ["none", "cross-site", "same-site"])
def test_link_that_is_followed_and_address_that_is_typed_are_told_from_programs(site):
    link = {"sec_fetch_site": site, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    for method in ("GET", "HEAD"):
        assert refused(method, **link) == "link"
        assert refused(method, **link, referer="https://evil.example/") == "link"
    for method in ("POST", "PUT", "OPTIONS", "DELETE", "PATCH", "FOO"):
        assert "web pages" in refused(method, **link)


@pytest.mark.parametrize("site", [None, "none", "same-origin", "same-site", "cross-site"])
@pytest.mark.parametrize("mark", LOADED_AHEAD)
@pytest.mark.parametrize("value", ["prefetch", "prefetch;prerender", "preview", ""])
def test_nothing_is_loaded_ahead(site, mark, value):
    sent = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document", mark: value}
    assert "web pages" in refused(**sent, **({"sec_fetch_site": site} if site else {}))


@pytest.mark.parametrize("site", [None, "none", "same-origin"])
@pytest.mark.parametrize("referer", ["https://evil.example/", "http://localhost:8888/lab", "http://localhost/", ""])
def test_foreign_referer_is_refused_whatever_the_browser_calls_it(site, referer):
    sent = {"referer": referer, **({"sec_fetch_site": site} if site else {})}
    assert "web pages" in refused(**sent)
    assert "web pages" in refused("POST", **sent, sec_fetch_mode="navigate", sec_fetch_dest="document")


@pytest.mark.parametrize("mark", ["sec_fetch_mode", "sec_fetch_dest"])
def test_browser_that_does_not_say_where_it_comes_from_is_no_program(mark):
    assert "web pages" in refused(**{mark: "navigate" if mark.endswith("mode") else "document"})


@pytest.mark.parametrize("name", ["host", "origin", "referer", "authorization", "x-amz-target", "x-lab-token"])
def test_two_headers_that_two_readers_could_take_differently_are_refused(name):
    given = [("host", "localhost:4566"), (name, "localhost:4566"), (name, "localhost:4566")]
    assert source("GET", "/", given, TOKEN) == f"there are two headers {name}"


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        *(("localhost:4566", True), ("127.0.0.1:4566", True), ("[::1]:4566", True), ("LOCALHOST", True)),
        *(("photos.s3-website.localhost:4566", False), ("abc123.execute-api.localhost:4566", False)),
    ],
)
def test_service_worker_may_keep_a_name_of_its_own_alone(host, taken):
    why = refused(host=host, service_worker="script", sec_fetch_site="same-origin")
    assert ("service worker" in (why or "")) == taken


@pytest.mark.parametrize("path", ["http://localhost:4566/_lab/reset", "*", "localhost:4566", ""])
def test_path_that_is_none_is_refused(path):
    assert "slash" in refused("POST", path)


@pytest.mark.parametrize(
    "path",
    ["/_lab/reset", "/_lab/inbox", "/_lab/calls", "/_ministack/reset", "/_ministack/config", "/_localstack/state"],
)
def test_administration_needs_the_token(path):
    assert "administration" in refused("POST", path)
    assert refused("POST", path, x_lab_token=TOKEN) is None


@pytest.mark.parametrize("token", ["", "the-toke", "the-token ", "THE-TOKEN", "thé-token"])
def test_wrong_token_does_not_open_the_administration(token):
    assert "administration" in refused("POST", "/_lab/stop", x_lab_token=token)


@pytest.mark.parametrize("path", ["/_lab/health", "/health", "/"])
def test_wrong_token_is_refused_even_where_none_is_needed(path):
    assert refused("GET", path) is None
    assert refused("GET", path, x_lab_token=TOKEN) is None
    assert "administration" in refused("GET", path, x_lab_token="another-token")


@pytest.mark.parametrize("path", ["/_lab/x", "//_lab/x", "_lab/x", "/%5Flab/x", "/a/../_lab/x", "/a/%2e%2E/_lab"])
def test_a_path_may_become_one_of_the_administrations_on_its_way(path):
    assert may_lead_to_administration(path)


@pytest.mark.parametrize("path", ["/_lab/reset", "/_app/start.js"])
def test_all_paths_of_a_site_are_its_own(path):
    given = [("host", "d1.cloudfront.localhost:4566")]
    assert source("GET", path, given, TOKEN, site=True) is Source.PROGRAM
    assert "administration" in str(source("GET", path, [*given, ("x-lab-token", "another")], TOKEN, site=True))
    assert "administration" in str(source("GET", path, given, TOKEN))


def test_other_paths_do_not():
    assert not any(map(may_lead_to_administration, ("/", "/a/b..c/.d", "/a/_lab", "/_lab/health")))


def test_token_does_not_let_a_web_page_in():
    assert "web pages" in refused("POST", "/_lab/stop", origin="https://evil.example", x_lab_token=TOKEN)


@pytest.mark.parametrize("path", ["/_lab/health", "/_ministack/health", "/_localstack/health", "/health"])
def test_health_is_open(path):
    assert refused(path=path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/_aws/execute-api/abc123/prod/orders",
        "/_aws/lambda-url/abc123/",
        "/_ministack/lambda-code/000000000000/hello",
        "/_ministack/lambda-layers/000000000000/deps",
    ],
)
def test_data_paths_are_open(path):
    assert refused(path=path) is None


def test_data_path_inside_another_path_opens_nothing():
    assert "administration" in refused(path="/_ministack/reset/_aws/execute-api/")


# Through HTTP, as a browser would send it.


@pytest.fixture(scope="module")
def aws(embedded):
    return Clients(embedded)


def request(embedded, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(urlsplit(embedded.endpoint).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_page_of_another_site_gets_403_with_the_reason(embedded):
    status, text = request(embedded, "GET", "/", {"Origin": "https://evil.example"})
    assert status == 403
    assert "web pages may not use this emulator" in text


def test_preflight_of_another_site_is_refused(embedded):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert request(embedded, "OPTIONS", "/2015-03-31/functions", headers)[0] == 403


def test_form_of_another_site_changes_nothing(embedded, aws):
    url = aws["sqs"].create_queue(QueueName="guarded")["QueueUrl"]
    headers = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
    status, _ = request(embedded, "POST", "/", headers, f"Action=DeleteQueue&QueueUrl={url}")
    assert status == 403
    assert url in aws["sqs"].list_queues()["QueueUrls"]


def test_rebound_name_gets_403(embedded):
    assert request(embedded, "GET", "/", {"Host": "evil.example"})[0] == 403


def test_origin_with_an_impossible_port_gets_403_and_not_an_error(embedded):
    assert request(embedded, "GET", "/", {"Origin": "http://localhost:99999"})[0] == 403


def test_reset_without_the_token_changes_nothing(embedded, aws):
    url = aws["sqs"].create_queue(QueueName="kept")["QueueUrl"]
    assert request(embedded, "POST", "/_lab/reset")[0] == 403
    assert request(embedded, "POST", "/_ministack/reset")[0] == 403
    assert request(embedded, "POST", "/_lab/reset", {"X-Lab-Token": "guess\xe9"})[0] == 403
    assert url in aws["sqs"].list_queues()["QueueUrls"]


def test_health_answers_without_the_token(embedded):
    assert request(embedded, "GET", "/_lab/health")[0] == 200


def test_page_served_by_the_emulator_may_not_call_aws(embedded):
    origin = f"http://photos.s3-website.localhost:{urlsplit(embedded.endpoint).port}"
    status, text = request(embedded, "GET", "/?Action=ListQueues", {"Origin": origin})
    assert (status, ADVICE in unescape(text)) == (403, True)
