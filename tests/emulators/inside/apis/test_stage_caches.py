"""Tests for stages' caches on the embedded emulator: what is kept, by which keys, for how long, and who may drop it."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.emulators.inside.apis.stage_caches import MOST, Cache, Kept
from tests.emulators.inside.apis.test_deployments import deploy
from tests.roles import let_in, policy

COUNTER = """
import itertools
numbers = itertools.count(1)
def lambda_handler(event, context):
    asked = event.get("queryStringParameters") or {}
    return {"statusCode": int(asked.get("status", 200)), "body": str(next(numbers))}
"""
DECLARED = ("method.request.path.id", "method.request.querystring.kind")


class Counter:
    """An API whose function answers with how often it was called; GET and POST /pets/{id} at the stage `test`."""

    def __init__(self, clients, endpoint):
        self.gateway, self.http = clients["apigateway"], Http(endpoint)
        let_in(clients, "hello", "apigateway")
        arn = clients["lambda"].get_function_configuration(FunctionName="hello")["FunctionArn"]
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        made = self.gateway.create_rest_api(name="rest")
        self.id = made["id"]
        pets = self.gateway.create_resource(restApiId=self.id, parentId=made["rootResourceId"], pathPart="pets")["id"]
        self.one = self.gateway.create_resource(restApiId=self.id, parentId=pets, pathPart="{id}")["id"]
        self.integration = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}
        for verb in ("GET", "POST"):
            method = {"restApiId": self.id, "resourceId": self.one, "httpMethod": verb}
            self.gateway.put_method(
                **method, authorizationType="NONE", requestParameters=dict.fromkeys(DECLARED, False)
            )
            self.gateway.put_integration(**method, **self.integration)
        deploy(self.gateway, self.id)

    def keyed(self, *parameters):
        """Name these as keys, and deploy."""
        method = {"restApiId": self.id, "resourceId": self.one, "httpMethod": "GET"}
        self.gateway.put_integration(**method, **self.integration, cacheKeyParameters=list(parameters))
        deploy(self.gateway, self.id)

    def set(self, **values):
        """Set caching of all methods: enabled, ttlInSeconds and the like."""
        changes = [{"op": "replace", "path": f"/*/*/caching/{name}", "value": value} for name, value in values.items()]
        self.gateway.update_stage(restApiId=self.id, stageName="test", patchOperations=changes)

    def cached(self):
        """Give the stage a cache, and let all methods use it."""
        change = {"op": "replace", "path": "/cacheClusterEnabled", "value": "true"}
        stage = self.gateway.update_stage(restApiId=self.id, stageName="test", patchOperations=[change])
        assert (stage["cacheClusterStatus"], stage["cacheClusterSize"]) == ("AVAILABLE", "0.5")
        self.set(enabled="true")

    def ask(self, path="/pets/1", method="GET", **headers):
        return self.http.api(self.id, "test", method, path, headers=headers)

    def counts(self, *paths):
        return [int(self.ask(path).text) for path in paths]


@pytest.fixture
def api(hello, embedded):
    return Counter(hello(COUNTER), embedded.endpoint)


def test_nothing_is_kept_without_a_cache_and_without_a_setting(api):
    assert api.counts("/pets/1", "/pets/1") == [1, 2]
    api.set(enabled="true")
    assert api.counts("/pets/1", "/pets/1") == [3, 4]
    api.cached()
    assert api.counts("/pets/1", "/pets/1") == [5, 5]
    api.set(enabled="false")
    assert api.counts("/pets/1") == [6]


def test_only_what_is_named_as_a_key_counts(api):
    api.cached()
    assert api.counts("/pets/1", "/pets/2", "/pets/1?kind=cat") == [1, 1, 1]
    api.gateway.flush_stage_cache(restApiId=api.id, stageName="test")
    api.keyed("method.request.path.id", "method.request.querystring.kind")
    paths = ("/pets/1", "/pets/2", "/pets/1?kind=cat", "/pets/1", "/pets/2?other=1", "/pets/1?kind=cat")
    assert api.counts(*paths) == [2, 3, 4, 2, 3, 4]


def test_key_that_the_integration_sends_counts_as_the_parameter_that_it_is_made_of(api):
    api.cached()
    api.integration["requestParameters"] = {"integration.request.querystring.pet": "method.request.path.id"}
    api.keyed("integration.request.querystring.pet")
    assert api.counts("/pets/1", "/pets/2", "/pets/1") == [1, 2, 1]


def test_key_that_the_method_does_not_declare_is_refused(api):
    with pytest.raises(ClientError, match="Invalid cache key parameter specified"):
        api.keyed("method.request.querystring.size")


def test_answers_are_kept_for_their_time_by_the_clock(api, embedded):
    api.cached()
    api.set(ttlInSeconds="60")
    assert api.counts("/pets/1", "/pets/1") == [1, 1]
    list(embedded.advance(61))
    assert api.counts("/pets/1", "/pets/1") == [2, 2]
    api.set(ttlInSeconds="0")
    assert api.counts("/pets/1", "/pets/1") == [3, 4]


def test_errors_and_other_methods_are_not_kept(api):
    api.cached()
    assert api.counts("/pets/1?status=404", "/pets/1?status=404", "/pets/1", "/pets/1") == [1, 2, 3, 3]
    assert [int(api.ask(method="POST").text) for _ in range(2)] == [4, 5]
    change = {"op": "replace", "path": "/~1pets~1{id}/POST/caching/enabled", "value": "true"}
    api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=[change])
    assert [int(api.ask(method="POST").text) for _ in range(2)] == [6, 6]


def test_stage_is_flushed_and_loses_its_answers_with_its_cache(api):
    api.cached()
    assert api.counts("/pets/1", "/pets/1") == [1, 1]
    api.gateway.flush_stage_cache(restApiId=api.id, stageName="test")
    assert api.counts("/pets/1") == [2]
    for value in ("false", "true"):
        change = {"op": "replace", "path": "/cacheClusterEnabled", "value": value}
        api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=[change])
    assert api.counts("/pets/1") == [3]
    with pytest.raises(ClientError, match="Invalid stage"):
        api.gateway.flush_stage_cache(restApiId=api.id, stageName="none")


def test_only_who_may_invalidates_an_answer(api, embedded, hello):
    api.cached()
    fresh = {"Cache-Control": "max-age=0"}
    assert api.counts("/pets/1") == [1]
    ignored = api.ask(**fresh)
    assert (ignored.text, "ignored" in ignored.headers["warning"]) == ("1", True)
    api.set(unauthorizedCacheControlHeaderStrategy="FAIL_WITH_403")
    assert api.ask(**fresh).status == 403
    api.set(unauthorizedCacheControlHeaderStrategy="SUCCEED_WITHOUT_RESPONSE_HEADER")
    assert (api.ask(**fresh).text, "warning" in api.ask(**fresh).headers) == ("1", False)
    learner = embedded.learner
    assert signed(api, embedded, learner.access_key_id, learner.secret_access_key) == "2"
    assert api.counts("/pets/1") == [2]
    api.set(requireAuthorizationForCacheControl="false")
    assert [api.ask(**fresh).text for _ in range(2)] == ["3", "4"]


def test_user_needs_the_permission_to_invalidate(api, embedded):
    from lab_harness.aws import Clients

    iam = Clients(embedded)["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    arn = f"arn:aws:execute-api:us-east-1:000000000000:{api.id}/test/GET/pets/*"
    invoke = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
    api.cached()
    assert api.counts("/pets/1") == [1]
    iam.put_user_policy(UserName="ana", PolicyName="calls", PolicyDocument=policy(invoke))
    assert signed(api, embedded, key["AccessKeyId"], key["SecretAccessKey"]) == "1"
    drop = {**invoke, "Action": "execute-api:InvalidateCache"}
    iam.put_user_policy(UserName="ana", PolicyName="calls", PolicyDocument=policy(invoke, drop))
    assert signed(api, embedded, key["AccessKeyId"], key["SecretAccessKey"]) == "2"
    iam.put_user_policy(UserName="ana", PolicyName="calls", PolicyDocument=policy(invoke))
    assert signed(api, embedded, key["AccessKeyId"], key["SecretAccessKey"]) == "2"


def signed(api, embedded, *key):
    """What a client with this key gets that asks for a fresh answer."""
    path = f"/_aws/execute-api/{api.id}/test/pets/1"
    request = AWSRequest("GET", f"{embedded.endpoint}{path}", headers={"Cache-Control": "max-age=0"})
    SigV4Auth(BotoCredentials(*key), "execute-api", "us-east-1").add_auth(request)
    return Http(embedded.endpoint).request("GET", path, headers=dict(request.headers.items())).text


@pytest.mark.parametrize(("path", "value"), [("/*/*/caching/ttlInSeconds", "3601"), ("/cacheClusterSize", "1")])
def test_settings_that_aws_does_not_have_are_refused(api, path, value):
    change = {"op": "replace", "path": path, "value": value}
    with pytest.raises(ClientError, match=value):
        api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=[change])


def test_many_small_answers_do_not_fill_the_memory():
    cache, large = Cache(), 10_000
    answer, most = Kept(float("inf"), 200, {"Content-Type": "text/plain"}, b""), MOST // large
    for number in range(most + 100):
        cache.keep((number, "a" * large), answer)
    assert [bool(cache.find((number, "a" * large))) for number in (0, most + 99)] == [False, True]
    cache.flush()
    cache.keep(("first",), Kept(float("inf"), 200, {}, b"a" * (MOST - 10_000)))
    assert cache.find(("first",))
