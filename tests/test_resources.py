"""Tests for removing what a lab asks for, and nothing else."""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.deleters import DELETERS
from lab_harness.errors import EmulatorNotReady, LabError
from lab_harness.lab_file import Resource
from lab_harness.labs import load_lab
from lab_harness.resources import remove_resources

ROLE_ARN = "arn:aws:iam::000000000000:role/worker-role"
READ_LOGS = json.dumps({"Statement": [{"Effect": "Allow", "Action": "logs:GetLogEvents", "Resource": "*"}]})


@pytest.fixture
def lab(sample_course):
    """Makes a lab that asks for these resources."""
    folder = load_lab("queue", sample_course("queue")).folder

    def make(**names):
        types = {kind.rpartition("::")[2].lower(): kind for kind in DELETERS}
        resources = tuple(Resource(type=types[kind], name=name) for kind, name in names.items())
        return SimpleNamespace(folder=folder, file=SimpleNamespace(resources=resources))

    return make


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): print('ran')\n")
    return {"ZipFile": buffer.getvalue()}


def create_function(clients, name):
    clients["lambda"].create_function(
        FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=ROLE_ARN, Code=code()
    )


def create_queue(clients, name):
    sqs = clients["sqs"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def create_table(clients, name):
    clients["dynamodb"].create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def create_role(clients, name):
    iam = clients["iam"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=READ_LOGS)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")


def there(clients):
    """The names of all that these tests make, by kind."""
    groups = clients["logs"].describe_log_groups()["logGroups"]
    return {
        "function": {each["FunctionName"] for each in clients["lambda"].list_functions()["Functions"]},
        "role": {each["RoleName"] for each in clients["iam"].list_roles()["Roles"]},
        "queue": {url.rpartition("/")[2] for url in clients["sqs"].list_queues().get("QueueUrls", [])},
        "table": set(clients["dynamodb"].list_tables()["TableNames"]),
        "log group": {each["logGroupName"] for each in groups},
    }


def removed(lab, clients):
    return [resource.name for resource in remove_resources(lab, clients)]


CREATE = {"function": create_function, "role": create_role, "queue": create_queue, "table": create_table}


def test_each_type_that_can_be_removed_has_a_test():
    assert {kind.rpartition("::")[2].lower() for kind in DELETERS} == CREATE.keys()


@pytest.mark.parametrize("kind", CREATE)
def test_only_what_the_lab_names_is_removed(lab, clients, kind):
    for make in CREATE.values():
        make(clients, "mine")
        make(clients, "mine-too")
        make(clients, "not-mine")
    before = there(clients)
    assert removed(lab(**{kind: "mine"}), clients) == ["mine"]
    assert there(clients) == before | {kind: before[kind] - {"mine"}}


@pytest.mark.parametrize("kind", CREATE)
def test_removing_twice_removes_nothing_more(lab, clients, kind):
    CREATE[kind](clients, "mine")
    assert removed(lab(**{kind: "mine"}), clients) == ["mine"]
    assert removed(lab(**{kind: "mine"}), clients) == []


def test_all_resources_are_removed_and_named_in_the_order_of_the_lab(lab, clients):
    for make in CREATE.values():
        make(clients, "mine")
    given = lab(role="mine", table="mine", function="mine", queue="mine")
    assert [resource.type for resource in remove_resources(given, clients)] == [
        "AWS::IAM::Role",
        "AWS::DynamoDB::Table",
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
    ]
    assert "mine" not in set().union(*there(clients).values())


def test_function_goes_with_its_log_and_its_event_source_mappings(lab, clients):
    lambda_ = clients["lambda"]
    for name in ("mine", "not-mine"):
        create_function(clients, name)
        lambda_.invoke(FunctionName=name)
        lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=create_queue(clients, f"{name}-queue"))
    assert removed(lab(function="mine"), clients) == ["mine"]
    assert there(clients)["log group"] == {"/aws/lambda/not-mine"}
    mappings = lambda_.list_event_source_mappings()["EventSourceMappings"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in mappings] == ["not-mine"]


def test_type_that_cannot_be_removed_is_the_labs_fault_and_nothing_is_removed(lab, clients):
    create_queue(clients, "mine")
    given = lab(queue="mine")
    given.file.resources += (Resource(type="AWS::Braket::Job", name="mine"),)
    with pytest.raises(LabError, match=r"lab\.toml: AWS::Braket::Job is no type that can be removed"):
        remove_resources(given, clients)
    assert there(clients)["queue"] == {"mine"}


def test_emulator_that_does_not_answer_is_one_error(lab):
    nobody = Clients(SimpleNamespace(endpoint="http://127.0.0.1:9"))
    with pytest.raises(EmulatorNotReady, match="lab start"):
        remove_resources(lab(table="mine"), nobody)


def test_refusal_of_another_kind_is_not_hidden(lab):
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DeleteTable")

    with pytest.raises(ClientError, match="not you"):
        remove_resources(lab(table="mine"), {"dynamodb": SimpleNamespace(delete_table=refuse)})
