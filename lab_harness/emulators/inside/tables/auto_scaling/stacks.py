"""Scalable targets and scaling policies of stacks: CloudFormation makes them by Application Auto Scaling's requests.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_ApplicationAutoScaling.html (2026)
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import get_account_id, get_region

from lab_harness.emulators.inside import constraints
from lab_harness.emulators.inside.stacks import requests as stack_requests
from lab_harness.emulators.inside.tables.auto_scaling.operations import INVALID, MISSING, OPERATIONS, ApiError

SERVICE, NAME = "application-autoscaling", "ApplicationAutoScaling"
WHAT = ("ResourceId", "ScalableDimension", "ServiceNamespace")  # a target's, in the order of its id
SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")

Properties = Mapping[str, Any]
Made = tuple[str, dict[str, str]]  # the physical id, and what Fn::GetAtt gives


def add(provisioners: Any) -> None:
    """Let MiniStack's CloudFormation make both types of resources."""
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::ApplicationAutoScaling::ScalableTarget": {
            "create": _create_target,
            "update": _update_target,
            "delete": _delete_target,
        },
        "AWS::ApplicationAutoScaling::ScalingPolicy": {
            "create": _create_policy,
            "update": _update_policy,
            "delete": _delete_policy,
        },
    }


def _create_target(_logical: str, properties: Properties, _stack: str) -> Made:
    if properties.get("ScheduledActions"):
        raise stack_requests.refused(NAME, "The course's emulator knows no scheduled actions.", HTTPStatus.BAD_REQUEST)
    suspended = dict.fromkeys(SUSPENDED, False) | dict(properties.get("SuspendedState") or {})
    _do("RegisterScalableTarget", {**properties, "SuspendedState": suspended})
    made = "|".join(properties[name] for name in WHAT)
    return made, {"Id": made}


def _update_target(physical: str, before: Properties, after: Properties, stack: str) -> Made:
    made = _create_target(physical, after, stack)
    if made[0] != physical:
        _delete_target(physical, before)
    return made


def _delete_target(_physical: str, properties: Properties) -> None:
    _undo("DeregisterScalableTarget", properties)


def _create_policy(_logical: str, properties: Properties, _stack: str) -> Made:
    arn = _do("PutScalingPolicy", _about(properties))["PolicyARN"]
    return arn, {"Arn": arn}


def _update_policy(physical: str, before: Properties, after: Properties, stack: str) -> Made:
    is_another = stack_requests.changed(_about(before), _about(after), "PolicyName", *WHAT)
    made = _create_policy(physical, after, stack)
    if is_another:
        _delete_policy(physical, before)
    return made


def _delete_policy(_physical: str, properties: Properties) -> None:
    _undo("DeleteScalingPolicy", _about(properties))


def _about(properties: Properties) -> dict[str, Any]:
    """A policy's properties; it may name its target by the target's id."""
    named = str(properties.get("ScalingTargetId") or "").split("|")
    return dict(zip(WHAT, named, strict=False)) | dict(properties) if len(named) == len(WHAT) else dict(properties)


def _do(operation: str, properties: Properties) -> dict[str, Any]:
    """Make a request; where it is refused the resource fails."""
    if missing := [
        name for name in constraints.input_shape(SERVICE, operation).required_members if name not in properties
    ]:
        told = f"Properties validation failed with message: #: required key [{missing[0]}] not found"
        raise stack_requests.HandlerError(told)
    stack_requests.permit(NAME, f"{SERVICE}:{operation}", _arn(properties["ResourceId"]))
    asked = stack_requests.typed(SERVICE, operation, properties)
    if problem := constraints.told(SERVICE, operation, asked):
        raise stack_requests.refused(NAME, problem, HTTPStatus.BAD_REQUEST)
    try:
        return OPERATIONS[operation](asked)
    except ApiError as refused:
        raise stack_requests.refused(NAME, str(refused), HTTPStatus.BAD_REQUEST) from None


def _undo(operation: str, properties: Properties) -> None:
    stack_requests.permit(NAME, f"{SERVICE}:{operation}", _arn(properties["ResourceId"]))
    try:
        OPERATIONS[operation](stack_requests.typed(SERVICE, operation, properties))
    except ApiError as refused:
        if refused.code not in (MISSING, INVALID):  # it is gone already, by hand or with its table
            raise


def _arn(resource: str) -> str:
    return f"arn:aws:{SERVICE}:{get_region()}:{get_account_id()}:scalable-target/{resource}"
