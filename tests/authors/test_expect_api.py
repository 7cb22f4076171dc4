"""Tests for what is expected of an API: its stage, where its routes lead, and what a browser may."""

import pytest

from lab_harness.authors import Failure, expect_api, functions
from lab_harness.authors.api_gateway import Api, Route
from lab_harness.authors.http import Response
from tests.authors.making import create_function, failure
from tests.roles import ready

ORIGIN = "http://shop.example"
RIGHT = {"origin": ORIGIN, "methods": "GET, PUT", "headers": "Content-Type"}
URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:0:function:f/invocations"


def test_routes_that_lead_elsewhere_are_named():
    ours, old = "arn:aws:lambda:us-east-1:0:function:f", "arn:aws:lambda:us-east-1:0:function:f-old"
    api = Api("a", routes=(Route("GET", "/a", ours), Route("GET", "/b", old)))
    assert expect_api.routes(api, [("GET", "/a")], "f", "Look.") is None
    with pytest.raises(Failure) as caught:
        expect_api.routes(api, [("GET", "/a"), ("GET", "/b"), ("GET", "/c")], "f", "Look.")
    assert caught.value.found == f"GET /b leads to {old}; GET /c leads to nothing"


@pytest.mark.parametrize(
    ("routes", "advice"),
    [
        ([], "Nothing takes GET /a: the API has no routes. Look."),
        ([Route("POST", "/a", URI)], "Nothing takes GET /a: the API has POST /a. Look."),
        ([Route("GET", "/a", settings={"Target": "1b2c"})], "GET /a has the Target 1b2c: it is integrations/ and an"),
        ([Route("GET", "/a", settings={"apiKeyRequired": False})], "GET /a has no integration. Look."),
        ([Route("GET", "/a", "arn:aws:lambda:us-east-1:0:function:f-old")], "Look."),
    ],
)
def test_advice_says_how_a_request_comes_to_lead_to_nothing(routes, advice):
    shown = failure(expect_api.routes, Api("a", routes=tuple(routes)), [("GET", "/a")], "f", "Look.")
    assert shown.next_step.startswith(advice)


def test_advice_on_another_origin_is_to_compare_letters():
    answer = Response(204, {"access-control-allow-origin": f"{ORIGIN}/", "access-control-allow-methods": "*",
                            "access-control-allow-headers": "*"}, "")  # fmt: skip
    shown = failure(expect_api.cors, lambda *_: answer, ORIGIN, [("PUT", "/a")], [], "Look.")
    assert shown.next_step == "An origin is compared letter by letter, and has no slash at its end. Look."


def test_a_question_that_no_method_answers_is_not_taken_for_another_origin():
    answer = Response(403, {}, '{"message":"Missing Authentication Token"}')
    shown = failure(expect_api.cors, lambda *_: answer, ORIGIN, [("PUT", "/a")], [], "Look.")
    assert shown.next_step == "No method of what is deployed answers OPTIONS there. Look."


def test_a_stage_must_serve_all_routes():
    there, gone, unknown = Route("GET", "/a", deployed={"x": 1}), Route("GET", "/b", deployed={}), Route("GET", "/c")
    assert expect_api.stage(Api("a", ("live",), (there, unknown)), "Look.") is None
    with pytest.raises(Failure, match="no such stage"):
        expect_api.stage(Api("a", routes=(there,)), "Look.")
    with pytest.raises(Failure) as caught:
        expect_api.stage(Api("a", ("live",), (there, gone, unknown)), "Look.")
    assert caught.value.found == "not deployed since they were made: GET /b"


@pytest.mark.parametrize(
    ("status", "lines", "found", "advice"),
    [
        (404, [], "404 no", "Look."),
        (502, ["START RequestId: 1", "[ERROR] KeyError: 'id'"], "502 no; the function's log ends with:", "Nothing is"),
        (502, ["START RequestId: 1", "[ERROR] KeyError: 'id'", "START RequestId: 2"], "502 no;", "API Gateway wants"),
        (502, ["START RequestId: 1", "[ERROR] ClientError: no"], "502 no;", "The function ended in an error instead"),
    ],
)
def test_an_answer_is_explained_by_the_functions_log_where_it_broke(status, lines, found, advice, monkeypatch):
    monkeypatch.setattr(functions, "log", lambda logs, name: lines)
    shown, next_step = expect_api.explained(Response(status, {}, "no"), None, "f", "Look.")
    assert shown.startswith(found)
    assert next_step.startswith(advice)


def proxy(**changes):
    """A GET /a that is a Lambda proxy of f, but for these changes to its integration."""
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": URI, **changes}
    return Route(
        "GET", "/a", settings={"methodIntegration": {name: each for name, each in integration.items() if each}}
    )


def proxies(*routes):
    expect_api.proxies(Api("a", routes=routes), [("GET", "/a")], "f", "Section 6.")


