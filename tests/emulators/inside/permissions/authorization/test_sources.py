"""Tests for roles that trust a service only for one machine, one group of schedules, one rule."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.permissions.authorization.test_calls import clients
from tests.roles import policy, role
from tests.waiting import wait_until

__all__ = ["clients"]  # the fixture

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
QUEUE = ARN.format("sqs", "heard")
PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::000000000000:role/worker"


def trust_for(clients, service, source):
    """Let a service use the role for this source alone."""
    named = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = policy({**named, "Condition": {"ArnLike": {"aws:SourceArn": source}}})
    clients["iam"].update_assume_role_policy(RoleName="worker", PolicyDocument=document)


def schedule(clients, name, **more):
    return clients["scheduler"].create_schedule(
        Name=name, ScheduleExpression="at(2020-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": QUEUE, "RoleArn": ROLE, "Input": name}, **more,
    )  # fmt: skip


def test_a_role_is_used_for_the_group_of_schedules_that_it_trusts(clients):
    role(clients)
    url = clients["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    clients["scheduler"].create_schedule_group(Name="mine")
    trust_for(clients, "scheduler", ARN.format("scheduler", "schedule-group/mine"))
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        schedule(clients, "other")
    schedule(clients, "first", GroupName="mine")
    (found,) = wait_until(lambda: clients["sqs"].receive_message(QueueUrl=url).get("Messages"))
    assert found["Body"] == "first"


def test_a_role_is_used_for_the_machine_and_the_rule_that_it_trusts(clients):
    role(clients)
    make, about = clients["stepfunctions"].create_state_machine, {"definition": PASS, "roleArn": ROLE}
    trust_for(clients, "states", ARN.format("states", "stateMachine:pets-*"))
    with pytest.raises(ClientError, match=re.escape("authorized to assume the provided role")):
        make(name="other", **about)
    machine = make(name="pets-1", **about)["stateMachineArn"]
    trust_for(clients, "events", ARN.format("events", "rule/pets"))
    target = [{"Id": "1", "Arn": machine, "RoleArn": ROLE}]
    for name in ("pets", "other"):
        clients["events"].put_rule(Name=name, EventPattern='{"source": ["shop"]}')
    with pytest.raises(ClientError, match=re.escape("cannot be assumed by principal 'events.amazonaws.com'")):
        clients["events"].put_targets(Rule="other", Targets=target)
    clients["events"].put_targets(Rule="pets", Targets=target)
    clients["events"].put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    wait_until(lambda: clients["stepfunctions"].list_executions(stateMachineArn=machine)["executions"])
