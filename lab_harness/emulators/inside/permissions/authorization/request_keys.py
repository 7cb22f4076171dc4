"""The condition keys that a request brings, besides its tags: whose function, which principal, whose boundary.

MiniStack knows few of them, so that a policy which asks for one refuses what AWS allows, and one that denies by it, or
asks with ForAllValues, lets through what AWS refuses.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
(2026)
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lab_harness.emulators.inside.permissions.authorization import item_keys
from lab_harness.emulators.inside.permissions.authorization.bodies import path, read_json
from lab_harness.emulators.inside.permissions.authorization.later import Later

MODELS = {"monitoring": "cloudwatch"}
Asked = Mapping[str, Any]  # the parameters of a request
OF_EVENTS = {"events:source": "Source", "events:detail-type": "DetailType"}
OF_MAPPINGS = "lambda:FunctionArn"
MAPPING = re.compile(r"/event-source-mappings/([^/]+)")
LATER = "lab:later"  # in place of keys that take some time to find out: all of them
Keys = dict[str, Any]  # of these None and an empty list mean that the key is not in the request


def keys_of_request(original: Any, _instance: Any, args: Any, kwargs: Any) -> Keys:
    """The tags' keys, as MiniStack reads them, and all others."""
    service, action, body, parameters = args
    # MiniStack reads in botocore's models which calls have tags, and knows CloudWatch's by its endpoint's name only.
    known: Keys = dict(original(MODELS.get(service, service), action, body, parameters, **kwargs))
    read = READERS.get(service)
    if read is None:
        return known
    found = partial(_found, read, action.partition(":")[2], body, parameters)
    return known | ({LATER: Later(found)} if service in DEAR else found())


def _found(read: Callable[[str, Asked], Keys], operation: str, body: bytes, parameters: Asked) -> Keys:
    asked = read_json(body) or {name: _first(value) for name, value in parameters.items()}
    return {key: value for key, value in read(operation, asked).items() if value not in (None, "", [])}


def all_of(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of a request, those with them that were left for later."""
    return {**keys, **keys[LATER], LATER: None} if LATER in keys else keys


def one_by_one(given: Keys) -> list[Keys]:
    """The keys of each event or function that a request names, to be judged one by one; else all keys together."""
    several = {key: given[key] for key in (*OF_EVENTS, OF_MAPPINGS) if isinstance(given.get(key), list)}
    return [given | dict(zip(several, values, strict=True)) for values in zip(*several.values(), strict=True)] or [
        given
    ]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _of_lambda(operation: str, asked: Asked) -> Keys:
    from ministack.services import lambda_svc

    function, qualifier = lambda_svc._resolve_name_and_qualifier(str(asked.get("FunctionName") or ""))
    arn = ":".join(filter(None, [lambda_svc._func_arn(function), qualifier]))
    named = [arn] if function and "EventSourceMapping" in operation else []
    found = MAPPING.search(path.get())
    kept = lambda_svc._esms.get(found[1]) if found else None
    return {
        OF_MAPPINGS: [*([kept["FunctionArn"]] if kept else []), *named],
        "lambda:Principal": asked.get("Principal"),
        "lambda:FunctionUrlAuthType": asked.get("AuthType") or asked.get("FunctionUrlAuthType"),
        "lambda:Layer": asked.get("Layers"),
        "lambda:SourceFunctionArn": None,
    }


def _of_iam(operation: str, asked: Asked) -> Keys:
    return {
        "iam:PolicyARN": asked.get("PolicyArn"),
        "iam:PermissionsBoundary": asked.get("PermissionsBoundary") or _boundary_of(operation, asked),
        "iam:AWSServiceName": asked.get("AWSServiceName"),
    }


def _boundary_of(operation: str, asked: Asked) -> str | None:
    """The boundary of the user or role that is changed; what is made has none but the one that the request gives it."""
    from ministack.services import iam

    kept = {"Role": iam._roles.get(asked.get("RoleName", "")), "User": iam._users.get(asked.get("UserName", ""))}
    changed = next((each for kind, each in kept.items() if kind in operation), None)
    changed = None if operation.startswith("Create") else changed
    return (changed or {}).get("PermissionsBoundary")


def _of_events(_operation: str, asked: Asked) -> Keys:
    entries = [each for each in asked.get("Entries") or [] if isinstance(each, dict)]
    targets = [each.get("Arn") for each in asked.get("Targets") or [] if isinstance(each, dict)]
    return {
        **{key: [str(each.get(member) or "") for each in entries] for key, member in OF_EVENTS.items()},
        "events:TargetArn": [each for each in targets if each],
    }


def _of_sns(_operation: str, asked: Asked) -> Keys:
    return {"sns:Protocol": asked.get("Protocol"), "sns:Endpoint": asked.get("Endpoint")}


def _of_monitoring(_operation: str, asked: Asked) -> Keys:
    return {"cloudwatch:namespace": asked.get("Namespace")}


READERS: dict[str, Callable[[str, Asked], Keys]] = {
    "lambda": _of_lambda,
    "iam": _of_iam,
    "events": _of_events,
    "sns": _of_sns,
    "monitoring": _of_monitoring,
    "dynamodb": item_keys.keys_of_request,
}
DEAR = frozenset({"dynamodb"})  # the services whose keys take some time to read
