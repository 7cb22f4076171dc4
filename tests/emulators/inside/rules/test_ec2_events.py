"""Tests for the events that tell of EC2 instances changing their state."""

import json
from contextlib import contextmanager

import pytest

from lab_harness.authors.queues import FROM_SERVICES
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.rules.ec2_events import state_change_entry, state_changes
from lab_harness.emulators.process import free_port
from tests.roles import ready
from tests.waiting import wait_until

PATTERN = {"source": ["aws.ec2", "test"]}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (None, "running", ["pending", "running"]),
        (None, "pending", ["pending"]),
        ("pending", "running", ["running"]),
        ("running", "running", []),
        ("running", "stopped", ["stopping", "stopped"]),
        ("running", "stopping", ["stopping"]),
        ("stopping", "stopped", ["stopped"]),
        ("stopped", "running", ["pending", "running"]),
        ("running", "terminated", ["shutting-down", "terminated"]),
        ("running", "shutting-down", ["shutting-down"]),
        ("shutting-down", "terminated", ["terminated"]),
        ("stopped", "terminated", ["shutting-down", "terminated"]),
        (None, "terminated", ["shutting-down", "terminated"]),
    ],
)
def test_each_state_on_the_way_is_entered(before, after, changes):
    known = {} if before is None else {"i-1": before}
    assert list(state_changes(known, {"i-1": after})) == [("i-1", state) for state in changes]


def test_each_instance_changes_on_its_own():
    before = {"i-1": "running", "i-2": "running", "i-3": "running"}
    after = {"i-1": "stopped", "i-2": "running", "i-3": "terminated"}
    expected = [("i-1", "stopping"), ("i-1", "stopped"), ("i-3", "shutting-down"), ("i-3", "terminated")]
    assert list(state_changes(before, after)) == expected


def test_instance_that_is_no_longer_listed_changes_nothing():
    assert list(state_changes({"i-1": "terminated"}, {})) == []


def test_entry_has_the_shape_of_awss_event():
    assert state_change_entry("i-1", "stopped", "000000000000", "us-east-1") == {
        "Source": "aws.ec2",
        "DetailType": "EC2 Instance State-change Notification",
        "Detail": '{"instance-id": "i-1", "state": "stopped"}',
        "Resources": ["arn:aws:ec2:us-east-1:000000000000:instance/i-1"],
    }


class Listener:
    """A queue that gets the EC2 events of an account."""

    def __init__(self, aws, name):
        self.events, self.sqs = aws["events"], aws["sqs"]
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(FROM_SERVICES)})["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        self.events.put_rule(Name=name, EventPattern=json.dumps(PATTERN))
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        self.received = []

    def until_now(self):
        """All events so far: behind them comes one of our own, which marks the end."""
        self.events.put_events(Entries=[{"Source": "test", "DetailType": "end", "Detail": "{}"}])
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
            for message in answer["Messages"]:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                if event["source"] == "test":
                    return self.received
                self.received.append(event)

    def states(self):
        """The states of all events so far."""
        return [event["detail"]["state"] for event in self.until_now()]


def run_instances(aws, count=1):
    answer = aws["ec2"].run_instances(ImageId="ami-12345678", MinCount=count, MaxCount=count)
    return [instance["InstanceId"] for instance in answer["Instances"]]


@pytest.fixture(scope="module")
def account(embedded):
    return Clients(embedded)


@pytest.fixture
def aws(embedded, account):
    """Clients of an empty account."""
    embedded.reset()
    return account


def test_each_call_sends_the_states_it_leads_through_in_order(aws):
    listener = Listener(aws, "life")
    ids = run_instances(aws)
    aws["ec2"].stop_instances(InstanceIds=ids)
    aws["ec2"].start_instances(InstanceIds=ids)
    aws["ec2"].terminate_instances(InstanceIds=ids)
    expected = ["pending", "running", "stopping", "stopped", "pending", "running", "shutting-down", "terminated"]
    assert listener.states() == expected
    assert {event["detail"]["instance-id"] for event in listener.received} == set(ids)


def test_event_is_shaped_as_aws_sends_it(aws):
    listener = Listener(aws, "shape")
    [instance] = run_instances(aws)
    event = listener.until_now()[-1]
    assert event["source"] == "aws.ec2"
    assert event["detail-type"] == "EC2 Instance State-change Notification"
    assert (event["account"], event["region"]) == ("000000000000", "us-east-1")
    assert event["resources"] == [f"arn:aws:ec2:us-east-1:000000000000:instance/{instance}"]


def test_event_is_there_as_soon_as_the_call_is_answered(aws):
    listener = Listener(aws, "at-once")
    run_instances(aws)
    messages = aws["sqs"].receive_message(QueueUrl=listener.url, MaxNumberOfMessages=10).get("Messages", [])
    assert len(messages) == 2


def test_each_of_several_instances_sends_its_own_events(aws):
    listener = Listener(aws, "several")
    ids = run_instances(aws, count=3)
    expected = {(instance, state) for instance in ids for state in ("pending", "running")}
    found = [(event["detail"]["instance-id"], event["detail"]["state"]) for event in listener.until_now()]
    assert len(found) == 6
    assert set(found) == expected


def test_call_that_changes_no_state_sends_nothing(aws):
    ids = run_instances(aws)
    listener = Listener(aws, "nothing")
    aws["ec2"].start_instances(InstanceIds=ids)
    aws["ec2"].describe_instances(InstanceIds=ids)
    aws["ec2"].create_tags(Resources=ids, Tags=[{"Key": "name", "Value": "web"}])
    assert listener.states() == []


def test_instance_that_no_call_to_ec2_changed_is_announced_too(aws):
    ids = run_instances(aws)
    listener = Listener(aws, "workflow")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ec2:stopInstances",
        "Parameters": {"InstanceIds": ids},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Stop", "States": {"Stop": task}})
    machine = aws["stepfunctions"].create_state_machine(name="stop", definition=definition, roleArn=ready(aws.emulator))
    aws["stepfunctions"].start_execution(stateMachineArn=machine["stateMachineArn"])
    wait_until(lambda: listener.states() == ["stopping", "stopped"])


def test_reset_forgets_the_instances_without_an_event(aws, embedded):
    run_instances(aws)
    embedded.reset()
    listener = Listener(aws, "after-reset")
    assert listener.states() == []
    run_instances(aws)
    assert listener.states() == ["pending", "running"]


@contextmanager
def emulator_in(folder):
    emulator = Embedded(folder, free_port())
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


def test_restored_instances_do_not_announce_themselves_again(tmp_path):
    with emulator_in(tmp_path) as emulator:
        aws = Clients(emulator)
        first = Listener(aws, "kept")
        ids = run_instances(aws)
        assert first.states() == ["pending", "running"]
    with emulator_in(tmp_path) as emulator:
        aws = Clients(emulator)
        again = Listener(aws, "kept")
        aws["ec2"].describe_instances(InstanceIds=ids)
        assert again.states() == []
        aws["ec2"].stop_instances(InstanceIds=ids)
        assert again.states() == ["stopping", "stopped"]
