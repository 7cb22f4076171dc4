"""Tests for what CloudFront Functions get and may return, as a viewer sees it."""

import json

import pytest

PASS = "function handler(event) { return event.request; }"
ECHO = """
function handler(event) {
    return {statusCode: 200, body: JSON.stringify(event), headers: {'content-type': {value: 'application/json'}}};
}"""
FUNCTION = "X-Cache", "FunctionValidationError from cloudfront"


def returning(value):
    return f"function handler(event) {{ var request = event.request; {value}; return request; }}"


def changed(what):
    return f"function handler(event) {{ var response = event.response; {what}; return response; }}"


def test_a_path_is_rewritten_before_the_cache_is_asked(functions):
    functions.use("function handler(e) { e.request.uri = e.request.uri.replace('cat', 'dog'); return e.request; }")
    assert functions.viewer.ask("/img/cat.txt").text == "this is img/dog.txt"
    assert functions.viewer.seen("/img/dog.txt") == (200, "Hit")


def test_the_event_has_all_that_aws_tells(functions):
    functions.use(ECHO)
    answer = functions.viewer.ask("/a%20b?x=1&y=&x=2", Cookie="who=me; taste=%20; who=you", Accept="text/html")
    event = json.loads(answer.text)
    assert event["version"] == "1.0"
    domain, id = functions.viewer.distribution["DomainName"], functions.viewer.distribution["Id"]
    request_id = event["context"].pop("requestId")
    assert answer.headers["x-amz-cf-id"] == request_id
    assert event["context"] == {
        "distributionDomainName": domain, "distributionId": id, "eventType": "viewer-request",
    }  # fmt: skip
    assert event["viewer"] == {"ip": "127.0.0.1"}
    request = event["request"]
    assert (request["method"], request["uri"]) == ("GET", "/a%20b")
    two = {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}
    assert request["querystring"] == {"x": two, "y": {"value": ""}}
    assert request["cookies"]["who"]["multiValue"] == [{"value": "me"}, {"value": "you"}]
    assert request["cookies"]["taste"] == {"value": "%20"}
    assert request["headers"]["accept"] == {"value": "text/html"}
    assert {"cookie", "connection", "x-forwarded-proto"}.isdisjoint(request["headers"])


def test_a_function_answers_itself(functions):
    functions.use(
        """function handler(event) { return {statusCode: 302, statusDescription: 'Found',
        headers: {location: {value: '/about.html'}}, cookies: {seen: {value: '1', attributes: 'Path=/'}}}; }"""
    )
    answer = functions.viewer.ask("/")
    assert (answer.status, answer.headers["location"]) == (302, "/about.html")
    assert answer.headers["x-cache"] == "FunctionGeneratedResponse from cloudfront"
    assert answer.headers["set-cookie"] == "seen=1; Path=/"


def test_a_response_is_changed_and_the_cache_keeps_the_origins(functions):
    functions.use(changed("response.headers['x-seen'] = {value: String(event.request.uri)}"), "viewer-response")
    first, second = functions.viewer.ask("/about.html"), functions.viewer.ask("/about.html")
    assert (first.headers["x-seen"], first.text) == ("/about.html", "this is about.html")
    assert second.headers["x-cache"].startswith("Hit")
    assert second.headers["x-seen"] == "/about.html"


def test_a_body_and_a_status_are_replaced(functions):
    body = "response.body = {encoding: 'base64', data: 'aGVsbG8='}; response.statusCode = 201"
    functions.use(changed(body), "viewer-response")
    answer = functions.viewer.ask("/about.html")
    assert (answer.status, answer.text) == (201, "hello")


def test_no_function_runs_after_an_error_of_the_origin(functions):
    functions.use(changed("response.headers['x-seen'] = {value: '1'}"), "viewer-response")
    assert "x-seen" not in functions.viewer.ask("/nothing.html").headers


