"""Tests for the events of functions behind APIs and URLs on the embedded emulator, field by field."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from lab_harness.authors.http import Http
from tests.emulators.inside.apis.test_deployments import deploy
from tests.roles import let_in
from tests.waiting import PATIENCE

CODE = """
import json

def lambda_handler(event, context):
    asked = event.get("queryStringParameters") or {}
    if "fail" in asked:
        raise ValueError("a secret of ours")
    if "plain" in asked:
        return {"plain": True}
    body = json.dumps(event)
    several = {"set-cookie": ["a=1", "b=2"], "x-kind": ["dog", "cat"]}
    if event.get("version") == "2.0":
        return {"statusCode": 200, "body": body, "cookies": ["a=1", "b=2"]}
    return {"statusCode": 200, "body": body, "multiValueHeaders": several, "headers": {"X-Kind": "none"}}
"""
IDENTITY = {
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn"),
}
CONTEXT = {
    *("accountId", "apiId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod", "identity", "path"),
    *("protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage"),
}
OLDER = {
    *("resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters", "body"),
    *("multiValueQueryStringParameters", "requestContext", "pathParameters", "stageVariables", "isBase64Encoded"),
}
NEWEST = {"version", "routeKey", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded"}
NEWEST_CONTEXT = {
    *("accountId", "apiId", "domainName", "domainPrefix", "http", "requestId", "routeKey", "stage", "time"),
    "timeEpoch",
}
ADDED = {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"}
COOKIES = {"Cookie": "paw=7; claw=3"}


@pytest.fixture
def clients(hello):
    clients = hello(CODE)
    let_in(clients, "hello", "apigateway")
    return clients


def function(clients):
    return clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]


def uri(clients):
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function(clients)}/invocations"


@pytest.fixture
def rest(clients, embedded):
    """Asks GET /pets/{pet} of a REST API's stage `test`."""
    gateway = clients["apigateway"]
    made = gateway.create_rest_api(name="rest")
    pets = gateway.create_resource(restApiId=made["id"], parentId=made["rootResourceId"], pathPart="pets")["id"]
    pet = gateway.create_resource(restApiId=made["id"], parentId=pets, pathPart="{pet}")["id"]
    about = {"restApiId": made["id"], "resourceId": pet, "httpMethod": "GET"}
    gateway.put_method(**about, authorizationType="NONE")
    gateway.put_integration(**about, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri(clients))
    deploy(gateway, made["id"])
    return lambda path, **headers: Http(embedded.endpoint).api(made["id"], "test", "GET", path, headers=headers)


@pytest.fixture
def http_api(clients, embedded):
    """Asks GET /pets/{pet} of an HTTP API in this format, at this stage."""
    gateway = clients["apigatewayv2"]

    def ask(path, payload="2.0", stage="$default", variables=None, **headers):
        made = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
        about = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri(clients), "PayloadFormatVersion": payload}
        target = f"integrations/{gateway.create_integration(ApiId=made, **about)['IntegrationId']}"
        gateway.create_route(ApiId=made, RouteKey="GET /pets/{pet}", Target=target)
        gateway.create_stage(ApiId=made, StageName=stage, AutoDeploy=True, StageVariables=variables or {})
        return Http(embedded.endpoint).api(made, stage, "GET", path, headers=headers)

    return ask


def test_event_of_a_rest_api_has_each_field_of_awss(rest):
    event = rest("/pets/rex?kind=dog&kind=cat", **COOKIES).json()
    assert set(event) == OLDER
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/pets/{pet}", "/pets/rex", {"pet": "rex"})
    assert event["queryStringParameters"] == {"kind": "cat"}
    assert event["multiValueQueryStringParameters"] == {"kind": ["dog", "cat"]}
    assert set(event["headers"]) == set(event["multiValueHeaders"]) >= ADDED | {"cookie"}
    asked = event["requestContext"]
    assert (set(asked), set(asked["identity"])) == (CONTEXT, IDENTITY)
    assert (asked["path"], asked["resourcePath"], asked["stage"]) == ("/test/pets/rex", "/pets/{pet}", "test")
    assert asked["domainName"].startswith(f"{asked['domainPrefix']}.execute-api.")


