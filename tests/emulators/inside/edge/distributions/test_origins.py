"""Tests for origins: what this emulator serves by names of AWS's, and nothing else of this machine or beyond it."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.inside.access import routes
from lab_harness.emulators.inside.access.requests import Request
from lab_harness.emulators.inside.edge.distributions.origins import exists, place
from lab_harness.emulators.inside.sites import is_site
from tests.emulators.inside.edge.distributions.distributions import (
    ALL,
    ALL_BUT_HOST,
    BUCKET,
    DISABLED,
    behavior,
    custom_origin,
    told,
)
from tests.roles import everybody, policy
from tests.waiting import PATIENCE

URL = "a" * 32
PIECES = """127.0.0.1 localhost [::1] 169.254.169.254 example.com amazonaws.com on.aws s3-website execute-api sqs s3 . -
lambda-url us-east-1 0a1b2c3d photos dynamodb cloudfront : @ / # ? % .. %2e 4566 80"""
ODD = [URL, "\n", " ", "\\", "\u3002", "\u2024"]


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("photos.s3-website-us-east-1.amazonaws.com", "photos.s3-website.localhost"),
        ("photos.s3-website.eu-central-1.amazonaws.com", "photos.s3-website.localhost"),
        ("my.photos.s3-website.localhost", "my.photos.s3-website.localhost"),
        ("0a1b2c3d.execute-api.us-east-1.amazonaws.com", "0a1b2c3d.execute-api.localhost"),
        ("0A1B2C3D.execute-api.localhost.", "0a1b2c3d.execute-api.localhost"),
        (f"{URL}.lambda-url.us-east-1.on.aws", f"{URL}.lambda-url.us-east-1.localhost"),
        ("127.0.0.1", None),
        ("localhost", None),
        ("example.com", None),
        ("169.254.169.254", None),
        ("sqs.us-east-1.amazonaws.com", None),
        ("sqs.us-east-1.localhost", None),
        ("0a1b2c3d.execute-api.us-east-1.amazonaws.com.evil.example", None),
        ("evil.example/0a1b2c3d.execute-api.localhost", None),
        ("user@0a1b2c3d.execute-api.localhost", None),
        ("d1.cloudfront.net", None),
    ],
)
def test_only_names_of_what_is_public_here_are_places(domain, host):
    found = place(domain)
    assert (found and found.host) == host


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*PIECES.split(), *ODD]), max_size=8).map("".join),
    st.sampled_from(["/", "/x", "/_ministack/reset", "/oauth2/token"]),
)
@example("0a1b2c3d.execute-api.localhost", "/../2015-03-31/functions")
def test_whatever_a_domain_is_called_its_host_reaches_a_site_an_api_or_a_functions_url(domain, path):
    found = place(domain)
    if found is None or is_site(found.host):
        return
    where = routes.destination(Request("GET", path, path, {}, {"host": f"{found.host}:4566"}))
    asked_first = (routes.ADMINISTRATION, "cognito-idp")  # which the door refuses without a token or a signature
    assert where in (routes.API, routes.FUNCTION_URL, *asked_first) or not exists(found.host)


@pytest.mark.parametrize("domain", ["127.0.0.1", "localhost", "example.com", "sqs.us-east-1.amazonaws.com"])
@pytest.mark.parametrize("protocol", ["http-only", "https-only"])
def test_no_other_server_is_asked(api, domain, protocol):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        port = listening.getsockname()[1]
        ports = {"HTTPPort": port, "HTTPSPort": port, "OriginProtocolPolicy": protocol}
        origin = custom_origin(domain) | {"CustomOriginConfig": ports}
        api.viewer.make([origin], behavior("api", DISABLED))
        assert api.viewer.seen("/") == (502, "Error")
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize(
    ("path", "body"), [("/_ministack/reset", None), ("/_lab/stop", None), ("/?Action=ListQueues", None), ("/", "{}")]
)
def test_neither_the_administration_nor_aws_is_reached_through_an_origin(api, path, body):
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
    viewer = api(cache=DISABLED, methods=methods, OriginRequestPolicyId=ALL_BUT_HOST)
    viewer.clients["sqs"].create_queue(QueueName="secret")
    answer = viewer.ask(path, method="POST" if body else "GET", body=body, X_Amz_Target="AmazonSQS.ListQueues")
    assert "secret" not in answer.text
    assert viewer.clients["sqs"].list_queues()["QueueUrls"]


def test_an_origin_path_and_custom_headers_reach_an_api(api):
    viewer = api.viewer
    headers = {"Quantity": 1, "Items": [{"HeaderName": "X-Origin-Key", "HeaderValue": "secret"}]}
    origin = custom_origin(viewer.domain, OriginPath="/v1", CustomHeaders=headers)
    viewer.make([origin], behavior("api", DISABLED))
    got = told(viewer.ask("/x"))
    assert (got["rawPath"], got["headers"]["x-origin-key"]) == ("/v1/x", "secret")


def test_headers_have_letters_of_any_language(api):
    viewer = api(cache=DISABLED, OriginRequestPolicyId=ALL_BUT_HOST)
    assert told(viewer.ask("/x", X_Pet="Kätzchen 猫".encode()))["headers"]["x-pet"] == "Kätzchen 猫"


