"""Tests for what the embedded emulator refuses of functions, as AWS does."""

import io
import zipfile
from functools import partial

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions.limits import LARGEST_ENVIRONMENT, LARGEST_ZIP
from tests.labs.helpers import zipped
from tests.roles import ready

SETTINGS = {
    "FunctionName": "hello",
    "Runtime": "python3.13",
    "Handler": "lambda_function.lambda_handler",
    "Role": "arn:aws:iam::000000000000:role/worker",
    "Code": {"ZipFile": zipped("def lambda_handler(event, context): return 1")},
}
LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:tools:1"
FULL = "x" * (LARGEST_ENVIRONMENT - len('{"KEY":""}'))


@pytest.fixture
def lambda_(embedded):
    embedded.reset()
    ready(embedded)
    return Clients(embedded)["lambda"]


@pytest.fixture
def made(lambda_):
    lambda_.create_function(**SETTINGS)
    return lambda_


REFUSED = [
    ({"Timeout": 1801}, "ValidationException", "Value '1801' at 'timeout' .*less than or equal to 1800"),
    ({"MemorySize": 10241}, "ValidationException", "Value '10241' at 'memorySize' .*less than or equal to 10240"),
    ({"EphemeralStorage": {"Size": 10241}}, "ValidationException", "'ephemeralStorage.size' .*equal to 10240"),
    ({"Runtime": "python9"}, "InvalidParameterValueException", "Value python9 at 'runtime' .* or be a valid ARN"),
    ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException",
     "Reserved keys used in this request: AWS_REGION"),
    ({"Environment": {"Variables": {"KEY": f"{FULL}x"}}}, "InvalidParameterValueException", "exceeded the 4KB limit"),
    ({"Environment": {"Variables": {"1A": "x"}}}, "ValidationException", "Map keys must satisfy constraint"),
    ({"Layers": [LAYER] * 6}, "InvalidParameterValueException", "Cannot reference more than 5 layers"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "code", "message"), REFUSED)
def test_setting_that_aws_refuses_is_refused_at_creation_and_change(lambda_, settings, code, message):
    with pytest.raises(ClientError, match=rf"\({code}\).*{message}"):
        lambda_.create_function(**SETTINGS | settings)
    assert lambda_.list_functions()["Functions"] == []
    lambda_.create_function(**SETTINGS)
    with pytest.raises(ClientError, match=rf"\({code}\).*{message}"):
        lambda_.update_function_configuration(FunctionName="hello", **settings)


def test_all_that_aws_allows_is_taken(lambda_):
    lambda_.create_function(
        **SETTINGS | {"FunctionName": "n" * 64}, Timeout=1800, MemorySize=10240, EphemeralStorage={"Size": 10240},
        Environment={"Variables": {"KEY": FULL}},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["n" * 65, "two words", "dots.too"])
def test_name_that_is_none_is_refused(lambda_, name):
    with pytest.raises(ClientError, match=r"ValidationException.*'functionName' failed to satisfy constraint"):
        lambda_.create_function(**SETTINGS | {"FunctionName": name})


def test_archive_over_50_mb_goes_through_s3(made):
    too_large = bytes(LARGEST_ZIP + 3)
    rule = r"RequestEntityTooLargeException.*smaller than 70167211 bytes for the {} operation"
    with pytest.raises(ClientError, match=rule.format("UpdateFunctionCode")):
        made.update_function_code(FunctionName="hello", ZipFile=too_large)
    with pytest.raises(ClientError, match=rule.format("PublishLayerVersion")):
        made.publish_layer_version(LayerName="tools", Content={"ZipFile": too_large})


def test_archive_of_nothing_is_refused(made):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w"):
        pass
    for update in (
        partial(made.update_function_code, FunctionName="hello", ZipFile=packed.getvalue()),
        partial(made.create_function, **SETTINGS | {"FunctionName": "other", "Code": {"ZipFile": packed.getvalue()}}),
    ):
        with pytest.raises(ClientError, match=r"InvalidParameterValueException.*must be a non-empty zip"):
            update()


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"MaximumRetryAttempts": 3}, "Value '3' at 'maximumRetryAttempts' .*less than or equal to 2"),
        ({"MaximumEventAgeInSeconds": 21601}, "'maximumEventAgeInSeconds' .*less than or equal to 21600"),
    ],
)
def test_events_are_kept_and_tried_within_awss_limits(made, settings, rule):
    with pytest.raises(ClientError, match=f"ValidationException.*{rule}"):
        made.put_function_event_invoke_config(FunctionName="hello", **settings)


def test_version_is_published_of_the_code_that_was_meant(made):
    with pytest.raises(
        ClientError, match=r"InvalidParameterValueException.*CodeSHA256 \(x\) is different from current"
    ):
        made.publish_version(FunctionName="hello", CodeSha256="x")
    meant = made.get_function_configuration(FunctionName="hello")["CodeSha256"]
    assert made.publish_version(FunctionName="hello", CodeSha256=meant)["Version"] == "1"


def test_alias_needs_a_version_that_there_is(made):
    missing = r"ResourceNotFoundException.*Function not found: arn:aws:lambda:us-east-1:000000000000:function:hello:7"
    with pytest.raises(ClientError, match=missing):
        made.create_alias(FunctionName="hello", Name="live", FunctionVersion="7")
    made.publish_version(FunctionName="hello")
    made.create_alias(FunctionName="hello", Name="live", FunctionVersion="1")
    with pytest.raises(ClientError, match=missing):
        made.update_alias(FunctionName="hello", Name="live", FunctionVersion="7")
    with pytest.raises(ClientError, match=missing):
        weights = {"AdditionalVersionWeights": {"7": 0.5}}
        made.update_alias(FunctionName="hello", Name="live", RoutingConfig=weights)
    with pytest.raises(ClientError, match=r"ValidationException.*Value '12' at 'name'"):
        made.create_alias(FunctionName="hello", Name="12", FunctionVersion="1")


def test_function_takes_its_role_by_the_arn_alone(lambda_):
    rule = r"ValidationException.*Value 'worker' at 'role' failed to satisfy constraint"
    with pytest.raises(ClientError, match=rule):
        lambda_.create_function(**SETTINGS | {"Role": "worker"})
    lambda_.create_function(**SETTINGS)
    with pytest.raises(ClientError, match=rule):
        lambda_.update_function_configuration(FunctionName="hello", Role="worker")
    longer = "arn:aws:iam::000000000000:role/service-role/worker"
    assert lambda_.update_function_configuration(FunctionName="hello", Role=longer)["Role"] == longer