def test_query_strings_and_cookies_are_sent_on_as_they_were_left(functions):
    functions.use(
        """function handler(event) { var r = event.request; var told = JSON.stringify([r.querystring, r.cookies]);
        if (r.uri === '/index.html') { r.uri = '/about.html'; r.querystring = {a: {value: 'b'}}; r.cookies = {}; }
        return r; }"""
    )
    assert functions.viewer.ask("/?x=1", Cookie="a=b").text == "this is about.html"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("function handler(e) { }", "neither a request nor a response"),
        ("function handler(e) { return [] }", "neither a request nor a response"),
        (returning("request.method = 'POST'"), "method is read-only"),
        (returning("request.uri = 'pets'"), "no path"),
        (returning("request.uri = '/a b'"), "no path"),
        (returning("request.uri = 5"), "no path"),
        (returning("request.headers['x-a'] = {}"), "no text as its 'value'"),
        (returning("request.headers['x-a'] = {value: 5}"), "no text as its 'value'"),
        (returning("request.headers['x-a'] = 'b'"), "no text as its 'value'"),
        (returning("request.headers['x-a'] = {value: 'b\\\\r\\\\nx: y'}"), "no header may have"),
        (returning("request.headers['X-A'] = {value: 'b'}"), "lower case"),
        (returning("request.headers['x a'] = {value: 'b'}"), "lower case"),
        (returning("request.headers['x-a'] = {value: '\\u0000'}"), "no header may have"),
        (returning("request.querystring = 'a=b c'"), "percent-encoded"),
        (returning("request.uri = '/\\u00e9'"), "no path"),
        (returning("request.headers.host = {value: 'b'}"), "read-only header: host"),
        (returning("delete request.headers.host"), "read-only header: host"),
        (returning("request.headers['x-edge-a'] = {value: 'b'}"), "disallowed header: x-edge-a"),
        (returning("request.cookies = 5"), "is not an object"),
        (returning("request.querystring = {a: 'b'}"), "no text as its 'value'"),
        ("function handler(e) { return {statusCode: '302'} }", "statusCode"),
        ("function handler(e) { return {statusCode: 99} }", "statusCode"),
        ("function handler(e) { return {statusCode: 200, body: 'x'.repeat(41000)} }", "larger than 40 KB"),
        ("function handler(e) { return {statusCode: 200, body: {encoding: 'base64', data: '?'}} }", "base64"),
        ("function handler(e) { return {statusCode: 200, headers: {via: {value: 'x'}}} }", "read-only header: via"),
    ],
)
def test_what_a_function_may_not_return_is_a_validation_error(functions, code, words):
    functions.use(code.replace("\\\\", "\\"))
    answer = functions.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (502, "FunctionValidationError from cloudfront")
    assert words in answer.text.replace("&#x27;", "'")


def test_the_origins_headers_that_are_read_only_stay(functions):
    functions.use(changed("response.headers.via = {value: 'x'}"), "viewer-response")
    answer = functions.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (502, "FunctionValidationError from cloudfront")


def test_headers_have_letters_of_any_language(functions):
    functions.use(changed("response.headers['x-name'] = {value: 'zoë €'}"), "viewer-response")
    answer = functions.viewer.ask("/about.html")
    assert answer.status == 200
    assert answer.headers["x-name"].encode("latin-1").decode() == "zoë €"


@pytest.mark.parametrize(
    "fields",
    [
        "cookies: {'a\\r\\nx-b: 1': {value: '1'}}",
        "cookies: {a: {value: '1', attributes: 'Path=/\\r\\nx-b: 1'}}",
        "headers: {a: {value: '1', multiValue: 5}}",
        "headers: {a: {value: '1', multiValue: {b: 1}}}",
    ],
)
def test_what_no_header_can_be_is_a_validation_error(functions, fields):
    functions.use(f"function handler(event) {{ return {{statusCode: 200, {fields}}}; }}")
    answer = functions.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (502, "FunctionValidationError from cloudfront")


@pytest.mark.parametrize(("name", "value"), [("transfer-encoding", "identity"), ("content-length", "none")])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_how_an_answer_is_framed_is_not_the_functions_to_say(functions, method, name, value):
    functions.use(
        f"function handler(event) {{ return {{statusCode: 200, headers: {{'{name}': {{value: '{value}'}}}}}}; }}"
    )
    answer = functions.viewer.ask("/about.html", method=method)
    assert (answer.status, answer.text, answer.headers["content-length"]) == (200, "", "0")


def test_an_answer_of_a_status_without_body_has_none(functions):
    functions.use("function handler(event) { return {statusCode: 204, body: 'lost'}; }")
    assert (functions.viewer.ask("/about.html").status, functions.viewer.ask("/index.html").text) == (204, "")
