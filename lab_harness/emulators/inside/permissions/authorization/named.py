"""The resources that requests name in ways that MiniStack overlooks, or takes for another resource than AWS does.

It reads an IAM request's role before its group, whatever the operation is about, takes a key's alias for the key, no
rule from `Rule`, no topic from a subscription, no alarm from a list of one, and no path of parameters.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
(2026)
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.permissions.authorization.authority import arn

Asked = Mapping[str, Any]
OF_IAM = {"InstanceProfileName": "instance-profile", "GroupName": "group", "RoleName": "role", "UserName": "user"}
OF_EVENTS = {"EventBus": "event-bus", "ApiDestination": "api-destination", "Connection": "connection"}
OF_STATES = ("resourceArn", "stateMachineAliasArn", "mapRunArn", "stateMachineVersionArn")


def resource(service: str, operation: str, asked: Asked) -> str:
    """The ARN of what a request is about; empty where MiniStack reads it as AWS does."""
    read = READERS.get(service)
    return read(operation, {key: value for key, value in asked.items() if value}) if read else ""


def _of_iam(operation: str, asked: Asked) -> str:
    from ministack.services import iam

    stores = {"instance-profile": iam._instance_profiles, "group": iam._groups, "role": iam._roles, "user": iam._users}
    for member, kind in OF_IAM.items():
        if name := asked.get(member):
            kept = stores[kind].get(str(name)) or {}
            return str(kept.get("Arn") or f"arn:aws:iam::{ACCOUNT}:{kind}{asked.get('Path') or '/'}{name}")
    made = operation == "CreatePolicy" and asked.get("PolicyName")
    return f"arn:aws:iam::{ACCOUNT}:policy{asked.get('Path') or '/'}{made}" if made else ""


def _of_kms(operation: str, asked: Asked) -> str:
    """The key, whatever it is named by; an alias itself only where that is made or changed."""
    from ministack.services import kms

    if "AliasName" in asked:
        return arn("kms", str(asked["AliasName"]))
    named = asked.get("SourceKeyId") if operation == "ReEncrypt" else asked.get("KeyId")
    found = kms._resolve_key(str(named)) if named else None
    return str(found["Arn"]) if found else ""


def _of_sns(_operation: str, asked: Asked) -> str:
    """The topic, as SNS finds it: an ARN without an account means this one."""
    from ministack.services import sns

    subscription = str(asked.get("SubscriptionArn") or "")
    named = [asked.get(name) for name in ("ResourceArn", "TopicArn", "TargetArn")]
    return str(sns._normalize_arn(str(next(filter(None, named), subscription.rpartition(":")[0]))))


def _of_events(operation: str, asked: Asked) -> str:
    """A rule or what else is named; a rule of the default bus by its name alone."""
    kind = next((kind for word, kind in OF_EVENTS.items() if word in operation), "")
    name = str(asked.get("Rule") or asked.get("Name") or "")
    if kind and name:
        return name if name.startswith("arn:") else arn("events", f"{kind}/{name}")
    bus = str(asked.get("EventBusName") or "default").rpartition("/")[2]
    if "ResourceARN" in asked or not name:
        return str(asked.get("ResourceARN") or "")
    return arn("events", f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")


def _of_states(operation: str, asked: Asked) -> str:
    if operation == "CreateActivity":
        return arn("states", f"activity:{asked.get('name')}")
    if operation == "CreateStateMachineAlias":
        routes = asked.get("routingConfiguration")
        first = routes[0] if isinstance(routes, list) and routes and isinstance(routes[0], dict) else {}
        return str(first.get("stateMachineVersionArn") or "").rpartition(":")[0]
    return next((str(asked[name]) for name in OF_STATES if name in asked), "")


def _of_kinesis(_operation: str, asked: Asked) -> str:
    """The stream that MiniStack finds: by an iterator, else by its name, else by its ARN."""
    from ministack.services import kinesis

    if "ShardIterator" in asked:
        return str((kinesis._shard_iterators.get(str(asked["ShardIterator"])) or {}).get("stream_arn", ""))
    found = kinesis._resolve_stream(asked)[1] if asked.keys() & {"StreamName", "StreamARN"} else None
    return str(found["StreamARN"]) if found else ""


def _of_sqs(operation: str, asked: Asked) -> str:
    """The dead-letter queue of a task that moves its messages."""
    if not operation.endswith(("MessageMoveTask", "MessageMoveTasks")):
        return ""
    try:
        told = json.loads(base64.b64decode(str(asked.get("TaskHandle") or "e30=")))
    except ValueError:
        return ""  # SQS refuses it itself.
    return str(asked.get("SourceArn") or (told.get("sourceArn") if isinstance(told, dict) else None) or "")


def _of_monitoring(_operation: str, asked: Asked) -> str:
    """The one alarm that is named, which MiniStack does not find in a list; `*` for several."""
    listed = asked.get("AlarmName") or asked.get("AlarmNames")
    names = [value for name, value in asked.items() if name.startswith("AlarmNames.")] or listed or []
    names = names if isinstance(names, list) else [names]
    return "*" if len(names) > 1 else arn("cloudwatch", f"alarm:{names[0]}") if names else ""


def _of_ssm(operation: str, asked: Asked) -> str:
    """The path below which parameters are read."""
    path = str(asked.get("Path") or "").strip("/") if operation == "GetParametersByPath" else ""
    return arn("ssm", f"parameter/{path}") if path else ""


READERS: dict[str, Callable[[str, Asked], str]] = {
    "iam": _of_iam,
    "kms": _of_kms,
    "sns": _of_sns,
    "events": _of_events,
    "states": _of_states,
    "kinesis": _of_kinesis,
    "sqs": _of_sqs,
    "monitoring": _of_monitoring,
    "ssm": _of_ssm,
}
