"""Tests for distributions that are attacked: by their viewers, and by who makes them."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from lab_harness.emulators.inside.edge.distributions.configuration import normal
from tests.emulators.inside.edge.distributions.distributions import (
    ALL_BUT_HOST,
    DISABLED,
    behavior,
    bucket_origin,
    custom_origin,
    told,
)
from tests.emulators.inside.edge.functions.conftest import Functions
from tests.waiting import PATIENCE

CLOSED = "function handler(event) { return { statusCode: 401 }; }"
ADDRESSES = (
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0.0.0.0",
    "2130706433",
    "127.1",
    "169.254.169.254",
    "metadata.internal",
)


@pytest.fixture
def members(site):
    """A site whose pages below /img are closed by a function."""
    arn = Functions(site).make(CLOSED)
    named = {"FunctionAssociations": {"Quantity": 1, "Items": [{"EventType": "viewer-request", "FunctionARN": arn}]}}
    closed = behavior(**named) | {"PathPattern": "/img/*"}
    site.change(CacheBehaviors={"Quantity": 1, "Items": [closed]})
    return site


@pytest.mark.parametrize(
    "path",
    ["/img/cat.txt", "/%69mg/cat.txt", "/%69%6D%67/cat.txt", "/x/../img/cat.txt", "/./img/cat.txt",
     "/x/%2e%2e/img/cat.txt", "/x/%2E./img/./cat.txt", "/../img/cat.txt"],
)  # fmt: skip
def test_no_other_way_to_write_a_path_goes_round_a_behavior(members, path):
    assert raw(members, path) == 401


@pytest.mark.parametrize("path", ["//img/cat.txt", "///img/cat.txt", "/.%2fimg/cat.txt", "/IMG/cat.txt"])
def test_a_path_that_is_another_one_has_another_key(members, path):
    assert raw(members, path) == 403


def raw(viewer, path):
    """The status that a viewer gets for a path, which is sent as it is."""
    address = urlsplit(viewer.cloudfront.meta.endpoint_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
    label = viewer.distribution["DomainName"].partition(".")[0]
    try:
        connection.request("GET", path, headers={"Host": f"{label}.cloudfront.localhost:{address.port}"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("/", "/"), ("/a/b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/../../b", "/b"), ("/a/..", "/"),
        ("/a/b/.", "/a/b/"), ("//a", "//a"), ("/%7Ea%2fb%20", "/~a%2Fb%20"), ("/%zz%", "/%zz%"), ("/%41%2d", "/A-"),
    ],
)  # fmt: skip
def test_a_path_has_one_normal_form(uri, found):
    assert normal(uri) == found
    assert normal(found) == found


def test_the_origin_gets_the_path_as_it_was_sent(api):
    viewer = api(cache=DISABLED, OriginRequestPolicyId=ALL_BUT_HOST)
    assert raw(viewer, "/a/../b") == 200
    viewer.change(Origins={"Quantity": 1, "Items": [custom_origin(viewer.domain, OriginPath="/v1")]})
    assert told(viewer.ask("/%2e%2e/x"))["rawPath"].startswith("/v1/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_origin_is_a_service_of_this_machine(site, embedded, address):
    port = urlsplit(embedded.endpoint).port
    with socket.create_server(("127.0.0.1", 0)) as service:
        service.settimeout(0.2)
        for number in (port, service.getsockname()[1]):
            ports = {"HTTPPort": number, "HTTPSPort": number, "OriginProtocolPolicy": "http-only"}
            origin = {"Id": "api", "DomainName": address, "CustomOriginConfig": ports}
            site.make([origin], behavior("api", cache=DISABLED))
            assert site.seen("/_lab/health") == (502, "Error")
        with pytest.raises(TimeoutError):
            service.accept()


def test_what_does_not_count_cannot_change_what_others_get(api):
    viewer = api()
    poison = {
        "X_Forwarded_Host": "evil.example", "X_Original_URL": "/admin", "X_HTTP_Method_Override": "DELETE",
        "Forwarded": "host=evil.example", "Origin_": "evil", "X_Lab_Caller": "checks",
    }  # fmt: skip
    first = viewer.ask("/page?cache=max-age=60", **poison)
    assert "evil" not in first.text and "/admin" not in first.text and "DELETE" not in first.text
    assert viewer.ask("/page?cache=max-age=60").headers["x-cache"].startswith("Hit")


def test_a_request_inside_a_body_is_no_request_to_the_origin(api):
    viewer = api(cache=DISABLED, methods=("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"))
    viewer.ask("/one", method="POST", body=b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    counts = [int(viewer.ask("/two").headers["x-count"]) for _ in range(2)]
    assert counts[1] == counts[0] + 1 == 3  # no other request came between


def test_two_lengths_are_refused(site):
    address = urlsplit(site.cloudfront.meta.endpoint_url)
    label = site.distribution["DomainName"].partition(".")[0]
    asked = f"POST / HTTP/1.1\r\nHost: {label}.cloudfront.localhost:{address.port}\r\n"
    for lengths in ("Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4\r\nTransfer-Encoding: x\r\n"):
        with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
            connection.sendall(f"{asked}{lengths}Connection: close\r\n\r\n0\r\n\r\n".encode())
            answer = connection.recv(65536)
        assert not answer or b" 4" in answer[:13] or b" 5" in answer[:13]


def test_a_closed_bucket_of_another_name_is_not_reached_by_a_path(site):
    site.clients["s3"].create_bucket(Bucket="secret")
    site.clients["s3"].put_object(Bucket="secret", Key="page", Body=b"secret")
    site.make([bucket_origin(bucket="site")], behavior())
    for path in ("/../secret/page", "/%2e%2e/secret/page", "/..%2fsecret/page", "/secret/page"):
        assert raw(site, path) == 403
