"""Tests for what is public by nature: never anything that MiniStack takes to a service, whatever a request says."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.access.routes import is_public, reads_an_object

API, URL = "0a1b2c3d", "a" * 32
CALLBACK = "/_ministack/cfn-response/0f0f0f0f-1111-2222-3333-444444444444"
SLOW_MACHINE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
HOSTS = [
    "localhost:4566", "127.0.0.1:4566", "[::1]:4566", f"{API}.execute-api.localhost:4566", "photos.localhost",
    f"{URL}.lambda-url.us-east-1.localhost:4566", "shop.localhost", "d1.cloudfront.localhost", "s3.localhost",
    "abc.us-east-1.aoss.localhost", "lb.alb.localhost", "x.appsync-api.us-east-1.localhost", "iot.us-east-1.localhost",
    f"{API}.execute-api.localhost.localhost", "sqs.us-east-1.localhost", f"x.{API}.execute-api.localhost",
]  # fmt: skip
PATHS = f"""/  // /photos/key /_aws/execute-api/ /_aws/execute-api/{API} /_aws/execute-api/{API}/$default/x
/_aws/execute-api/{API}/s/@connections/c /_aws/lambda-url/{URL}/ /_aws/lambda-url/ /_aws/other /restapis/x
/restapis/{API}/s/_user_request_/x /restapis/{API}/s/_user_request /health /_ministack/health {CALLBACK} {CALLBACK}/x
/_ministack/cfn-signal/x /_ministack/reset /_ministack/config /_ministack/lambda-code/000000000000/us-east-1/f
/_ministack/eks-auth/x /_localstack/x /Execute /v2/email/identities /v2/ /v2/x/manifests/y /v2/apis
/v20180820/mrap/instances /iceberg/v1/config /WriteGetObjectResponse /oauth2/token /oauth2/authorize
/oauth2/x/.well-known/jwks.json /login /logout /_alb/lb/x /pool/.well-known/jwks.json /2015-03-31/functions
/service/GraniteServiceVersion20100801/operation/PutMetricAlarm /latest/meta-data /graphql /event /clusters
/@connections/x /x/../_aws/execute-api/{API}/y""".split()
TARGETS = ["AWSCognitoIdentityProviderService.SignUp", "AWSCognitoIdentityProviderService.AdminCreateUser"]
TARGETS += ["DynamoDB_20120810.CreateTable", "AWSEvents.PutRule", "AWSCognitoIdentityService.GetId", "x.y"]
HEADERS = {
    "x-amz-target": TARGETS,
    "authorization": ["Credential=a/b/c/lambda/aws4_request", "AWS4-HMAC-SHA256 Credential=test/1/r/sqs/x", "Bearer x"],
    "content-type": ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"],
    "x-amz-request-route": ["route"],
    "access-control-request-method": ["POST"],
    "content-encoding": ["aws-chunked", "gzip"],
    "upgrade": ["websocket"],
}
QUERIES = ["Action=CreateStack", "Action=ListQueues", "uploads", "X-Amz-Credential=test/1/r/s3/x", "warehouse=x"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"]
BODIES = [b"", b"Action=CreateStack&TemplateBody={}", b"{}"]
# Cognito's own operations for an application's users, which AWS does not sign either.
UNSIGNED_SERVICES = {"cognito-idp", "cognito-identity"}


@pytest.fixture(scope="module")
def reached():
    """What of MiniStack a request reaches: services through the router, and handlers that it asks before."""
    from ministack import app

    found = []

    def spy(name):
        async def answer(*_, **__):
            found.append(name)
            return 200, {}, b""

        return answer

    class Services(dict):
        def get(self, name, default=None):
            return spy(name)

    special = {
        "_handle_admin_reset": "administration", "_handle_admin_config_request": "administration",
        "_handle_s3_control_request": "s3-control", "_handle_rds_data_request": "rds-data",
        "_handle_ses_v2_request": "ses", "_handle_ecr_registry_request": "ecr", "_handle_s3_vhost_request": "s3",
        "_handle_cloudfront_dataplane_request": "cloudfront", "_handle_alb_request": "alb",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "SERVICE_HANDLERS", Services())
        for name, meant in special.items():
            patch.setattr(app, name, watched(getattr(app, name), meant, found))
        for module, name, meant in (
            ("apigateway", "handle_connections_api", "connections"), ("apigateway", "handle_execute", "api"),
            ("apigateway_v1", "handle_execute", "api"), ("lambda_svc", "handle_function_url_request", "url"),
            ("cognito", "handle_login_submit", "hosted"), ("cognito", "handle_oauth2_token", "hosted"),
            ("cognito", "handle_oauth2_authorize", "hosted"), ("cognito", "handle_logout", "hosted"),
            ("eks", "handle_request", "eks"), ("s3tables", "handle_request", "s3tables"),
        ):  # fmt: skip
            patch.setattr(app._get_module(module), name, spy(meant))
        app._get_module(
            "stepfunctions"
        )  # With it comes what changes Python's recursion limit, which hypothesis watches.
        glue = app._get_module("glue")
        patch.setattr(glue, "_handle_iceberg_rest", lambda *_, **__: found.append("glue"))
        yield lambda request, body: asyncio.run(asked(app, request, body, found))


def watched(original, name, found):
    async def handler(*args, **kwargs):
        response = await original(*args, **kwargs)
        if response is not None:
            found.append(name)
        return response

    return handler


async def asked(app, request, body, found):
    found.clear()
    sent = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive():
        return next(sent, {"type": "http.disconnect"})

    async def send(_):
        pass

    raw = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    query = "&".join(f"{name}={values[0]}" for name, values in request.query.items()).encode()
    scope = {"type": "http", "method": request.method, "path": request.path, "raw_path": request.raw_path.encode()}
    await app.app({**scope, "query_string": query, "headers": raw, "client": ("127.0.0.1", 1)}, receive, send)
    return set(found)


def requests():
    paths = st.sampled_from(PATHS) | st.builds("{}{}".format, st.sampled_from(PATHS), st.text("/ax@%.?_-", max_size=8))
    headers = st.fixed_dictionaries(
        {"host": st.sampled_from(HOSTS)}, optional={name: st.sampled_from(each) for name, each in HEADERS.items()}
    )
    return st.tuples(st.sampled_from(METHODS), paths, headers, st.sampled_from(["", *QUERIES]), st.sampled_from(BODIES))


def as_request(method, path, headers, query):
    name, _, value = query.partition("=")
    return Request(method, path, path, {name: [value]} if query else {}, headers)


@settings(max_examples=2000, deadline=None, database=None, suppress_health_check=SLOW_MACHINE)
@given(requests())
@example(("GET", "/_ministack/cfn-response/", {"host": "localhost"}, "Action=CreateStack", b""))
@example(("GET", "/_aws/execute-api/", {"host": "localhost"}, "Action=CreateStack", b""))
@example(("OPTIONS", "/v2/email/x", {"host": f"{API}.execute-api.localhost"}, "", b""))
@example(("POST", "/v2/email/x", {"host": f"{API}.execute-api.localhost"}, "", b"{}"))
@example(("POST", f"/_aws/execute-api/{API}/s/@connections/c", {"host": "localhost"}, "", b"{}"))
@example(("GET", "/oauth2/x/.well-known/jwks.json", {"host": "localhost"}, "", b""))
@example(("POST", "/", {"host": "shop.localhost", "x-amz-target": TARGETS[0]}, "", b"{}"))
def test_nothing_public_reaches_an_aws_service(reached, drawn):
    method, path, headers, query, body = drawn
    request = as_request(method, path, headers, query)
    if not path.startswith("/") or not is_public(request):
        return
    services = reached(request, body) - {"api", "url"}
    unsigned = method == "POST" and headers.get("x-amz-target") in (TARGETS[0], TARGETS[4])
    assert services <= (UNSIGNED_SERVICES if unsigned else set()), json.dumps([method, path, headers, query])


@settings(max_examples=2000, deadline=None, database=None, suppress_health_check=SLOW_MACHINE)
@given(requests())
@example(("GET", "/photos/key", {"host": "localhost"}, "", b""))
@example(("GET", "/key", {"host": "photos.localhost"}, "", b""))
@example(("HEAD", "/photos/key", {"host": "localhost", "x-amz-target": TARGETS[2]}, "", b""))
def test_what_reads_an_object_without_a_signature_reaches_nothing_but_s3(reached, drawn):
    method, path, headers, query, body = drawn
    request = as_request(method, path, headers, query)
    if not path.startswith("/") or not reads_an_object(request):
        return
    assert reached(request, body) <= {"s3"}, json.dumps([method, path, headers])
    assert (method in ("GET", "HEAD"), request.query, "authorization" in headers) == (True, {}, False)


@pytest.mark.parametrize(
    ("method", "path", "host", "query"),
    [
        ("GET", "/photos", "localhost", {}),
        ("GET", "/photos/", "localhost", {}),
        ("GET", "/", "photos.localhost", {}),
        ("GET", "/photos/key", "localhost", {"acl": [""]}),
        ("GET", "/photos/key", "localhost", {"versionId": ["1"]}),
        ("PUT", "/photos/key", "localhost", {}),
        ("POST", "/photos/key", "localhost", {}),
        ("DELETE", "/key", "photos.localhost", {}),
        ("GET", "/2015-03-31/functions", "localhost", {}),
    ],
)
def test_nothing_else_may_be_asked_of_s3_without_a_signature(method, path, host, query):
    assert not reads_an_object(Request(method, path, path, query, {"host": host}))


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", f"/_aws/execute-api/{API}/prod/orders", "localhost:4566"),
        ("POST", f"/_aws/lambda-url/{URL}/", "127.0.0.1:4566"),
        ("DELETE", "/prod/orders", f"{API}.execute-api.localhost:4566"),
        ("PUT", "/", f"{URL}.lambda-url.us-east-1.localhost:4566"),
        ("PATCH", f"/restapis/{API}/prod/_user_request_/x", "localhost:4566"),
        ("PUT", CALLBACK, "localhost:4566"),
        ("GET", "/_ministack/health", "localhost:4566"),
        ("OPTIONS", "/photos/key", "localhost:4566"),
    ],
)
def test_places_that_are_public_on_aws_are_public_here(method, path, host):
    assert is_public(Request(method, path, path, {}, {"host": host, "access-control-request-method": "PUT"}))
