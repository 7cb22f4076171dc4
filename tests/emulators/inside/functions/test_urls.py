"""Tests for the URLs of functions on the embedded emulator: what is handed out answers."""

import json

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from tests.waiting import PATIENCE

ECHO = """
def lambda_handler(event, context):
    return {"statusCode": 200, "body": event["requestContext"]["http"]["path"]}
"""
NAME = {"FunctionName": "hello"}


def get(clients, url, signed=False):
    request = AWSRequest("GET", url)
    if signed:
        key = clients.emulator.learner
        credentials = ReadOnlyCredentials(key.access_key_id, key.secret_access_key, None)
        SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    answer = urllib3.request("GET", url, headers=dict(request.headers), timeout=PATIENCE)
    return answer.status, answer.data.decode()


def test_url_that_is_handed_out_answers(hello):
    clients = hello(ECHO)
    lambda_ = clients["lambda"]
    url = lambda_.create_function_url_config(**NAME, AuthType="NONE")["FunctionUrl"]
    lambda_.add_permission(
        **NAME, StatementId="all", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE"
    )
    lambda_.add_permission(
        **NAME, StatementId="call", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True
    )
    assert get(clients, f"{url}photos/7") == (200, "/photos/7")
    found = [
        lambda_.get_function_url_config(**NAME),
        lambda_.update_function_url_config(**NAME, AuthType="AWS_IAM"),
        *lambda_.list_function_url_configs(**NAME)["FunctionUrlConfigs"],
    ]
    assert [each["FunctionUrl"] for each in found] == [url] * 3


def test_url_for_signed_calls_answers_those_alone(hello):
    clients = hello(ECHO)
    url = clients["lambda"].create_function_url_config(**NAME, AuthType="NONE")["FunctionUrl"]
    assert get(clients, url)[0] == 403  # in other and more words
    clients["lambda"].update_function_url_config(**NAME, AuthType="AWS_IAM")
    assert get(clients, url) == (403, '{"Message":"Forbidden"}')
    assert get(clients, url, signed=True) == (200, "/")


def test_event_tells_who_has_signed(hello):
    clients = hello("def lambda_handler(event, context): return event['requestContext']['authorizer']['iam']")
    url = clients["lambda"].create_function_url_config(**NAME, AuthType="AWS_IAM")["FunctionUrl"]
    status, told = get(clients, url, signed=True)
    who = json.loads(told)
    assert (status, who["accessKey"]) == (200, clients.emulator.learner.access_key_id)
    assert {"accountId", "callerId", "cognitoIdentity", "principalOrgId", "userArn", "userId"} <= set(who)
