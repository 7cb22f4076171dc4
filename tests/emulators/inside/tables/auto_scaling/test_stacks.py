"""Tests for scalable targets and scaling policies of stacks on the embedded emulator."""

import json

import boto3
import pytest
from botocore.exceptions import WaiterError

from tests.roles import policy

WRITE, READ = (f"dynamodb:table:{kind}CapacityUnits" for kind in ("Write", "Read"))
TARGET = {
    "ResourceId": "table/Scores", "ScalableDimension": WRITE, "ServiceNamespace": "dynamodb", "MinCapacity": "5",
    "MaxCapacity": "40",
}  # fmt: skip
SETTINGS = {
    "TargetValue": "70.0",
    "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
}
POLICY = {
    "PolicyName": "follow", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"},
    "TargetTrackingScalingPolicyConfiguration": SETTINGS,
}  # fmt: skip
WAIT = {"Delay": 0.1, "MaxAttempts": 300}


@pytest.fixture
def stack(clients):
    """Makes, changes or deletes the stack of a target and a policy; returns why it failed, or nothing."""

    def make(target=TARGET, policy=POLICY, verb="create", formation=clients["cloudformation"]):
        kinds = {"Target": ("ScalableTarget", target), "Policy": ("ScalingPolicy", policy)}
        resources = {
            name: {"Type": f"AWS::ApplicationAutoScaling::{kind}", "Properties": properties}
            for name, (kind, properties) in kinds.items()
        }
        given = {} if verb == "delete" else {"TemplateBody": json.dumps({"Resources": resources})}
        getattr(formation, f"{verb}_stack")(StackName="scaled", **given)
        try:
            formation.get_waiter(f"stack_{verb}_complete").wait(StackName="scaled", WaiterConfig=WAIT)
        except WaiterError:
            events = formation.describe_stack_events(StackName="scaled")["StackEvents"]
            return next(each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED"))
        return ""

    return make


def targets(scaling):
    found = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    return [(each["ScalableDimension"], each["MinCapacity"], each["MaxCapacity"]) for each in found]


def policies(scaling):
    found = scaling.describe_scaling_policies(ServiceNamespace="dynamodb")["ScalingPolicies"]
    return [(each["PolicyName"], each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]) for each in found]


def test_stack_makes_a_target_and_its_policy_with_alarms_and_takes_them_away(clients, scaling, stack):
    def alarms():
        return len(clients["cloudwatch"].describe_alarms()["MetricAlarms"])

    assert stack() == ""
    assert targets(scaling) == [(WRITE, 5, 40)]
    assert policies(scaling) == [("follow", 70.0)]
    assert alarms() == 4
    assert stack(verb="delete") == ""
    assert (targets(scaling), policies(scaling), alarms()) == ([], [], 0)


def test_what_the_template_changes_is_changed_and_what_it_names_otherwise_is_made_anew(scaling, stack):
    assert stack(TARGET | {"SuspendedState": {"DynamicScalingInSuspended": True}}) == ""
    settings = {"TargetTrackingScalingPolicyConfiguration": SETTINGS | {"TargetValue": 50}}
    assert stack(TARGET | {"MaxCapacity": 20}, POLICY | settings, "update") == ""
    assert targets(scaling) == [(WRITE, 5, 20)]
    assert policies(scaling) == [("follow", 50.0)]
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    assert not found["SuspendedState"]["DynamicScalingInSuspended"]
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}
    settings = {"TargetTrackingScalingPolicyConfiguration": SETTINGS | metric}
    assert stack(TARGET | {"ScalableDimension": READ}, POLICY | settings, "update") == ""
    assert targets(scaling) == [(READ, 5, 40)]
    assert policies(scaling) == [("follow", 70.0)]


def test_policy_may_name_the_resource_itself(clients, scaling, stack):
    named = {name: TARGET[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace")}
    scaling.register_scalable_target(**named, MinCapacity=5, MaxCapacity=40)
    policy = {name: each for name, each in POLICY.items() if name != "ScalingTargetId"} | named
    assert stack(TARGET, policy) == ""
    assert policies(scaling) == [("follow", 70.0)]


@pytest.mark.parametrize(
    ("target", "settings", "words"),
    [
        ({"MinCapacity": 50}, {}, "Minimum capacity must be at least 1, and cannot be greater than maximum capacity."),
        ({"ResourceId": "table/None"}, {}, "DynamoDB table does not exist: table/None"),
        ({"ScheduledActions": [{}]}, {}, "The course's emulator knows no scheduled actions."),
        ({"ServiceNamespace": "pets"}, {}, "Value 'pets' at 'serviceNamespace' failed to satisfy constraint"),
        ({}, {"TargetValue": 7}, "Target value must be between 20 and 90."),
    ],
)
def test_what_the_service_refuses_fails_the_stack_in_its_words(scaling, stack, target, settings, words):
    why = stack(TARGET | target, POLICY | {"TargetTrackingScalingPolicyConfiguration": SETTINGS | settings})
    assert words in why
    assert "(Service: ApplicationAutoScaling, Status Code: 400" in why
    assert targets(scaling) == []


def test_property_that_is_missing_is_named(scaling, stack):
    without = {name: each for name, each in TARGET.items() if name != "ServiceNamespace"}
    assert "required key [ServiceNamespace] not found" in stack(without)


def test_stack_needs_the_permission_to_scale(clients, scaling, stack, embedded):
    iam = clients["iam"]
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    given = policy({"Effect": "Allow", "Action": ["cloudformation:*", "dynamodb:*"], "Resource": "*"})
    iam.put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=given)
    hers = boto3.client(
        "cloudformation", endpoint_url=embedded.endpoint, region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    assert "application-autoscaling:RegisterScalableTarget on resource: " in stack(formation=hers)
    hers.delete_stack(StackName="scaled")
    hers.get_waiter("stack_delete_complete").wait(StackName="scaled", WaiterConfig=WAIT)
    scales = {"Effect": "Allow", "Action": ["application-autoscaling:*", "cloudwatch:*"], "Resource": "*"}
    iam.put_user_policy(UserName="ana", PolicyName="more", PolicyDocument=policy(scales))
    assert stack(formation=hers) == ""
    iam.delete_user_policy(UserName="ana", PolicyName="more")
    assert "failed to delete: [Policy, Target]" in stack(verb="delete", formation=hers)
    iam.put_user_policy(UserName="ana", PolicyName="more", PolicyDocument=policy(scales))
    assert stack(verb="delete", formation=hers) == ""
