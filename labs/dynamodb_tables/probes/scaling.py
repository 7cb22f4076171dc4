"""How the write capacity of GameSessions follows its load: a scalable target, and a policy with its alarms."""

from lab_harness.authors import Failure, expect

SESSIONS, LEAST, MOST, TARGET = "GameSessions", 5, 40, 70.0
RESOURCE, DIMENSION = f"table/{SESSIONS}", "dynamodb:table:WriteCapacityUnits"
METRIC = "DynamoDBWriteCapacityUtilization"
NAMESPACE = {"ServiceNamespace": "dynamodb"}
REGISTER = "Section 3 names register_scalable_target; calling it again sets other limits."
POLICY = "Section 3 names put_scaling_policy; the same PolicyName again sets it anew."


def expect_provisioned(dynamodb):
    """GameSessions has units that can be scaled: on demand it has none, though its target stays."""
    told = dynamodb.describe_table(TableName=SESSIONS)["Table"]
    mode = (told.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    next_step = "update_table sets the BillingMode PROVISIONED again, with the ProvisionedThroughput of section 1."
    expect.value(f"the capacity of {SESSIONS}:", "PROVISIONED", mode, next_step)


def expect_limits(scaling):
    """The write capacity of GameSessions may be changed, between the limits that are asked for."""
    found = scaling.describe_scalable_targets(**NAMESPACE, ResourceIds=[RESOURCE])["ScalableTargets"]
    ours = [each for each in found if each["ScalableDimension"] == DIMENSION]
    if not ours:
        raise Failure(
            expected=f"a scalable target {RESOURCE}, {DIMENSION}",
            found=", ".join(f"{each['ResourceId']}, {each['ScalableDimension']}" for each in found) or "none of it",
            next_step=REGISTER,
            there=bool(found),
        )
    limits = f"{ours[0]['MinCapacity']} to {ours[0]['MaxCapacity']}"
    expect.value("write units of GameSessions:", f"{LEAST} to {MOST}", limits, REGISTER)
    stopped = [name for name, is_so in (ours[0].get("SuspendedState") or {}).items() if is_so]
    expect.value("suspended:", "nothing", ", ".join(stopped) or "nothing", REGISTER)


def expect_policy(scaling, cloudwatch):
    """A policy keeps it at the target, up and down, and its alarms are there."""
    asked = {**NAMESPACE, "ResourceId": RESOURCE, "ScalableDimension": DIMENSION}
    found = scaling.describe_scaling_policies(**asked)["ScalingPolicies"]
    others = scaling.describe_scaling_policies(**NAMESPACE, ResourceId=RESOURCE)["ScalingPolicies"]
    policies = [(each, each.get("TargetTrackingScalingPolicyConfiguration") or {}) for each in found]
    ours = [
        (each, settings)
        for each, settings in policies
        if (settings.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType") == METRIC
    ]
    if not ours:
        raise Failure(
            expected=f"a policy that tracks {METRIC}",
            found=", ".join(f"{each['PolicyName']} for {each['ScalableDimension']}" for each in others) or "no policy",
            next_step=POLICY,
            there=bool(others),
        )
    policy, settings = ours[0]
    expect.value("the target, in per cent:", TARGET, settings["TargetValue"], POLICY)
    falls = "falls" if not settings.get("DisableScaleIn") else "does not: DisableScaleIn"
    expect.value("when the load is gone, the capacity", "falls", falls, POLICY)
    names = [each["AlarmName"] for each in policy["Alarms"]]
    there = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    expect.names("the policy's alarms", names, [each["AlarmName"] for each in there], POLICY)