def test_event_in_format_2_has_each_field_of_awss(http_api):
    event = http_api("/pets/rex?kind=dog&kind=cat", **COOKIES).json()
    assert set(event) == NEWEST | {"cookies", "queryStringParameters", "pathParameters"}
    assert set(event["requestContext"]) == NEWEST_CONTEXT
    assert (event["cookies"], "cookie" in event["headers"]) == (["paw=7", "claw=3"], False)
    assert (event["queryStringParameters"], event["rawPath"]) == ({"kind": "dog,cat"}, "/pets/rex")
    assert set(event["headers"]) >= ADDED


def test_event_in_format_2_names_the_stage_in_its_path_and_has_its_variables(http_api):
    event = http_api("/pets/rex", stage="live", variables={"alias": "v1"}).json()
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/live/pets/rex", "/live/pets/rex")
    assert event["stageVariables"] == {"alias": "v1"}


def test_event_in_format_1_has_each_field_of_awss(http_api):
    event = http_api("/pets/rex?kind=dog&kind=cat", "1.0", **COOKIES).json()
    assert (set(event), event["version"]) == (OLDER | {"version"}, "1.0")
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/pets/{pet}", "/pets/rex", {"pet": "rex"})
    assert event["headers"]["cookie"] == "paw=7; claw=3"
    assert event["queryStringParameters"] == {"kind": "cat"}
    assert event["multiValueQueryStringParameters"] == {"kind": ["dog", "cat"]}
    asked = event["requestContext"]
    assert (set(asked), set(asked["identity"])) == (CONTEXT | {"authorizer"}, IDENTITY)
    assert asked["authorizer"] == {"claims": None, "scopes": None}


def lines(answer, name):
    return [value for key, value in answer.getheaders() if key.lower() == name]


def get(address):
    """The answer to GET, with each line of its header."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    connection.request("GET", f"{parts.path}?{parts.query}", headers=COOKIES)
    answer = connection.getresponse()
    answer.told = answer.read()
    connection.close()
    return answer


def test_each_cookie_and_each_value_is_a_header_of_its_own(clients, embedded, http_api):
    for payload in ("1.0", "2.0"):
        http_api("/pets/rex", payload)
    older, newest = [
        get(f"{embedded.endpoint}/_aws/execute-api/{each['ApiId']}/$default/pets/rex")
        for each in clients["apigatewayv2"].get_apis()["Items"]
    ]
    assert lines(older, "set-cookie") == lines(newest, "set-cookie") == ["a=1", "b=2"]
    assert lines(older, "x-kind") == ["dog", "cat"]


@pytest.mark.parametrize(("payload", "query"), [("1.0", "fail"), ("2.0", "fail"), ("1.0", "plain")])
def test_client_of_an_http_api_is_not_told_why_a_function_failed(http_api, payload, query):
    answer = http_api(f"/pets/rex?{query}=1", payload)
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})


def test_format_2_takes_what_has_no_status_for_the_body(http_api):
    answer = http_api("/pets/rex?plain=1")
    assert (answer.status, answer.json()) == (200, {"plain": True})


def test_event_of_a_url_has_cookies_each_of_which_is_set_and_its_errors_are_its_own(clients):
    lambda_ = clients["lambda"]
    url = lambda_.create_function_url_config(FunctionName="hello", AuthType="NONE")["FunctionUrl"]
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        limit = {"FunctionUrlAuthType": "NONE"} if action.endswith("Url") else {"InvokedViaFunctionUrl": True}
        about = {"FunctionName": "hello", "StatementId": action[7:], "Action": action, "Principal": "*"}
        lambda_.add_permission(**about, **limit)
    broken = get(f"{url}pets?fail=1")
    assert (broken.status, broken.told) == (502, b"Internal Server Error")
    answer = get(f"{url}pets?kind=dog")
    event = json.loads(answer.told)
    assert set(event) == NEWEST | {"cookies", "queryStringParameters"}
    assert set(event["requestContext"]) == NEWEST_CONTEXT
    assert event["cookies"] == ["paw=7", "claw=3"]
    assert lines(answer, "set-cookie") == ["a=1", "b=2"]
