"""Tests for what APIs call: only functions that let them, or what their role may; each way in turn."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from lab_harness.authors.http import Http
from tests.emulators.inside.apis.test_websockets import handshake, websocket_api
from tests.emulators.inside.permissions.authorization.listener import FUNCTION, forbid, permit
from tests.labs.helpers import zipped
from tests.roles import allow, policy, role, take_away, trust


def rest_api(account, **integration):
    """The id of a REST API whose GET / calls the function."""
    gateway = account["apigateway"]
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="AWS_PROXY", integrationHttpMethod="POST", **integration,
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
    )  # fmt: skip
    gateway.create_deployment(restApiId=made["id"], stageName="test")
    return made["id"]


def test_rest_api_calls_a_function_that_lets_it(account, embedded):
    api = rest_api(account)

    def get():
        return Http(embedded.endpoint).api(api, "test", "GET", "/")

    assert (get().status, json.loads(get().text)) == (500, {"message": "Internal server error"})
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*/GET/")
    assert (get().status, get().text) == (200, "served")
    forbid(account)
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/prod/GET/")
    assert get().status == 500


def test_rest_api_with_a_role_calls_what_the_role_may(account, embedded):
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
    api = rest_api(account, credentials=role(account, "gateway", given, services=["apigateway"]))

    def status():
        return Http(embedded.endpoint).api(api, "test", "GET", "/").status

    assert status() == 200
    take_away(account, "gateway")
    assert status() == 500
    allow(account, "gateway", given)
    assert status() == 200


def test_http_api_calls_a_function_that_lets_it(account, embedded):
    gateway = account["apigatewayv2"]
    api = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("GET /pets/{id}", "$default"):
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    def get(path):
        return Http(embedded.endpoint).api(api, "$default", "GET", path)

    assert (get("/pets/1").status, json.loads(get("/pets/1").text)) == (500, {"message": "Internal Server Error"})
    source = f"arn:aws:execute-api:us-east-1:000000000000:{api}"
    permit(account, "apigateway", f"{source}/*/GET/pets/*")
    assert (get("/pets/1").status, get("/else").status) == (200, 500)
    forbid(account)
    permit(account, "apigateway", f"{source}/*/$default")
    assert (get("/pets/1").status, get("/else").status) == (500, 200)


def test_api_that_asks_for_a_signature_believes_none_but_those_of_keys_that_may_call_it(account, embedded):
    gateway, iam = account["apigateway"], account["iam"]
    api = rest_api(account)
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*")
    (root,) = gateway.get_resources(restApiId=api)["items"]
    asks = [{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    gateway.update_method(restApiId=api, resourceId=root["id"], httpMethod="GET", patchOperations=asks)
    gateway.create_deployment(restApiId=api, stageName="test")
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    learner = embedded.learner

    def status(*key):
        path = f"/_aws/execute-api/{api}/test/"
        headers = {}
        if key:
            request = AWSRequest("GET", f"{embedded.endpoint}{path}")
            SigV4Auth(BotoCredentials(*key), "execute-api", "us-east-1").add_auth(request)
            headers = dict(request.headers.items())
        return Http(embedded.endpoint).request("GET", path, headers=headers).status

    assert status() == 403
    assert status("test", "guessed" * 6) == 403
    assert status(learner.access_key_id, learner.secret_access_key) == 200
    ana = (key["AccessKeyId"], key["SecretAccessKey"])
    assert status(*ana) == 403
    given = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"arn:aws:execute-api:*:*:{api}/test/GET/*"}
    iam.put_user_policy(UserName="ana", PolicyName="calls", PolicyDocument=policy(given))
    assert status(*ana) == 200
    iam.delete_user_policy(UserName="ana", PolicyName="calls")
    assert status(*ana) == 403


def test_unsigned_request_is_told_what_the_rest_api_says_of_a_missing_token(account, embedded):
    gateway, api = account["apigateway"], rest_api(account)
    (root,) = gateway.get_resources(restApiId=api)["items"]
    asks = [{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    gateway.update_method(restApiId=api, resourceId=root["id"], httpMethod="GET", patchOperations=asks)
    said = {"responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "404"}
    gateway.put_gateway_response(restApiId=api, **said, responseTemplates={"application/json": '{"none": true}'})
    gateway.create_deployment(restApiId=api, stageName="test")
    answer = Http(embedded.endpoint).request("GET", f"/_aws/execute-api/{api}/test/")
    assert (answer.status, answer.json()) == (404, {"none": True})


def test_rest_api_sends_to_a_queue_while_its_role_may(account, embedded):
    gateway, sqs = account["apigateway"], account["sqs"]
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    given = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:000000000000:orders"}
    arn = role(account, "gateway", given, services=["apigateway"])
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="AWS", integrationHttpMethod="POST", credentials=arn,
        uri="arn:aws:apigateway:us-east-1:sqs:path/000000000000/orders",
        requestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        requestTemplates={"application/json": "Action=SendMessage&MessageBody=$input.body"},
    )  # fmt: skip
    for code, pattern in (("200", ""), ("403", "403")):
        gateway.put_method_response(**method, statusCode=code)
        gateway.put_integration_response(**method, statusCode=code, selectionPattern=pattern)
    gateway.create_deployment(restApiId=made["id"], stageName="test")

    def status():
        return Http(embedded.endpoint).api(made["id"], "test", "POST", "/", body="1").status

    def sent():
        return len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", []))

    take_away(account, "gateway")
    assert (status(), sent()) == (403, 0)
    allow(account, "gateway", given)
    assert (status(), sent()) == (200, 1)
    take_away(account, "gateway")
    assert (status(), sent()) == (403, 1)
    account["iam"].update_assume_role_policy(RoleName="gateway", PolicyDocument=trust("lambda"))
    allow(account, "gateway", given)
    assert (status(), sent()) == (500, 1)


# What names no key, or only looks like a signature.
NO_SIGNATURES = [
    ("?X-Amz-Signature=0", {}),
    ("?X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256", {}),
    ("?Signature=0&Expires=9999999999", {}),
    ("", {"authorization": "AWS4-HMAC-SHA256 Signature=0"}),
    ("", {"authorization": "Bearer test"}),
    ("", {"authorization": "AWS4-HMAC-SHA256 Credential=test/20261130/us-east-1/lambda/aws4_request, Signature=0"}),
]


@pytest.mark.parametrize(("query", "headers"), NO_SIGNATURES)
def test_what_only_looks_like_a_signature_opens_nothing_that_asks_for_one(account, embedded, query, headers):
    rest, http = rest_api(account), account["apigatewayv2"].create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    gateway, gateway_v2 = account["apigateway"], account["apigatewayv2"]
    (root,) = gateway.get_resources(restApiId=rest)["items"]
    asks = [{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    gateway.update_method(restApiId=rest, resourceId=root["id"], httpMethod="GET", patchOperations=asks)
    gateway.create_deployment(restApiId=rest, stageName="test")
    integration = gateway_v2.create_integration(
        ApiId=http, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    gateway_v2.create_route(ApiId=http, RouteKey="GET /", Target=target, AuthorizationType="AWS_IAM")
    gateway_v2.create_stage(ApiId=http, StageName="test", AutoDeploy=True)
    permit(account, "apigateway", "arn:aws:execute-api:us-east-1:000000000000:*")
    url = account["lambda"].create_function_url_config(FunctionName="listener", AuthType="AWS_IAM")["FunctionUrl"]
    places = [f"/_aws/execute-api/{rest}/test/", f"/_aws/execute-api/{http}/test/", urlsplit(url).path]
    answers = [Http(embedded.endpoint).request("GET", f"{place}{query}", headers=headers) for place in places]
    assert [answer.status for answer in answers] == [403] * 3


def test_http_api_with_a_role_calls_what_the_role_may(account, embedded):
    gateway = account["apigatewayv2"]
    given = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
    api = gateway.create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0",
        CredentialsArn=role(account, "gateway", given, services=["apigateway"]),
    )["IntegrationId"]  # fmt: skip
    gateway.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    def status():
        return Http(embedded.endpoint).api(api, "$default", "GET", "/").status

    assert status() == 200
    take_away(account, "gateway")
    assert status() == 500
    allow(account, "gateway", given)
    assert status() == 200


def test_websocket_route_calls_a_function_that_lets_it(account, embedded):
    api = websocket_api(account["apigatewayv2"], FUNCTION)
    port = int(embedded.endpoint.rpartition(":")[2])
    source = f"arn:aws:execute-api:us-east-1:000000000000:{api}/live"

    def status():
        return asyncio.run(handshake(port, api, ""))

    assert status() != 101
    permit(account, "apigateway", f"{source}/$connect")
    assert status() == 101
    forbid(account)
    permit(account, "apigateway", f"{source}/$disconnect")
    assert status() != 101


LETS_ALL = """
def lambda_handler(event, context):
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": "ana", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


