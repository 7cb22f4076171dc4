"""The operations of Application Auto Scaling."""

from typing import Any

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.tables.auto_scaling import alarms, records, tables, tracking
from lab_harness.emulators.inside.tables.auto_scaling.tables import Scaled

METRICS = {"Read": "DynamoDBReadCapacityUtilization", "Write": "DynamoDBWriteCapacityUtilization"}
LEAST_TARGET, MOST_TARGET = 20.0, 90.0  # per cent, of DynamoDB's capacity
TRACKING = "TargetTrackingScaling"
NEEDED = ("dynamodb:DescribeTable", "dynamodb:UpdateTable")
INVALID, MISSING = "ValidationException", "ObjectNotFoundException"


class ApiError(Exception):
    """A request that AWS refuses, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _register(asked: dict[str, Any]) -> dict[str, Any]:
    what = _scaled(asked)
    now = _capacity(asked, what)
    before = records.targets.get(records.key(asked)) or {}
    least, most = (asked.get(name, before.get(name)) for name in ("MinCapacity", "MaxCapacity"))
    if least is None or most is None:
        raise ApiError(INVALID, "You must specify a minimum and a maximum capacity to register a new scalable target.")
    if not 1 <= least <= most:
        raise ApiError(INVALID, "Minimum capacity must be at least 1, and cannot be greater than maximum capacity.")
    unsuspended = dict.fromkeys(
        ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), False
    )
    target = {
        "ServiceNamespace": records.NAMESPACE,
        "ResourceId": asked["ResourceId"],
        "ScalableDimension": asked["ScalableDimension"],
        "MinCapacity": least,
        "MaxCapacity": most,
        "RoleARN": records.role_arn(),
        "CreationTime": before.get("CreationTime", clock.now()),
        "SuspendedState": before.get("SuspendedState", unsuspended) | asked.get("SuspendedState", {}),
        "ScalableTargetARN": before.get("ScalableTargetARN") or records.target_arn(),
    }
    records.targets[records.key(target)] = target
    _keep_within(target, what, now)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _keep_within(target: dict[str, Any], what: Scaled, now: int) -> None:
    """Bring the capacity between a target's limits at once."""
    units = min(max(now, target["MinCapacity"]), target["MaxCapacity"])
    if units != now:
        which = "minimum" if units > now else "maximum"
        problem = tables.set_capacity(what, units)
        records.note(target, f"{which} capacity was set to {units}", units, problem)
        if not problem:
            tracking.renew_alarms(target, what, units)


def _deregister(asked: dict[str, Any]) -> dict[str, Any]:
    forget(_target(asked))
    return {}


def forget(target: dict[str, Any]) -> None:
    """Take away a target, and its policies with their alarms."""
    for policy in records.policies_of(target):
        _remove(policy)
    records.targets.pop(records.key(target))


