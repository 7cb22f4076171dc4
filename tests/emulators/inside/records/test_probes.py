"""Tests for what the emulator knows of the checks' probes: what they set going, however long the chain, is theirs."""

import json

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.base import METRICS_OF_PROBES
from lab_harness.emulators.inside.records import probes
from lab_harness.emulators.inside.records.probes import Probes, probed
from tests import late_writer
from tests.labs.helpers import zipped
from tests.late_writer import LateWriter
from tests.roles import let_in, let_publish, ready, trust
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
PUBLISH = """
import boto3
def lambda_handler(event, context):
    print("got", event)
    boto3.client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:news", Message=str(event))
"""


@pytest.fixture
def account(embedded):
    """The learner's clients of an account in which the function "tell" publishes, and a topic mails, what comes in."""
    embedded.reset()
    ready(embedded, ROLE)
    learner = Clients(embedded, as_learner=True)
    topic = learner["sns"].create_topic(Name="news")["TopicArn"]
    learner["sns"].subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")
    learner["lambda"].create_function(
        FunctionName="tell", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=ROLE,
        Code={"ZipFile": zipped(PUBLISH)}, Timeout=30,  # boto3 is loaded slowly where much else is done
    )  # fmt: skip
    learner["lambda"].get_waiter("function_active_v2").wait(FunctionName="tell", WaiterConfig={"Delay": 0.1})
    return learner


@pytest.fixture
def checks(embedded):
    return Clients(embedded)


def arn(clients):
    return clients["lambda"].get_function_configuration(FunctionName="tell")["FunctionArn"]


def told(emulator, count):
    """Of each run, each call of the function's and each mail, in their order, whether it is a probe's doing."""
    wait_until(lambda: len(emulator.inbox()) == len(emulator.runs("tell")) == count)
    runs = [run.probe for run in emulator.runs("tell")]
    assert [call.probe for call in emulator.calls() if call.caller == "function tell"] == runs
    assert [mail.probe for mail in emulator.inbox()] == runs
    return runs


def test_what_a_check_invokes_is_a_probe_and_so_is_what_the_function_calls(account, checks, embedded):
    for clients in (account, checks, account):  # in one environment, which stays warm
        clients["lambda"].invoke(FunctionName="tell", Payload=b"{}")
    assert told(embedded, 3) == [False, True, False]
    invoked = [(call.caller, call.probe) for call in embedded.calls() if call.operation == "Invoke"]
    assert invoked == [("learner", False), ("checks", True), ("learner", False)]


def test_a_message_is_its_senders_through_the_queue(account, checks, embedded):
    url = account["sqs"].create_queue(QueueName="things")["QueueUrl"]
    source = account["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    account["lambda"].create_event_source_mapping(EventSourceArn=source, FunctionName="tell")
    for number, clients in enumerate((account, checks), 1):
        clients["sqs"].send_message(QueueUrl=url, MessageBody="{}")
        wait_until(lambda number=number: len(embedded.runs("tell")) == number)
    assert told(embedded, 2) == [False, True]


def test_an_execution_is_its_starters(account, checks, embedded):
    definition = {"StartAt": "Tell", "States": {"Tell": {"Type": "Task", "Resource": arn(account), "End": True}}}
    made = account["stepfunctions"].create_state_machine(
        name="machine", definition=json.dumps(definition), roleArn=ROLE
    )
    for number, clients in enumerate((account, checks), 1):
        clients["stepfunctions"].start_execution(stateMachineArn=made["stateMachineArn"])
        wait_until(lambda number=number: len(embedded.inbox()) == number)
    assert told(embedded, 2) == [False, True]


def test_an_event_is_its_senders_through_the_rule(account, checks, embedded):
    account["events"].put_rule(Name="all", EventPattern=json.dumps({"source": ["my.shop"]}))
    account["events"].put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn(account)}])
    let_in(account, "tell", "events")
    for number, clients in enumerate((account, checks), 1):
        clients["events"].put_events(Entries=[{"Source": "my.shop", "DetailType": "x", "Detail": "{}"}])
        wait_until(lambda number=number: len(embedded.inbox()) == number)
    assert told(embedded, 2) == [False, True]


