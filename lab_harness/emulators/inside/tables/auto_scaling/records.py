"""What Application Auto Scaling keeps: scalable targets, their policies, and what was done."""

import uuid
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from lab_harness.emulators.inside.moving_time import clock

NAMESPACE = "dynamodb"
ROLE = (
    "aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
)
MOST_ACTIVITIES = 500  # that are kept of one target; AWS keeps those of six weeks

targets = AccountRegionScopedDict()  # by `key`
policies = AccountRegionScopedDict()  # by the target's key and the policy's name
activities = AccountRegionScopedDict()  # lists by the target's key, the newest first

STORES = {"targets": targets, "policies": policies, "activities": activities}


def key(about: dict[str, Any]) -> str:
    """What a target is kept under: its resource and its dimension."""
    return f"{about['ResourceId']} {about['ScalableDimension']}"


def name(about: dict[str, Any]) -> str:
    """What a policy is kept under."""
    return f"{key(about)} {about['PolicyName']}"


def policies_of(target: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies of a target."""
    return [each for each in policies.values() if key(each) == key(target)]


def role_arn() -> str:
    """The role with which AWS changes the capacity of tables."""
    return f"arn:aws:iam::{get_account_id()}:role/{ROLE}"


def target_arn() -> str:
    """The ARN of a new target."""
    return f"arn:aws:application-autoscaling:{get_region()}:{get_account_id()}:scalable-target/{uuid.uuid4().hex}"


def policy_arn(about: dict[str, Any]) -> str:
    """The ARN of a new policy."""
    where = f"resource/{NAMESPACE}/{about['ResourceId']}:policyName/{about['PolicyName']}"
    return f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{uuid.uuid4()}:{where}"


def note(target: dict[str, Any], cause: str, units: int, problem: str) -> None:
    """Keep that the capacity of a target was set, or, for a `problem`, was not."""
    what = f"{'write' if 'Write' in target['ScalableDimension'] else 'read'} capacity units to {units}"
    done = f"Successfully set {what}. Change successfully fulfilled by {NAMESPACE}."
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target["ResourceId"],
        "ScalableDimension": target["ScalableDimension"],
        "Description": f"Setting {what}.",
        "Cause": cause,
        "StartTime": clock.now(),
        "EndTime": clock.now(),
        "StatusCode": "Failed" if problem else "Successful",
        "StatusMessage": f"Failed to set {what}. Reason: Failed updating table: {problem}" if problem else done,
    }
    kept = [activity, *(activities.get(key(target)) or [])][:MOST_ACTIVITIES]
    activities[key(target)] = kept


def everywhere() -> Iterator[tuple[str, str]]:
    """Each account and region that has policies."""
    yield from sorted({(account, region) for account, region, _ in policies.to_dict()})