def _put_policy(asked: dict[str, Any]) -> dict[str, Any]:
    target, what = _target(asked), _scaled(asked)
    settings = _settings(asked, what)
    now = _capacity(asked, what)
    for other in records.policies_of(target):
        if other["PolicyName"] != asked["PolicyName"]:
            told = "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            raise ApiError(INVALID, told)
    name = records.name(asked)
    before = records.policies.get(name) or {}
    policy = {
        "PolicyARN": before.get("PolicyARN") or records.policy_arn(asked),
        "PolicyName": asked["PolicyName"],
        "ServiceNamespace": records.NAMESPACE,
        "ResourceId": asked["ResourceId"],
        "ScalableDimension": asked["ScalableDimension"],
        "PolicyType": TRACKING,
        "TargetTrackingScalingPolicyConfiguration": settings,
        "Alarms": before.get("Alarms", []),
        "CreationTime": before.get("CreationTime", clock.now()),
    }
    alarms.put(policy, what, now)
    records.policies[name] = policy
    tracking.tracking.begin()
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def _settings(asked: dict[str, Any], what: Scaled) -> dict[str, Any]:
    settings: dict[str, Any] = asked.get("TargetTrackingScalingPolicyConfiguration") or {}
    if asked.get("PolicyType") != TRACKING or not settings:
        raise ApiError(INVALID, "DynamoDB's capacity is scaled by policies of the type TargetTrackingScaling alone.")
    metric = (settings.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType")
    if metric != METRICS[what.kind]:
        told = f"The metric {metric} cannot be used with the scalable dimension {asked['ScalableDimension']}."
        raise ApiError(INVALID, told)
    if not LEAST_TARGET <= settings["TargetValue"] <= MOST_TARGET:
        raise ApiError(INVALID, f"Target value must be between {LEAST_TARGET:g} and {MOST_TARGET:g}.")
    return settings


def _delete_policy(asked: dict[str, Any]) -> dict[str, Any]:
    policy = records.policies.get(records.name(asked))
    if policy is None:
        raise ApiError(MISSING, f"No scaling policy found for {_words(asked)}, policy name: {asked['PolicyName']}")
    _remove(policy)
    return {}


def _remove(policy: dict[str, Any]) -> None:
    alarms.remove([each["AlarmName"] for each in policy["Alarms"]])
    records.policies.pop(records.name(policy))


def _describe_targets(asked: dict[str, Any]) -> dict[str, Any]:
    return {"ScalableTargets": _chosen(list(records.targets.values()), asked, asked.get("ResourceIds"))}


def _describe_policies(asked: dict[str, Any]) -> dict[str, Any]:
    found = _chosen(list(records.policies.values()), asked)
    names = asked.get("PolicyNames")
    shown = [each for each in found if not names or each["PolicyName"] in names]
    return {"ScalingPolicies": [{k: v for k, v in each.items() if not k.startswith("Lab")} for each in shown]}


def _describe_activities(asked: dict[str, Any]) -> dict[str, Any]:
    every = [each for kept in records.activities.values() for each in kept]
    every.sort(key=lambda each: float(each["StartTime"]), reverse=True)
    return {"ScalingActivities": _chosen(every, asked)}


def _chosen(
    every: list[dict[str, Any]], asked: dict[str, Any], resources: list[str] | None = None
) -> list[dict[str, Any]]:
    """Those that a question is about."""
    wanted = resources or ([asked["ResourceId"]] if asked.get("ResourceId") else None)
    return [
        each
        for each in every
        if each["ServiceNamespace"] == asked["ServiceNamespace"]
        and (not wanted or each["ResourceId"] in wanted)
        and each["ScalableDimension"] == asked.get("ScalableDimension", each["ScalableDimension"])
    ]


def _target(asked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = records.targets.get(records.key(asked))
    if found is None:
        raise ApiError(MISSING, f"No scalable target registered for {_words(asked)}")
    return found


def _scaled(asked: dict[str, Any]) -> Scaled:
    if asked["ServiceNamespace"] != records.NAMESPACE:
        raise ApiError(INVALID, f"The course's emulator scales {records.NAMESPACE} alone.")
    found = tables.scaled(asked)
    if found is None:
        told = "Unsupported service namespace, resource type or scalable dimension: "
        raise ApiError(INVALID, f"{told}{asked['ResourceId']}, {asked['ScalableDimension']}")
    return found


def _capacity(asked: dict[str, Any], what: Scaled) -> int:
    """The capacity as it is; whoever asks must be allowed to see and to change it."""
    arn = tables.table_arn(what)
    if not arn:
        raise ApiError(INVALID, f"DynamoDB table does not exist: table/{what.table}")
    for action in NEEDED:
        if sentence := answers.caller(action, arn):
            told = f"Unable to retrieve capacity for {_words(asked)}. Reason: {sentence}"
            raise ApiError("FailedResourceAccessException", told)
    found = tables.capacity(what)
    if found is None:
        raise ApiError(INVALID, f"{asked['ResourceId']} has no provisioned capacity: it is on demand, or not there.")
    return found


def _words(asked: dict[str, Any]) -> str:
    return (
        f"service namespace: {asked['ServiceNamespace']}, resource ID: {asked['ResourceId']}, "
        f"scalable dimension: {asked['ScalableDimension']}"
    )


OPERATIONS = {
    "RegisterScalableTarget": _register,
    "DeregisterScalableTarget": _deregister,
    "DescribeScalableTargets": _describe_targets,
    "PutScalingPolicy": _put_policy,
    "DeleteScalingPolicy": _delete_policy,
    "DescribeScalingPolicies": _describe_policies,
    "DescribeScalingActivities": _describe_activities,
}
