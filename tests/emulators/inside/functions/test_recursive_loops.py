"""Tests for loops on the embedded emulator: what starts itself by what it writes is stopped after 16 runs."""

import json

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.functions.test_asynchronous import ARN, ROLE, create, queue, received, record
from tests.roles import let_in, ready
from tests.waiting import wait_until

TOPIC = "arn:aws:sns:us-east-1:000000000000:news"
WRITES = """
import boto3

def lambda_handler(event, context):
    key = event["Records"][0]["s3"]["object"]["key"]
    boto3.client("s3").put_object(Bucket="photos", Key=f"{key}x")
"""
TELLS = f"""
import boto3

def lambda_handler(event, context):
    boto3.client("sns").publish(TopicArn="{TOPIC}", Message="again")
"""


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    return Clients(embedded, as_learner=True)


def bucket(clients):
    """A bucket that starts the function with whatever is written into it."""
    clients["s3"].create_bucket(Bucket="photos")
    let_in(clients, "work", "s3")
    told = [{"LambdaFunctionArn": ARN, "Events": ["s3:ObjectCreated:*"]}]
    clients["s3"].put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"LambdaFunctionConfigurations": told}
    )


def keys(clients):
    return [len(each["Key"]) for each in clients["s3"].list_objects_v2(Bucket="photos").get("Contents", [])]


def dropped(clients):
    """How many runs Lambda has counted as dropped."""
    found = clients["cloudwatch"].get_metric_data(
        MetricDataQueries=[
            {
                "Id": "dropped",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/Lambda",
                        "MetricName": "RecursiveInvocationsDropped",
                        "Dimensions": [{"Name": "FunctionName", "Value": "work"}],
                    },
                    "Period": 86_400,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=clients.emulator.now() - 86_400,
        EndTime=clients.emulator.now() + 86_400,
    )
    return sum(found["MetricDataResults"][0]["Values"])


def test_what_a_function_writes_into_its_own_bucket_starts_it_16_times(clients, embedded):
    url, arn = queue(clients)
    create(clients, WRITES, DeadLetterConfig={"TargetArn": arn})
    bucket(clients)
    clients["s3"].put_object(Bucket="photos", Key="x")
    letter = received(clients, url)
    key = json.loads(letter["Body"])["Records"][0]["s3"]["object"]["key"]
    assert key == "x" * 17
    assert "recursive loop" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert len(embedded.runs("work")) == 16
    assert len(keys(clients)) == 17
    assert dropped(clients) == 1


def test_each_upload_begins_a_chain_of_its_own(clients, embedded):
    url, arn = queue(clients)
    create(clients, WRITES, DeadLetterConfig={"TargetArn": arn})
    bucket(clients)
    for key in "ab":
        clients["s3"].put_object(Bucket="photos", Key=key)
        assert json.loads(received(clients, url)["Body"])["Records"][0]["s3"]["object"]["key"] == key + "x" * 16
    assert len(embedded.runs("work")) == 32


def test_topic_of_a_function_and_its_destination_are_told(clients, embedded):
    url, arn = queue(clients)
    create(clients, TELLS)
    clients["lambda"].put_function_event_invoke_config(
        FunctionName="work", DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    clients["sns"].create_topic(Name="news")
    let_in(clients, "work", "sns")
    clients["sns"].subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=ARN)
    clients["sns"].publish(TopicArn=TOPIC, Message="first")
    told = record(clients, url)
    assert told["requestPayload"]["Records"][0]["Sns"]["Message"] == "again"
    assert told["responsePayload"]["errorType"] == "RecursiveInvocationException"
    assert len(embedded.runs("work")) == 16


def test_function_that_allows_it_goes_on(clients, embedded):
    create(clients, WRITES)
    clients["lambda"].put_function_recursion_config(FunctionName="work", RecursiveLoop="Allow")
    bucket(clients)
    clients["s3"].put_object(Bucket="photos", Key="x")
    wait_until(lambda: len(embedded.runs("work")) > 20)
    clients["lambda"].put_function_concurrency(FunctionName="work", ReservedConcurrentExecutions=0)
    assert dropped(clients) == 0
