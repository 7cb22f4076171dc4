"""Tests for stacks with a role: it is that which makes, changes and deletes what they describe."""

import json

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user
from tests.roles import allow, role, take_away, trust
from tests.waiting import wait_until

QUEUES = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
PASSING = {"Effect": "Allow", "Action": ["cloudformation:*", "iam:PassRole"], "Resource": "*"}
TEMPLATE = json.dumps({"Resources": {"Made": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders"}}}})


@pytest.fixture
def account(embedded):
    """The learner's clients."""
    embedded.reset()
    return Clients(embedded, as_learner=True)


@pytest.fixture
def hers(account, embedded):
    """CloudFormation's client of a user who may do nothing herself but hand over roles."""
    return user(account, embedded, PASSING).client("cloudformation", endpoint_url=embedded.endpoint)


def ends(formation, status):
    def found():
        return formation.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"]

    wait_until(lambda: not found().endswith("IN_PROGRESS"))
    assert found() == status


def test_stack_does_what_its_role_may_until_the_end(account, hers):
    arn = role(account, "builder", QUEUES, services=["cloudformation"])
    hers.create_stack(StackName="shop", TemplateBody=TEMPLATE, RoleARN=arn)
    ends(hers, "CREATE_COMPLETE")
    take_away(account, "builder")
    hers.delete_stack(StackName="shop")
    ends(hers, "DELETE_FAILED")
    allow(account, "builder", QUEUES)
    hers.delete_stack(StackName="shop")
    wait_until(lambda: "orders" not in str(account["sqs"].list_queues()))
    account["iam"].update_assume_role_policy(RoleName="builder", PolicyDocument=trust("lambda"))
    asked = {"StackName": "next", "TemplateBody": TEMPLATE, "RoleARN": arn}
    assert denied(hers.create_stack, **asked)[::2] == (
        "ValidationError", f"Role {arn} is invalid or cannot be assumed",
    )  # fmt: skip


def test_stack_has_no_role_of_a_refused_request_nor_of_a_stack_before_it(account, hers):
    arn = role(account, "builder", QUEUES, services=["cloudformation"])
    other = role(account, "other", services=["cloudformation"])
    take_away(account, "other")
    asked = {"StackName": "shop", "TemplateBody": TEMPLATE}
    hers.create_stack(**asked, RoleARN=arn)
    ends(hers, "CREATE_COMPLETE")
    assert denied(hers.create_stack, **asked, RoleARN=other)[0] == "AlreadyExistsException"
    hers.delete_stack(StackName="shop")
    wait_until(lambda: not hers.describe_stacks()["Stacks"])
    assert "orders" not in str(account["sqs"].list_queues())
    hers.create_stack(**asked)
    ends(hers, "ROLLBACK_COMPLETE")
