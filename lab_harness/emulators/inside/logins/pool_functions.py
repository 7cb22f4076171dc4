"""Calls the functions of a Cognito user pool, if their policies let it, with the events that AWS sends.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html (2026)
"""

import json
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.permissions.asking import answers


class CognitoError(Exception):
    """Cognito, or a function of a pool's, keeps a user out, in AWS's words; `code` is AWS's name of the error."""

    def __init__(self, message: str, code: str = "UserLambdaValidationException") -> None:
        super().__init__(message)
        self.code = code


def configured(pool: Mapping[str, Any], trigger: str) -> str:
    """The ARN of the function that a pool has for a trigger; empty where there is none."""
    config = pool.get("LambdaConfig") or {}
    for each in (config.get(f"{trigger}Config"), config.get(trigger)):
        found = each.get("LambdaArn") if isinstance(each, dict) else each
        if found:
            return str(found)
    return ""


def ask_leave(pool: Mapping[str, Any], trigger: str) -> None:
    """Raise a `CognitoError` where the function of a trigger does not let the pool call it."""
    if answers.pool(configured(pool, trigger), str(pool.get("Arn", ""))):
        message = f"{trigger} invocation failed due to error AccessDeniedException."
        raise CognitoError(message, "UnexpectedLambdaException")


def call(
    pool: Mapping[str, Any], source: str, client: str, user: str, request: Mapping[str, Any], **response: Any
) -> dict[str, Any]:
    """What the function of a trigger answers, by the trigger's source: "PreSignUp_SignUp"; {} where there is none.

    `response` is what AWS puts into the event's response for the function to change.
    """
    trigger = source.partition("_")[0]
    if not configured(pool, trigger):
        return {}
    ask_leave(pool, trigger)
    event = {
        "version": "1",
        "triggerSource": source,
        "region": str(pool["Id"]).partition("_")[0],
        "userPoolId": pool["Id"],
        "userName": user,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "request": dict(request),
        "response": response,
    }
    answered = _run(configured(pool, trigger), trigger, event)
    if not isinstance(answered, dict) or not isinstance(answered.get("response", {}), dict):
        raise CognitoError("Unrecognizable lambda output", "InvalidLambdaResponseException")
    return dict(answered.get("response") or {})


def _run(function: str, trigger: str, event: dict[str, Any]) -> Any:
    record = invocations.called(function)
    if record is None:
        message = f"{trigger} invocation failed due to error ResourceNotFoundException."
        raise CognitoError(message, "UnexpectedLambdaException")
    result, _ = invocations.run(record, event)
    body = parsed(result.get("body"))
    if result.get("error"):
        raise failed(trigger, body)
    return body


def failed(trigger: str, body: Any) -> CognitoError:
    """What AWS says of a function that raised an error, by Lambda's description of that."""
    said = body.get("errorMessage") if isinstance(body, dict) else body
    return CognitoError(f"{trigger} failed with error {said}.")


def parsed(body: Any) -> Any:
    """A function's answer, which MiniStack gives as text or not."""
    try:
        return json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return body
