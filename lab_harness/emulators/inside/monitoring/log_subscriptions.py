"""Subscription filters of log groups as on AWS: who gets the lines, by which patterns, and what lets them.

A function must let CloudWatch Logs call it, by its own policy; to a stream of Kinesis or Firehose the lines go with the
filter's role. MiniStack asks nobody, tries a function once, delivers to no stream, and takes any number of
filters; of a pattern it reads the words alone, and not their signs.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html (2026)
"""

import base64
import gzip
import json
import logging
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.monitoring.filter_patterns import flaw, matcher
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.records.deeds import acting_as

INVOKE, LOGS = "lambda:InvokeFunction", "logs.amazonaws.com"
MOST_FILTERS = 2  # of one group
NOT_LET = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)
NOT_DELIVERED = "Could not deliver test message to specified destination. Check if the destination is valid."

log = logging.getLogger("lab_harness.log_subscriptions")


def install() -> None:
    """Change MiniStack's CloudWatch Logs. This takes effect when its module is imported."""
    refuse({"cloudwatch_logs": {"_put_subscription_filter": _refused, "_filter_log_events": _of_pattern}})
    changed = {"_subscription_pattern_matches": _matches, "_compile_filter_pattern": _compiled}
    hooks.change({"cloudwatch_logs": {"_fanout_to_subscription_filters": _deliver, **changed}})


def _refused(asked: dict[str, Any]) -> Any:
    from ministack.services import cloudwatch_logs

    name, target = asked.get("logGroupName", ""), asked.get("destinationArn", "")
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        return None
    there, pattern = group.get("subscriptionFilters") or {}, asked.get("filterPattern") or ""
    if asked.get("filterName") not in there and len(there) >= MOST_FILTERS:
        return _error("LimitExceededException", "Resource limit exceeded.")
    if found := flaw(pattern):
        return _error("InvalidParameterException", found)
    if not _may(name, target, asked.get("roleArn") or ""):
        of_function = ":lambda:" in target
        return _error("InvalidParameterException", NOT_LET if of_function else NOT_DELIVERED)
    return None


def _of_pattern(asked: dict[str, Any]) -> Any:
    found = flaw(asked.get("filterPattern") or "")
    return _error("InvalidParameterException", found) if found else None


def _error(code: str, message: str) -> Any:
    from ministack.services import cloudwatch_logs

    return cloudwatch_logs.error_response_json(code, message, 400)


def _may(group: str, target: str, role: str) -> bool:
    """Whether a group's lines may be delivered to a target that is there."""
    _, _, service, region, account, *_ = [*target.split(":"), *[""] * 6]
    if service == "lambda":
        source = f"arn:aws:logs:{region}:{account}:log-group:{group}:*"
        principals = (LOGS, f"logs.{region}.amazonaws.com")
        return any(answers.service(each, INVOKE, target, source) for each in principals)
    action = f"{service}:PutRecord"
    return bool(role) and not answers.role(role, f"{LOGS}/{group.strip('/').replace('/', '-')}", action, target)


def _matches(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> bool:
    pattern, line = args
    return matcher(pattern or "")(line or "")


def _compiled(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    return matcher(args[0] or "")


def _deliver(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
    """Deliver new lines of a group; what goes wrong here never hinders who has written them."""
    from ministack.services import cloudwatch_logs

    name, stream, events = args
    group = cloudwatch_logs._log_groups.get(name) or {}
    for each in list((group.get("subscriptionFilters") or {}).values()):
        found = [
            event
            for event in events
            if cloudwatch_logs._subscription_pattern_matches(each["filterPattern"], event.get("message", ""))
        ]
        try:
            if found and not _feeds_itself(name, each["destinationArn"]) and _may_now(name, each):
                with acting_as(f"logs {name}"):
                    _send(each, _message(each, stream, found))
        except Exception:
            log.exception("What the filter %s has found could not be delivered.", each["filterName"])


def _feeds_itself(group: str, target: str) -> bool:
    """Whether a function would get the lines that it writes about them."""
    return group == f"/aws/lambda/{target.partition(':function:')[2].partition(':')[0]}"


def _may_now(group: str, found: dict[str, Any]) -> bool:
    return _may(group, found["destinationArn"], found.get("roleArn") or "")


def _message(found: dict[str, Any], stream: str, events: list[dict[str, Any]]) -> bytes:
    from ministack.services import cloudwatch_logs

    now = int(clock.now() * 1000)
    lines = [
        {
            "id": cloudwatch_logs.new_uuid().replace("-", ""),
            "timestamp": event.get("timestamp", now),
            "message": event.get("message", ""),
        }
        for event in events
    ]
    told = {
        "messageType": "DATA_MESSAGE",
        "owner": cloudwatch_logs.get_account_id(),
        "logGroup": found["logGroupName"],
        "logStream": stream,
        "subscriptionFilters": [found["filterName"]],
        "logEvents": lines,
    }
    return gzip.compress(json.dumps(told).encode(), mtime=0)


def _send(found: dict[str, Any], message: bytes) -> None:
    from ministack.services import firehose, kinesis, lambda_svc

    target = found["destinationArn"]
    if ":lambda:" in target:
        record, _, _ = lambda_svc._get_func_record_for_ref(target)
        if record:
            event = {"awslogs": {"data": base64.b64encode(message).decode()}}
            lambda_svc.invoke_async_with_retry(record, event)
    elif ":kinesis:" in target:
        kinesis.put_record_internal(target, kinesis.new_uuid(), message)
    elif ":firehose:" in target:
        data = {"Data": base64.b64encode(message).decode()}
        firehose._put_record({"DeliveryStreamName": target.rpartition("/")[2], "Record": data})
