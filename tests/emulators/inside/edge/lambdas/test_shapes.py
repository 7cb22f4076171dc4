"""Tests for what functions at the edge get and may return, as a viewer sees it."""

import base64
import json

import pytest

from tests.emulators.inside.edge.distributions.distributions import open_to
from tests.emulators.inside.edge.lambdas.conftest import REQUEST, RESPONSE

ECHO = """
import json
def lambda_handler(event, context):
    headers = {"content-type": [{"key": "Content-Type", "value": "application/json"}]}
    return {"status": "200", "statusDescription": "OK", "headers": headers, "body": json.dumps(event)}
"""
ALL = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")


def told(answer):
    return json.loads(answer.text)["Records"][0]["cf"]


def test_a_request_is_told_as_aws_tells_it(edge):
    edge.at("viewer-request", ECHO)
    answer = edge.viewer.ask("/a%20b?x=1&x=2", X_Pet="cat")
    assert answer.headers["x-cache"] == "LambdaGeneratedResponse from cloudfront"
    cf = told(answer)
    id = cf["config"].pop("requestId")
    assert id == answer.headers["x-amz-cf-id"]
    about = edge.viewer.distribution
    assert cf["config"] == {
        "distributionDomainName": about["DomainName"], "distributionId": about["Id"], "eventType": "viewer-request",
    }  # fmt: skip
    request = cf["request"]
    assert (request["method"], request["uri"], request["querystring"]) == ("GET", "/a%20b", "x=1&x=2")
    assert request["clientIp"] == "127.0.0.1"
    assert request["headers"]["x-pet"] == [{"key": "X-Pet", "value": "cat"}]
    assert {"body", "origin"}.isdisjoint(request)


def test_the_origin_is_told_at_its_request(edge):
    edge.at("origin-request", ECHO)
    request = told(edge.viewer.ask("/about.html"))["request"]
    origin = request["origin"]["s3"]
    assert (origin["domainName"], origin["path"], origin["customHeaders"]) == (
        "site.s3.us-east-1.amazonaws.com",
        "",
        {},
    )
    assert request["headers"]["host"] == [{"key": "Host", "value": "site.s3.us-east-1.amazonaws.com"}]


def test_an_answer_in_the_origins_place_is_kept(edge):
    edge.at("origin-request", ECHO)
    assert edge.viewer.ask("/some.html").headers["x-cache"] == "LambdaGeneratedResponse from cloudfront"
    assert edge.viewer.seen("/some.html") == (200, "Hit")


@pytest.mark.parametrize(("event", "most"), [("viewer-request", 40 * 1024), ("origin-request", 1024 * 1024)])
def test_the_body_is_told_where_it_is_included(edge, event, most):
    tell = "    body = request['body']\n    body['data'] = len(body['data'])\n"
    edge.at(
        event,
        f"import json\n{REQUEST}{tell}    return {{'status': 200, 'body': json.dumps(body)}}",
        body=True,
        methods=ALL,
    )
    answer = edge.viewer.ask("/", method="POST", body=b"a" * (most + 1))
    size = len(base64.b64encode(bytes(most)))
    expected = {"inputTruncated": True, "action": "read-only", "encoding": "base64", "data": size}
    assert json.loads(answer.text) == expected


def test_a_path_is_rewritten_before_and_behind_the_cache(edge):
    to_dog = REQUEST + "    request['uri'] = request['uri'].replace('cat', 'dog')\n    return request"
    edge.at("origin-request", to_dog)
    assert edge.viewer.ask("/img/cat.txt").text == "this is img/dog.txt"
    assert edge.viewer.seen("/img/cat.txt") == (200, "Hit")
    assert edge.viewer.seen("/img/dog.txt") == (200, "Miss")


def test_another_origin_is_chosen(edge):
    s3 = edge.clients["s3"]
    s3.create_bucket(Bucket="other")
    s3.put_object(Bucket="other", Key="deep/about.html", Body=b"other")
    open_to(edge.clients, edge.viewer.distribution["ARN"], bucket="other")
    domain = "other.s3.us-east-1.amazonaws.com"
    edge.at(
        "origin-request",
        f"{REQUEST}    s3 = request['origin']['s3']\n    s3['domainName'], s3['path'] = '{domain}', '/deep'\n"
        f"    request['headers']['host'] = [{{'key': 'Host', 'value': '{domain}'}}]\n    return request",
    )
    assert edge.viewer.ask("/about.html").text == "other"


