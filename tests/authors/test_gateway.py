"""Tests for what checks ask of API Gateway: which route a request meets, and whether a browser is let in."""

import pytest

from lab_harness.authors.checks import Failure
from lab_harness.authors.gateway import Api, expect_cors, expect_routes, expect_stage
from lab_harness.authors.http import Answer

ORIGIN = "http://shop.example"
RIGHT = {"origin": ORIGIN, "methods": "GET, PUT", "headers": "Content-Type"}


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["GET /items/{id}", "ANY /items/{id}", "$default"], "GET /items/{id}"),
        (["ANY /items/{id}", "GET /{proxy+}", "$default"], "ANY /items/{id}"),
        (["ANY /items/{proxy+}", "GET /{proxy+}"], "ANY /items/{proxy+}"),
        (["ANY /{proxy+}", "$default"], "ANY /{proxy+}"),
        (["GET /items", "PUT /items/{id}", "GET /items/{id}/toys", "$default"], "$default"),
        (["GET /items", "PUT /items/{id}"], ""),
        (["GET /it(ems", "GET /items/p.1", "GET /items/{id", "$default"], "$default"),
    ],
)
def test_the_most_specific_route_that_fits_is_chosen(keys, chosen):
    for order in (keys, keys[::-1]):
        assert Api("a", (), {key: key for key in order}).target("GET", "/items/p-1") == chosen


@pytest.mark.parametrize(
    ("stages", "stage"), [((), ""), (("live",), "live"), (("live", "prod"), "prod"), (("prod", "$default"), "$default")]
)
def test_the_usual_stage_is_preferred(stages, stage):
    assert Api("a", stages, {}).stage == stage


def test_routes_that_lead_elsewhere_are_named():
    uris = {"GET /a": "arn:aws:lambda:us-east-1:0:function:f", "GET /b": "arn:aws:lambda:us-east-1:0:function:f-old"}
    with pytest.raises(Failure) as caught:
        expect_routes(Api("a", (), uris), [("GET", "/a"), ("GET", "/b"), ("GET", "/c")], "f", "Look.")
    assert caught.value.found == f"GET /b leads to {uris['GET /b']}; GET /c leads to nothing"


def test_a_stage_must_serve_all_routes():
    expect_stage(Api("a", ("live",), {}), "Look.")
    with pytest.raises(Failure, match="no such stage"):
        expect_stage(Api("a", (), {}), "Look.")
    with pytest.raises(Failure, match="GET /a"):
        expect_stage(Api("a", ("live",), {"GET /a": ""}, ("GET /a",)), "Look.")


def answering(**headers):
    """An API that always answers with these CORS headers."""
    named = {f"access-control-allow-{name}": value for name, value in headers.items()}
    return lambda *_: Answer(200, named, "")


@pytest.mark.parametrize("headers", [RIGHT, dict.fromkeys(RIGHT, "*"), {**RIGHT, "methods": "put"}])
def test_an_api_that_allows_a_page_passes(headers):
    expect_cors(answering(**headers), ORIGIN, [("PUT", "/items")], ["/items"], "Look.")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"origin": "http://other.example"}, "Allow-Origin"),
        ({"origin": f"{ORIGIN}, *"}, "Allow-Origin"),
        ({"methods": "GET"}, "Allow-Methods"),
        ({"headers": "x-content-type"}, "Allow-Headers"),
    ],
)
def test_headers_that_keep_a_page_out_are_named(changes, named):
    with pytest.raises(Failure) as caught:
        expect_cors(answering(**RIGHT | changes), ORIGIN, [("PUT", "/items")], [], "Look.")
    assert caught.value.found == f"200 with no body; missing, or not allowing it: Access-Control-{named}"


def test_an_answer_that_a_page_may_not_read_is_named():
    with pytest.raises(Failure) as caught:
        expect_cors(answering(), ORIGIN, [], ["/items"], "Look.")
    assert caught.value.found == "status 200 with no such header"
