"""Refuses policies that AWS refuses when they are written; MiniStack takes most of them, and some in other words.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html,
https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html,
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html (2026)
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse, told
from lab_harness.iam import refusals
from lab_harness.iam.statements import read_grants

DOCUMENTS = ("_create_policy", "_create_policy_version", "_put_role_policy", "_put_user_policy", "_put_group_policy")

KEYS_ONE = "default"  # the name of the one policy that a key has
CHANGE_KEYS, PUT_EVENTS = "kms:PutKeyPolicy", "events:PutEvents"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports the services."""
    trusts = {"_create_role": "AssumeRolePolicyDocument", "_update_assume_role_policy": "PolicyDocument"}
    problems: dict[str, dict[str, Any]] = {
        "iam": {
            **dict.fromkeys(DOCUMENTS, partial(_of_iam, "PolicyDocument", refusals.of_identity)),
            **{name: partial(_of_iam, member, _of_trust) for name, member in trusts.items()},
        },
        "s3": {"_put_bucket_policy": _of_bucket},
        "sns": {"_create_topic": _of_new_topic, "_set_topic_attributes": _of_topic},
        "sqs": {"_act_create_queue": _of_queue, "_act_set_queue_attributes": _of_queue},
        "lambda_svc": {"_add_permission": _of_function},
        "kms": {"_create_key": _of_new_key, "_put_key_policy": _of_key},
        "eventbridge": {"_put_permission": _of_bus},
    }
    hooks.change({"eventbridge": {"_put_permission": _keep_whole}})
    refuse(problems)


def _is_there(principal: str) -> bool:
    """Whether there is a user or a role of this ARN; who is of another account is."""
    from ministack.services import iam

    for kind, known in (("user", iam._users), ("role", iam._roles)):
        if principal.startswith(f"arn:aws:iam::{ACCOUNT}:{kind}/"):
            return principal.rpartition("/")[2] in known
    return True


def _of_trust(document: str) -> str:
    return refusals.of_trust(document, _is_there)


def _of_iam(member: str, says: Callable[[str], str], params: dict[str, Any]) -> Any:
    from ministack.services import iam

    words = says(iam._p(params, member))
    return iam._error(400, "MalformedPolicyDocument", words, ns="iam") if words else None


def _of_bucket(name: str, body: bytes) -> Any:
    from ministack.services import s3

    if name not in s3._buckets:
        return None
    words = refusals.of_bucket(body.decode(errors="replace"), name, _is_there)
    return s3._error("MalformedPolicy", words, 400) if words else None


def _of_new_topic(params: dict[str, Any]) -> Any:
    from ministack.services import sns

    number = 1
    while name := sns._p(params, f"Attributes.entry.{number}.key"):
        if name == "Policy" and (refused := _topic(sns._p(params, f"Attributes.entry.{number}.value"))):
            return refused
        number += 1
    return None


def _of_topic(params: dict[str, Any]) -> Any:
    from ministack.services import sns

    return _topic(sns._p(params, "AttributeValue")) if sns._p(params, "AttributeName") == "Policy" else None


def _topic(document: str) -> Any:
    from ministack.services import sns

    words = refusals.of_topic(document, _is_there) if document else ""  # An empty one lets nobody in.
    return sns._error("InvalidParameter", f"Invalid parameter: {words}", 400) if words else None


def _of_queue(data: dict[str, Any], _url: str) -> None:
    from ministack.services import sqs

    document = (data.get("Attributes") or {}).get("Policy")
    if document and (words := refusals.of_queue(document, _is_there)):
        raise sqs._Err("InvalidAttributeValue", words, 400)


def _of_function(name: str, data: dict[str, Any], *_: Any, **__: Any) -> Any:
    from ministack.services.lambda_svc import error_response_json

    if message := told("lambda", "AddPermission", {**data, "FunctionName": name}):
        return error_response_json("ValidationException", message, 400)
    principal = data.get("Principal", "")
    if refusals.is_principal(principal) and _is_there(principal):
        return None
    words = "The provided principal was invalid. Please check the principal and try again."
    return error_response_json("InvalidParameterValueException", words, 400)


def _of_new_key(data: dict[str, Any]) -> Any:
    return _key(data) if "Policy" in data else None


def _of_key(data: dict[str, Any]) -> Any:
    from ministack.core.responses import error_response_json
    from ministack.services import kms

    if not kms._resolve_key(data.get("KeyId", "")):
        return None
    if data.get("PolicyName", KEYS_ONE) != KEYS_ONE:
        return error_response_json("NotFoundException", f"No such policy exists: {data['PolicyName']}", 400)
    return _key(data)


def _key(data: dict[str, Any]) -> Any:
    from ministack.core.responses import error_response_json

    document = data.get("Policy", "")
    words = refusals.of_key(document, _is_there)
    if not words and not data.get("BypassPolicyLockoutSafetyCheck") and not _lets_go_on(document):
        words = LOCKED_OUT
    return error_response_json("MalformedPolicyDocumentException", words, 400) if words else None


def _lets_go_on(document: str) -> bool:
    """Whether a key's policy lets anybody change it, of whom nothing more is asked than the policy says."""
    return any(each.allows and each.names_action(CHANGE_KEYS) for each in read_grants(json.loads(document)))


def _of_bus(data: dict[str, Any]) -> Any:
    from ministack.core.responses import error_response_json
    from ministack.services import eventbridge

    name = data.get("EventBusName") or "default"
    if message := told("events", "PutPermission", data):
        return error_response_json("ValidationException", message, 400)
    if name not in eventbridge._event_buses:
        return error_response_json("ResourceNotFoundException", f"Event bus {name} does not exist.", 400)
    if "Policy" in data:
        words = refusals.of_bus(data["Policy"], f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{name}", _is_there)
    else:
        right = data.get("Action") == PUT_EVENTS
        words = "" if right else "Provided value in parameter 'action' is not supported."
    return error_response_json("ValidationException", words, 400) if words else None


def _keep_whole(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Keep the whole policy of a bus, where one is given; MiniStack makes a statement for everybody of it."""
    from ministack.core.responses import json_response
    from ministack.services import eventbridge

    (data,) = args
    if "Policy" not in data:
        return original(*args, **kwargs)
    eventbridge._event_bus_policies[data.get("EventBusName") or "default"] = json.loads(data["Policy"])
    return json_response({})