def test_a_response_is_changed_before_the_cache_keeps_it(edge):
    edge.at(
        "origin-response",
        RESPONSE
        + "    response['body'] = 'new'\n    response['headers']['x-made'] = [{'key': 'X-Made', 'value': '1'}]\n"
        "    response['headers']['content-type'] = [{'key': 'Content-Type', 'value': 'text/plain'}]\n"
        "    response['status'] = 203\n    return response",
    )
    for x_cache in ("Miss", "Hit"):
        answer = edge.viewer.ask("/about.html")
        assert answer.headers["x-cache"].startswith(x_cache)
        assert (answer.status, answer.text, answer.headers["x-made"]) == (203, "new", "1")
        assert answer.headers["content-type"] == "text/plain"


def test_a_picture_may_take_the_bodys_place(edge):
    picture = base64.b64encode(bytes(range(128))).decode()
    edge.at(
        "origin-response",
        f"{RESPONSE}    response['body'], response['bodyEncoding'] = {picture!r}, 'base64'\n    return response",
    )
    assert edge.viewer.ask("/about.html").text == bytes(range(128)).decode()


def test_errors_of_the_origin_are_changed_at_its_response(edge):
    edge.at(
        "origin-response",
        RESPONSE + "    response['status'] = '200'\n    response['body'] = 'fine'\n    return response",
    )
    assert edge.viewer.ask("/nothing.html").text == "fine"


def test_the_viewers_response_is_not_kept(edge):
    edge.at("viewer-response", RESPONSE + "    response['headers']['x-v'] = [{'value': 'a'}]\n    return response")
    assert edge.viewer.ask("/about.html").headers["x-v"] == "a"
    edge.put()
    assert "x-v" not in edge.viewer.ask("/about.html").headers


def returns(line):
    return f"{REQUEST}    {line}\n    return request"


@pytest.mark.parametrize(
    ("event", "code", "words"),
    [
        ("viewer-request", returns("request['method'] = 'PUT'"), "method is read-only"),
        ("viewer-request", returns("request['uri'] = 'x'"), "uri must be a path"),
        ("viewer-request", returns("request['querystring'] = {}"), "querystring"),
        ("viewer-request", returns("del request['headers']['host']"), "read-only header: host"),
        ("viewer-request", returns("request['headers']['x-edge-a'] = [{'value': 'x'}]"), "disallowed header"),
        ("viewer-request", returns("request['headers']['x-a'] = 'x'"), "must be a list"),
        ("viewer-request", returns("request['headers']['X-A'] = [{'value': 'x'}]"), "lower case"),
        ("viewer-request", returns("request['headers']['x-a'] = [{'value': 5}]"), "a text"),
        ("viewer-request", returns("request['headers']['x-a'] = [{'value': 'a\\nb'}]"), "no header may have"),
        ("viewer-request", returns("request['uri'] = '/a b'"), "percent-encoded"),
        ("origin-request", returns("request['origin'] = {'custom': {'domainName': 'x.y', 'port': '1'}}"), "numbers"),
        ("viewer-request", returns("request['headers']['x-a'] = [{'key': 'Y', 'value': ''}]"), "another key"),
        ("viewer-request", returns("return {'status': 'x'}"), "status must be a number"),
        ("viewer-request", returns("return {'status': '1' * 5000}"), "status must be a number"),
        ("viewer-request", returns("return {'status': '200', 'body': 'x' * 41000}"), "larger than 40 KB"),
        ("origin-request", returns("return {'status': '200', 'body': 'x' * 1050000}"), "larger than 1024 KB"),
        ("origin-request", returns("return {'status': 200, 'body': '?', 'bodyEncoding': 'base64'}"), "base64"),
        ("origin-request", returns("request['origin'] = {}"), "either s3 or custom"),
        ("origin-request", returns("request['origin']['s3']['domainName'] = 'example.com'"), "no bucket's"),
        ("viewer-response", RESPONSE + "    response['status'] = '404'\n    return response", "read-only"),
        ("origin-response", RESPONSE + "    response['status'] = '99'\n    return response", "number from 200"),
    ],
)
def test_what_a_function_may_not_return_is_a_validation_error(edge, event, code, words):
    edge.at(event, code)
    answer = edge.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (502, "LambdaValidationError from cloudfront")
    assert words in answer.text