def test_a_lambda_proxy_of_the_function_is_one():
    assert proxies(proxy()) is None
    assert proxies(proxy(uri=URI.replace("/invocations", ":live/invocations"))) is None


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ((), "GET /a with no method"),
        ((Route("GET", "/a"),), "GET /a with no integration"),
        ((proxy(type="MOCK", uri=None),), "GET /a with MOCK"),
        ((proxy(uri=URI.replace(":f/", ":f-2/")),), f"GET /a with AWS_PROXY {URI.replace(':f/', ':f-2/')}"),
        ((proxy(type="AWS"),), f"GET /a with AWS {URI}"),
        ((proxy(httpMethod="GET"),), "GET /a with integrationHttpMethod GET; Lambda knows only POST"),
    ],
)
def test_what_is_no_lambda_proxy_of_the_function_is_shown(routes, found):
    shown = failure(proxies, *routes)
    assert shown.expected == "GET /a with the integration type AWS_PROXY to f"
    assert (shown.found, shown.next_step) == (found, "Section 6.")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("abc/live/GET/pets", None),
        ("abc/*", None),
        ("abc/prod/GET/pets", "permission for arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/pets"),
        ("*/live/GET/pets", "permission for arn:aws:execute-api:us-east-1:000000000000:*/live/GET/pets"),
        ("xabc/*", "permission for arn:aws:execute-api:us-east-1:000000000000:xabc/*"),
    ],
)
def test_an_api_may_invoke_by_its_own_arn_and_stage(clients, source, found):
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello", ready(clients.emulator))
    arn = f"arn:aws:execute-api:us-east-1:000000000000:{source}"
    lambda_.add_permission(
        FunctionName="hello", StatementId="api", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", SourceArn=arn,
    )  # fmt: skip

    def ask():
        expect_api.invocation(Api("abc", ("live",)), [("GET", "/pets")], lambda_, "hello", "Section 6.")

    if found:
        assert failure(ask).found == found
    else:
        assert ask() is None


@pytest.mark.parametrize(
    ("source", "route", "permitted"),
    [
        ("abc/*/$default", "$default", True),
        ("abc/*", "$default", True),
        ("abc/*/*", "$default", True),
        ("abc/*/*/*", "$default", False),  # two parts come after the API's id, not three
        ("abc/*/GET/pets", "$default", False),
        ("abc/*/*/{proxy+}", "/{proxy+}", True),
        ("abc/*/GET/pets", "/{proxy+}", False),
    ],
)
def test_a_permission_is_for_the_route_that_a_request_meets(clients, source, route, permitted):
    lambda_ = clients["lambda"]
    create_function(lambda_, "hello", ready(clients.emulator))
    lambda_.add_permission(
        FunctionName="hello", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{source}",
    )  # fmt: skip
    api = Api("abc", ("$default",), (Route("ANY", route, URI.replace(":f/", ":hello/")),))

    def ask():
        expect_api.invocation(api, [("GET", "/pets")], lambda_, "hello", "Section 6.")

    assert ask() is None if permitted else failure(ask).found.startswith("permission for")


# Pages that come from somewhere else.


def answering(**headers):
    """An API that always answers with these CORS headers."""
    named = {f"access-control-allow-{name}": value for name, value in headers.items()}
    return lambda *_: Response(200, named, "")


@pytest.mark.parametrize("headers", [RIGHT, dict.fromkeys(RIGHT, "*"), {**RIGHT, "methods": "put"}])
def test_an_api_that_allows_a_page_passes(headers):
    expect_api.cors(answering(**headers), ORIGIN, [("PUT", "/items")], ["/items"], "Look.")


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
        expect_api.cors(answering(**RIGHT | changes), ORIGIN, [("PUT", "/items")], [], "Look.")
    assert caught.value.found == f"200 with no body; missing, or not allowing it: Access-Control-{named}"


def test_an_answer_that_a_page_may_not_read_is_named():
    with pytest.raises(Failure) as caught:
        expect_api.cors(answering(), ORIGIN, [], ["/items"], "Look.")
    assert caught.value.found == "status 200 with no such header"


class Bucket:
    """An API behind a token bucket, and a clock: each request takes `seconds`."""

    def __init__(self, rate, burst, seconds):
        self.rate, self.burst, self.tokens, self.seconds, self.now = rate, burst, burst, seconds, 0.0

    def monotonic(self):
        return self.now

    def ask(self):
        self.now += self.seconds
        self.tokens = min(self.burst, self.tokens + self.rate * self.seconds)
        if self.tokens < 1:
            return 429
        self.tokens -= 1
        return 200


@pytest.mark.parametrize("seconds", [0.001, 0.3, 0.9])
def test_requests_that_are_held_back_pass_however_slow_they_are(seconds, monkeypatch):
    api = Bucket(rate=1, burst=2, seconds=seconds)
    monkeypatch.setattr(expect_api, "time", api)
    expect_api.throttled(api.ask, 1, 2, "Look.")


@pytest.mark.parametrize(("rate", "burst"), [(1, 9), (20, 2), (1000, 1000)])
def test_limits_that_let_more_through_fail(rate, burst, monkeypatch):
    api = Bucket(rate, burst, seconds=0.05)
    monkeypatch.setattr(expect_api, "time", api)
    with pytest.raises(Failure, match="none of them 429: 200"):
        expect_api.throttled(api.ask, 1, 2, "Look.")
