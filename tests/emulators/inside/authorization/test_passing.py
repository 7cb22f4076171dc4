"""Tests for roles that are handed to services: by whom who may pass them, to a service that they trust."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.authorization.test_calls import denied, user
from tests.labs.helpers import zipped
from tests.roles import policy, role, trust

CREATE = {"Effect": "Allow", "Action": ["lambda:*", "states:*", "events:*", "scheduler:*"], "Resource": "*"}
DEFINITION = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


def function(arn):
    return {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "a.b",
        "Role": arn,
        "Code": {"ZipFile": zipped("")},
    }


def schedule(arn):
    return {"Name": "s", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": MACHINE, "RoleArn": arn}}  # fmt: skip


HANDED = [
    ("lambda", "create_function", function, "InvalidParameterValueException",
     "The role defined for the function cannot be assumed by Lambda."),
    ("stepfunctions", "create_state_machine", lambda arn: {"name": "m", "definition": DEFINITION, "roleArn": arn},
     "AccessDeniedException", "Neither the global service principal states.amazonaws.com, nor the regional one"),
    ("scheduler", "create_schedule", schedule, "ValidationException",
     "must allow AWS EventBridge Scheduler to assume the role"),
    ("events", "put_targets", lambda arn: {"Rule": "r", "Targets": [{"Id": "1", "Arn": MACHINE, "RoleArn": arn}]},
     "ValidationException", "cannot be assumed by principal 'events.amazonaws.com'"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "asked", "code", "words"), HANDED)
def test_role_is_passed_by_whom_who_may_and_only_to_that_service(clients, embedded, service, call, asked, code, words):
    arn = role(clients)
    clients["events"].put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    make = getattr(user(clients, embedded, CREATE).client(service, endpoint_url=embedded.endpoint), call)
    refused = denied(make, **asked(arn))
    assert refused[0] == "AccessDeniedException"
    assert refused[2] == (
        f"User: arn:aws:iam::000000000000:user/ana is not authorized to perform: iam:PassRole on resource: {arn} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    principal = {"stepfunctions": "states"}.get(service, service) + ".amazonaws.com"
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": arn}
    for wanted in ("ec2.amazonaws.com", principal):
        given = {**passing, "Condition": {"StringEquals": {"iam:PassedToService": wanted}}}
        clients["iam"].put_user_policy(UserName="ana", PolicyName="pass", PolicyDocument=policy(given))
        if wanted != principal:
            assert denied(make, **asked(arn))[0] == "AccessDeniedException"
    make(**asked(arn))


@pytest.mark.parametrize(("service", "call", "asked", "code", "words"), HANDED)
def test_role_must_trust_the_service(clients, service, call, asked, code, words):
    arn = role(clients, services=["ec2"])
    clients["events"].put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    make = getattr(clients[service], call)
    with pytest.raises(ClientError, match=f"{code}.*{words}"):
        make(**asked(arn))
    with pytest.raises(ClientError, match=words):
        make(**asked("arn:aws:iam::000000000000:role/none"))
    clients["iam"].update_assume_role_policy(
        RoleName="worker", PolicyDocument=trust({"stepfunctions": "states"}.get(service, service))
    )
    make(**asked(arn))