def test_what_an_instance_does_is_its_launchers(account, checks, embedded):
    topic = account["sns"].list_topics()["Topics"][0]["TopicArn"]
    account["events"].put_rule(Name="ec2", EventPattern=json.dumps({"source": ["aws.ec2"]}))
    account["events"].put_targets(Rule="ec2", Targets=[{"Id": "1", "Arn": topic}])
    let_publish(account, topic, "events")
    launched = []
    for clients in (account, checks):
        made = clients["ec2"].run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)
        launched.append(made["Instances"][0]["InstanceId"])
    account["ec2"].terminate_instances(InstanceIds=launched)

    def probes_of(instance):
        return {mail.probe for mail in embedded.inbox() if instance in mail.text}

    wait_until(lambda: sum("terminated" in mail.text for mail in embedded.inbox()) == len(launched))
    assert [probes_of(each) for each in launched] == [{False}, {True}]


def test_lambdas_metrics_count_what_the_learner_invokes(account, checks, embedded):
    for clients in (account, checks, checks):
        clients["lambda"].invoke(FunctionName="tell", Payload=b"{}")
    there = {each["Namespace"] for each in account["cloudwatch"].list_metrics()["Metrics"]}
    assert there == {probes.METRICS, METRICS_OF_PROBES}

    def counted(namespace):
        got = account["cloudwatch"].get_metric_statistics(
            Namespace=namespace, MetricName="Invocations", Period=86400, Statistics=["Sum"],
            Dimensions=[{"Name": "FunctionName", "Value": "tell"}], StartTime="2020-01-01", EndTime="2100-01-01",
        )  # fmt: skip
        return sum(point["Sum"] for point in got["Datapoints"])

    assert (counted(probes.METRICS), counted(METRICS_OF_PROBES)) == (1, 2)


@pytest.fixture
def writer(account, tmp_path):
    """A function that writes into the table Things as soon as it is told."""
    account["dynamodb"].create_table(
        TableName="Things",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return LateWriter(account, tmp_path, "Things")


def test_what_a_check_has_set_going_goes_on_until_its_last_try_is_over(account, checks, embedded, writer):
    assert embedded.going() == 0
    writer.start(checks, "a", fails=True)
    assert embedded.going() > 0
    writer.gate.touch()
    while embedded.going():
        pass
    assert sum(deed.kind == "write" for deed in embedded.deeds()[1]) == 3


def test_what_a_queue_gives_for_a_check_goes_on_until_the_function_is_done(account, checks, embedded, writer):
    url = account["sqs"].create_queue(QueueName="things")["QueueUrl"]
    source = account["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    account["lambda"].create_event_source_mapping(EventSourceArn=source, FunctionName=late_writer.NAME)
    checks["sqs"].send_message(QueueUrl=url, MessageBody=writer.event("a"))
    wait_until(lambda: embedded.going() and embedded.deeds()[1])  # It runs.
    writer.gate.touch()
    wait_until(lambda: embedded.going() == 0)
    assert [deed.kind for deed in embedded.deeds()[1]] == ["run", "write"]


def test_what_the_learner_has_set_going_is_no_checks(account, embedded, writer):
    writer.start(account, "a")
    wait_until(lambda: [deed.kind for deed in embedded.deeds()[1]] == ["run"])
    assert embedded.going() == 0
    writer.gate.touch()
    wait_until(lambda: [deed.kind for deed in embedded.deeds()[1]] == ["run", "write"])


def test_a_batch_with_a_message_of_the_learners_is_the_learners(monkeypatch):
    monkeypatch.setattr(probes, "MOST_MESSAGES", 2)
    known = Probes()
    with probed(True):
        for message in "abc":
            known.note(message)
    known.note("d")
    assert [known.have_sent(batch) for batch in ("bc", "bd", "ab")] == [True, False, False]  # "a" is forgotten


def test_a_call_tells_what_it_names(account, embedded):
    account["sqs"].create_queue(QueueName="pet-orders")
    account["iam"].create_role(RoleName="pet-role", AssumeRolePolicyDocument=trust("lambda"))
    account["lambda"].get_function(FunctionName="tell")
    account["s3"].create_bucket(Bucket="pet-photos")
    names = ["pet-orders", "pet-role", "tell", "pet-photos"]
    assert [name for name, call in zip(names, embedded.calls()[-4:], strict=True) if name in call.about] == names
