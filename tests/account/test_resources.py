"""Tests for removing what a lab asks for, and nothing else. How each type is deleted: test_deleters.py."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients
from lab_harness.emulators.credentials import DUMMY
from lab_harness.errors import EmulatorNotReady, LabError
from lab_harness.lab.file import Resource
from lab_harness.lab.labs import load_lab
from tests.roles import trust


@pytest.fixture
def lab(sample_course):
    """Makes a lab that asks for these resources: `lab("AWS::SQS::Queue mine")`."""
    folder = load_lab("queue", sample_course("queue")).folder

    def make(*resources):
        found = tuple(Resource(*resource.split()) for resource in resources)
        return SimpleNamespace(folder=folder, file=SimpleNamespace(resources=found))

    return make


def build(clients, name="mine"):
    """A queue, a log group and a role of this name."""
    clients["sqs"].create_queue(QueueName=name)
    clients["logs"].create_log_group(logGroupName=name)
    clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda"))


def there(clients):
    return {
        *(f"queue {url.rpartition('/')[2]}" for url in clients["sqs"].list_queues().get("QueueUrls", [])),
        *(f"group {each['logGroupName']}" for each in clients["logs"].describe_log_groups()["logGroups"]),
        *(f"role {each['RoleName']}" for each in clients["iam"].list_roles()["Roles"]),
    }


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded)


def test_only_what_the_lab_names_is_removed(lab, clients):
    for name in ("mine", "mine-too", "not-mine"):
        build(clients, name)
    before = there(clients)
    given = lab("AWS::SQS::Queue mine", "AWS::IAM::Role mine-too")
    assert remove_resources(given, clients) == list(given.file.resources)
    assert there(clients) == before - {"queue mine", "role mine-too"}


def test_what_was_there_is_removed_and_named_in_the_order_of_the_lab(lab, clients):
    build(clients)
    given = lab("AWS::IAM::Role mine", "AWS::SQS::Queue missing", "AWS::Logs::LogGroup mine", "AWS::SQS::Queue mine")
    assert [f"{each.type} {each.name}" for each in remove_resources(given, clients)] == [
        "AWS::IAM::Role mine",
        "AWS::Logs::LogGroup mine",
        "AWS::SQS::Queue mine",
    ]
    assert remove_resources(given, clients) == []
    assert there(clients) == set()


def test_type_that_cannot_be_removed_is_the_labs_fault_and_nothing_is_removed(lab, clients):
    build(clients)
    given = lab("AWS::SQS::Queue mine", "AWS::Braket::Job mine")
    with pytest.raises(LabError, match=r"lab\.toml: AWS::Braket::Job is no type that can be removed"):
        remove_resources(given, clients)
    assert "queue mine" in there(clients)


def test_emulator_that_does_not_answer_is_one_error(lab):
    nobody = Clients(SimpleNamespace(name="embedded", endpoint="http://127.0.0.1:9", checks=DUMMY))
    with pytest.raises(EmulatorNotReady, match="lab start"):
        remove_resources(lab("AWS::DynamoDB::Table mine"), nobody)


def test_what_goes_while_it_is_being_removed_is_removed(lab, clients):
    topic, sns = clients["sns"].create_topic(Name="mine")["TopicArn"], clients["sns"]
    build(clients)

    def delete_first(**_):  # as a stack does that is just being deleted
        sns.delete_topic(TopicArn=topic)

    sns.meta.events.register("before-call.sns.ListSubscriptionsByTopic", delete_first)
    (queue,) = remove_resources(lab("AWS::SNS::Topic mine", "AWS::SQS::Queue mine"), clients)
    assert (queue.type, sns.list_topics()["Topics"]) == ("AWS::SQS::Queue", [])


def test_refusal_of_another_kind_is_not_hidden(lab):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DeleteTable")

    dynamodb = SimpleNamespace(describe_table=lambda **_: {"Table": {}}, delete_table=refuse)
    with pytest.raises(ClientError, match="not you"):
        remove_resources(lab("AWS::DynamoDB::Table mine"), {"dynamodb": dynamodb})


@pytest.mark.parametrize("code", ["UnknownOperationException", "InternalFailure"])
def test_of_what_the_emulator_does_not_have_nothing_is_there_and_the_rest_is_removed(lab, clients, code):
    def unknown(*_):
        answer = {"Error": {"Code": code, "Message": "None here."}, "ResponseMetadata": {"HTTPStatusCode": 501}}
        raise ClientError(answer, "ListBackups")

    build(clients)
    lacking = {"dynamodb": SimpleNamespace(get_paginator=unknown), "sqs": clients["sqs"]}
    (queue,) = remove_resources(lab("AWS::DynamoDB::Backup mine", "AWS::SQS::Queue mine"), lacking)
    assert (queue.type, there(clients) & {"queue mine"}) == ("AWS::SQS::Queue", set())
