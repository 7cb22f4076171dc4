"""Tests for what an account holds, by name."""

import json

import pytest

from lab_harness.authors import inventory
from tests.authors.making import LAMBDA_TRUST, create_function, create_role, create_table
from tests.labs.helpers import zipped
from tests.roles import ready
from tests.test_states_language import PASS, ROLE, machine

CODE = json.dumps(machine(A=PASS))
# Of each kind: the service, and what makes one that is called `pets`.
MAKERS = {
    "API keys": ("apigateway", lambda client: client.create_api_key(name="pets")),
    "buckets": ("s3", lambda client: client.create_bucket(Bucket="pets")),
    "functions": ("lambda", lambda client: create_function(client, "pets")),
    "layers": (
        "lambda",
        lambda client: client.publish_layer_version(LayerName="pets", Content={"ZipFile": zipped("")}),
    ),
    "log groups": ("logs", lambda client: client.create_log_group(logGroupName="pets")),
    "queues": ("sqs", lambda client: client.create_queue(QueueName="pets")),
    "REST APIs": ("apigateway", lambda client: client.create_rest_api(name="pets")),
    "roles": ("iam", lambda client: create_role(client, "pets", LAMBDA_TRUST)),
    "schedules": (
        "scheduler",
        lambda client: client.create_schedule(
            Name="pets",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:us-east-1:000000000000:pets", "RoleArn": ROLE},
        ),
    ),
    "state machines": (
        "stepfunctions",
        lambda client: client.create_state_machine(name="pets", definition=CODE, roleArn=ROLE),
    ),
    "streams": ("kinesis", lambda client: client.create_stream(StreamName="pets", ShardCount=1)),
    "tables": ("dynamodb", lambda client: create_table(client, ("id", "HASH", "S"), name="pets")),
    "topics": ("sns", lambda client: client.create_topic(Name="pets")),
    "usage plans": ("apigateway", lambda client: client.create_usage_plan(name="pets")),
}


def test_every_kind_has_a_test():
    assert MAKERS.keys() == inventory.LISTS.keys()


@pytest.mark.parametrize(("kind", "service", "make"), [(kind, *made) for kind, made in MAKERS.items()], ids=MAKERS)
def test_resources_of_a_kind_are_told_by_name(clients, kind, service, make):
    assert inventory.names(clients[service], kind) == []
    if kind in ("functions", "schedules", "state machines"):
        ready(clients.emulator), ready(clients.emulator, ROLE)
    make(clients[service])
    assert inventory.names(clients[service], kind) == ["pets"]


def test_names_are_told_beyond_the_first_page(clients):
    for number in range(105):
        create_role(clients["iam"], f"role-{number:03}")
    assert len(inventory.names(clients["iam"], "roles")) == 105
