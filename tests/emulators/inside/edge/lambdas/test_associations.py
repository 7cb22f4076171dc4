"""Tests for the functions that CloudFront refuses at the edge."""

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import behavior
from tests.emulators.inside.edge.lambdas.conftest import REQUEST
from tests.labs.helpers import zipped
from tests.roles import EVERYTHING, allow, policy, role, trust

PASS = REQUEST + "    return request"


def refusal(edge, *pairs, **more):
    with pytest.raises(ClientError) as refused:
        edge.put(*pairs, **more)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidLambdaFunctionAssociation"
    return error["Message"]


def test_a_numbered_version_is_taken(edge):
    edge.put(("viewer-request", edge.version(PASS)))
    assert edge.viewer.ask("/about.html").text == "this is about.html"


@pytest.mark.parametrize("end", ["", ":$LATEST", ":live"])
def test_only_a_numbered_version_is_taken(edge, end):
    arn = edge.version(PASS).rpartition(":")[0]
    edge.lambda_.create_alias(FunctionName="edge", Name="live", FunctionVersion="1")
    assert "must end with the version number" in refusal(edge, ("viewer-request", arn + end))


def test_the_function_is_there_and_in_us_east_1(edge):
    arn = edge.version(PASS)
    assert "does not exist" in refusal(edge, ("viewer-request", arn + "1"))
    assert "us-east-1" in refusal(edge, ("viewer-request", arn.replace("us-east-1", "eu-west-1")))


def test_its_role_trusts_the_edge(edge):
    lone = role(edge.clients, "lone", services=("lambda",))
    assert "edgelambda.amazonaws.com" in refusal(edge, ("viewer-request", edge.version(PASS, Role=lone)))


@pytest.mark.parametrize(
    ("event", "settings", "words"),
    [
        ("viewer-request", {"Timeout": 31}, "timeout is larger than the maximum allowed"),
        ("viewer-response", {"MemorySize": 129}, "memory size is larger than the maximum allowed"),
        ("origin-request", {"Timeout": 31}, "timeout is larger than the maximum allowed"),
        ("origin-response", {"Environment": {"Variables": {"MODE": "b"}}}, "environment variables"),
        ("origin-response", {"EphemeralStorage": {"Size": 513}}, "512 MB"),
    ],
)
def test_its_settings_are_for_the_edge(edge, event, settings, words):
    assert words in refusal(edge, (event, edge.version(PASS, **settings)))


def test_at_the_origins_events_more_is_allowed(edge):
    edge.put(("origin-request", edge.version(PASS, Timeout=30, MemorySize=10_240)))


def test_at_the_viewers_events_it_may_take_as_long_as_at_the_origins(edge):
    edge.put(("viewer-request", edge.version(PASS, Timeout=30, MemorySize=128)))


def test_layers_are_not_for_the_edge(edge):
    archive = {"ZipFile": zipped("")}
    layer = edge.lambda_.publish_layer_version(LayerName="some", Content=archive)["LayerVersionArn"]
    assert "layers" in refusal(edge, ("origin-request", edge.version(PASS, Layers=[layer])))


def test_each_event_has_one_function_and_the_body_is_for_requests(edge):
    arn = edge.version(PASS)
    assert "only one" in refusal(edge, ("viewer-request", arn), ("viewer-request", arn))
    assert "body" in refusal(edge, ("viewer-response", arn), body=True)


def test_the_viewers_events_are_not_shared_with_cloudfront_functions(edge):
    arn, cloudfront = edge.version(PASS), edge.viewer.cloudfront
    config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
    made = cloudfront.create_function(Name="js", FunctionConfig=config, FunctionCode=b"function handler(e) {}")
    cloudfront.publish_function(Name="js", IfMatch=made["ETag"])
    item = {"EventType": "viewer-response", "FunctionARN": made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]}
    with pytest.raises(ClientError) as refused:
        edge.put(("viewer-request", arn), FunctionAssociations={"Quantity": 1, "Items": [item]})
    assert refused.value.response["Error"]["Code"] == "InvalidFunctionAssociation"
    edge.put(("origin-request", arn), FunctionAssociations={"Quantity": 1, "Items": [item]})


def test_whoever_puts_it_there_may_replicate_it(edge):
    arn = edge.version(PASS)
    worker = role(
        edge.clients, "some", EVERYTHING, {"Effect": "Deny", "Action": "lambda:EnableReplication*", "Resource": "*"}
    )
    trusting = {"Effect": "Allow", "Principal": {"AWS": worker.split(":")[4]}, "Action": "sts:AssumeRole"}
    edge.clients["iam"].update_assume_role_policy(RoleName="some", PolicyDocument=policy(trusting))
    keys = edge.clients["sts"].assume_role(RoleArn=worker, RoleSessionName="test")["Credentials"]
    named = {
        "AccessKeyId": "aws_access_key_id",
        "SecretAccessKey": "aws_secret_access_key",
        "SessionToken": "aws_session_token",
    }
    endpoint = edge.viewer.cloudfront.meta.endpoint_url
    as_worker = boto3.client(
        "cloudfront",
        region_name="us-east-1",
        endpoint_url=endpoint,
        **{ours: keys[name] for name, ours in named.items()},
    )
    edge.viewer.cloudfront = as_worker
    with pytest.raises(ClientError) as refused:
        edge.put(("origin-request", arn))
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    allow(edge.clients, "some", EVERYTHING)
    edge.put(("origin-request", arn))


def test_what_is_at_the_edge_is_not_deleted(edge):
    arn = edge.version(PASS)
    edge.lambda_.update_function_code(FunctionName="edge", ZipFile=zipped(""))
    edge.lambda_.publish_version(FunctionName="edge")
    edge.put(("origin-request", arn))
    for qualifier in ({"Qualifier": "1"}, {}):
        with pytest.raises(ClientError) as refused:
            edge.lambda_.delete_function(FunctionName="edge", **qualifier)
        assert "it is a replicated function" in refused.value.response["Error"]["Message"]
    edge.lambda_.delete_function(FunctionName="edge", Qualifier="2")
    edge.viewer.change(DefaultCacheBehavior=behavior())
    edge.lambda_.delete_function(FunctionName="edge")


def test_a_distribution_can_be_changed_although_its_function_is_unfit_by_now(edge):
    arn = edge.version(PASS)
    edge.put(("origin-request", arn))
    edge.clients["iam"].update_assume_role_policy(RoleName="edge", PolicyDocument=trust("lambda"))
    edge.viewer.change(Enabled=False)
    assert "edgelambda" in refusal(edge, ("origin-response", arn))