def test_an_api_refuses_a_host_that_is_not_its_own(api):
    viewer = api(cache=DISABLED, OriginRequestPolicyId=ALL)
    answer = viewer.ask("/x")
    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


def test_an_api_answers_nothing_without_tls(api):
    viewer = api.viewer
    viewer.make([custom_origin(viewer.domain, "http-only")], behavior("api", DISABLED))
    assert viewer.seen("/x") == (504, "Error")
    viewer.make([custom_origin(viewer.domain, "match-viewer")], behavior("api", DISABLED))
    assert [viewer.ask("/x", https=https).status for https in (False, True)] == [504, 200]


def test_a_distribution_and_an_api_that_lead_to_one_another_come_to_an_end(api, embedded):
    """What has come through many integrations reaches no further one by way of a distribution."""
    viewer = api.viewer
    counter, gateway = viewer.domain.partition(".")[0], viewer.clients["apigatewayv2"]
    id = gateway.create_api(Name="passes-on", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=id, IntegrationType="HTTP_PROXY", IntegrationMethod="GET", PayloadFormatVersion="1.0",
        IntegrationUri=f"{embedded.endpoint}/_aws/execute-api/{counter}/x",
    )["IntegrationId"]  # fmt: skip
    gateway.create_route(ApiId=id, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=id, StageName="$default", AutoDeploy=True)
    viewer.make([custom_origin(f"{id}.execute-api.us-east-1.amazonaws.com")], behavior("api", DISABLED))
    assert [viewer.ask("/x", X_Lab_Hops=hops).status for hops in ("0", "7", "8")] == [200, 200, 503]


def test_a_website_is_an_origin_without_tls(clients, site):
    clients["s3"].delete_public_access_block(Bucket=BUCKET)
    clients["s3"].put_bucket_policy(Bucket=BUCKET, Policy=policy(everybody("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*")))
    website = {"IndexDocument": {"Suffix": "index.html"}}
    clients["s3"].put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=website)
    domain = f"{BUCKET}.s3-website-us-east-1.amazonaws.com"
    site.make([custom_origin(domain, "http-only")], behavior("api"))
    assert site.ask("/").text == "this is index.html"
    site.make([custom_origin(domain, "https-only")], behavior("api"))
    assert site.seen("/") == (504, "Error")


def test_a_functions_url_is_an_origin(api):
    viewer = api.viewer
    function_url = viewer.clients["lambda"].create_function_url_config(FunctionName="hello", AuthType="NONE")
    for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction"):
        more = {"FunctionUrlAuthType": "NONE"} if action.endswith("Url") else {"InvokedViaFunctionUrl": True}
        viewer.clients["lambda"].add_permission(
            FunctionName="hello", StatementId=action.partition(":")[2], Action=action, Principal="*", **more
        )
    id = function_url["FunctionUrl"].rstrip("/").rpartition("/")[2]
    viewer.make([custom_origin(f"{id}.lambda-url.us-east-1.on.aws")], behavior("api", DISABLED))
    assert told(viewer.ask("/shop"))["rawPath"] == "/shop"


def test_a_checks_request_is_known_as_one_and_its_token_reaches_no_function(api, embedded):
    viewer = api(cache=DISABLED, OriginRequestPolicyId=ALL_BUT_HOST)
    viewer.http = type(viewer.http)(embedded.endpoint, lambda: embedded.marks)
    got = told(viewer.ask("/x"))
    assert TOKEN_HEADER not in json.dumps(got).lower()


@pytest.mark.parametrize("path", ["/reset", "/../_lab/reset", "/%2e%2e/_lab/reset", "//../_lab/reset", "/x/../reset"])
def test_nobody_borrows_a_checks_token_for_the_administration(api, embedded, path):
    """A distribution may send a check's request to any path."""
    viewer = api.viewer
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
    viewer.make([custom_origin(viewer.domain, OriginPath="/_lab")], behavior("api", DISABLED, methods=methods))
    viewer.http = type(viewer.http)(embedded.endpoint, lambda: embedded.marks)
    assert viewer.ask(path, method="POST").status in (403, 404)
    assert viewer.cloudfront.list_distributions()["DistributionList"]["Quantity"] == 1


def test_pages_of_others_may_not_use_a_distribution(site, embedded):
    address = urlsplit(embedded.endpoint)
    label = site.distribution["DomainName"].partition(".")[0]
    for headers in (
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Purpose": "prefetch"},
    ):
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
        host = {"Host": f"{label}.cloudfront.localhost:{address.port}"}
        connection.request("GET", "/about.html", headers=host | headers)
        answer = connection.getresponse()
        assert (answer.status, b"this is" in answer.read()) == (403, False)
        connection.close()


def test_a_page_of_a_distributions_may_not_call_aws(site, embedded):
    label = site.distribution["DomainName"].partition(".")[0]
    port = urlsplit(embedded.endpoint).port
    answer = site.http.request(
        "GET", "/?Action=ListQueues", headers={"Origin": f"http://{label}.cloudfront.localhost:{port}"}
    )
    assert answer.status == 403