def test_authorizer_is_asked_where_it_lets_the_api_call_it(account, embedded):
    gateway, api = account["apigateway"], rest_api(account)
    permit(account, "apigateway", f"arn:aws:execute-api:us-east-1:000000000000:{api}/*")
    account["lambda"].create_function(
        FunctionName="doorman", Runtime="python3.13", Handler="lambda_function.lambda_handler",
        Role=role(account, "doorman"), Code={"ZipFile": zipped(LETS_ALL)},
    )  # fmt: skip
    account["lambda"].get_waiter("function_active_v2").wait(FunctionName="doorman", WaiterConfig={"Delay": 0.1})
    doorman = FUNCTION.replace("listener", "doorman")
    authorizer = gateway.create_authorizer(
        restApiId=api, name="doorman", type="TOKEN", identitySource="method.request.header.Authorization",
        authorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{doorman}/invocations",
        authorizerResultTtlInSeconds=0,
    )["id"]  # fmt: skip
    (root,) = gateway.get_resources(restApiId=api)["items"]
    asks = [{"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
            {"op": "replace", "path": "/authorizerId", "value": authorizer}]  # fmt: skip
    gateway.update_method(restApiId=api, resourceId=root["id"], httpMethod="GET", patchOperations=asks)
    gateway.create_deployment(restApiId=api, stageName="test")

    def status():
        return Http(embedded.endpoint).api(api, "test", "GET", "/", headers={"Authorization": "let me in"}).status

    def permit_doorman(path):
        source = f"arn:aws:execute-api:us-east-1:000000000000:{api}/{path}"
        account["lambda"].add_permission(
            FunctionName="doorman", StatementId="asked", Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com", SourceArn=source,
        )  # fmt: skip

    assert status() == 500
    permit_doorman(f"authorizers/{authorizer}")
    assert status() == 200
    account["lambda"].remove_permission(FunctionName="doorman", StatementId="asked")
    permit_doorman("authorizers/another")
    assert status() == 500
