"""Whose fault an error in a check is: the account's, which is a `Failure`, or the course's own.

A lab's tests prove that AWS takes every call of its checks in an account that is as the lab asks for. So where AWS
refuses one, the account is otherwise: a table has another key, a queue is gone. So it is where something in it cannot
be read. These are the course's own mistakes: any other error, an argument that boto3 refuses before it is sent among
them; a call that AWS does not know or cannot read, and one that AWS itself fails on; and a call about something that
the check has made for itself.
"""

import binascii
import json
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.parsers
from botocore.exceptions import ClientError

from lab_harness.answers import LACKING
from lab_harness.authors.checks import Failure
from lab_harness.authors.made import is_made

# Codes of answers that say nothing of the account: the call is unknown, cannot be read, or is not signed as it must be.
OWN_MISTAKES = re.compile(
    f"{LACKING.pattern}|Serialization|Signature|InvalidClientToken|UnrecognizedClient|MissingAuthenticationToken"
)
DECODING = (json.JSONDecodeError, UnicodeDecodeError, binascii.Error)
# What the argument that names a resource names, so that a learner finds it.
KINDS = {
    "ApiId": "API", "Bucket": "bucket", "EventSourceArn": "queue", "FunctionName": "function",
    "PolicyArn": "policy", "QueueName": "queue", "QueueUrl": "queue", "RoleName": "role", "Rule": "rule",
    "TableName": "table", "TopicArn": "topic", "apiKey": "API key", "executionArn": "execution",
    "logGroupName": "log group", "restApiId": "REST API", "stateMachineArn": "state machine",
    "usagePlanId": "usage plan", "Name": "resource",
}  # fmt: skip
NEXT_STEPS = {
    "NotFound|NoSuch|NonExistent|DoesNotExist": "See whether it is still there, and has the name that the README says.",
    "AccessDenied|Forbidden|Unauthorized": "See what its own policy denies.",
    "InUse|Conflict|Throttl|TooMany|Limit": "See in which state it is, and which limits it has.",
    "ValidationException": "Compare its key and the types of its attributes with what the lab's README asks for.",
    "": "Compare its settings with what the lab's README asks for.",
}


def first_cause(error: BaseException, handled: BaseException | None = None) -> BaseException:
    """What a check raised first: an error that its clean-up raises after another does not hide that one.

    `handled` is what was being handled already when the check was called.
    """
    while error.__context__ not in (None, handled) and not error.__suppress_context__:
        error = error.__context__
    return error


def failure_of(error: BaseException) -> Failure | None:
    """The verdict on the learner's work that an error in a check is; None where it is the course's own mistake."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, ClientError) and _is_about_the_account(error.response):
        return _refused(error)
    return _unreadable(error) if _raised_while_reading(error) else None


def _is_about_the_account(response: Mapping[str, Any]) -> bool:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    own = status >= 500 or OWN_MISTAKES.search(_code(response))
    return not own and not any(is_made(word) for text in _texts(_arguments(response)) for word in _names(text))


def _refused(error: ClientError) -> Failure:
    resource, code = _resource(_arguments(error.response)), _code(error.response)
    message = error.response.get("Error", {}).get("Message") or "it gave no reason"
    return Failure(
        expected=f"{resource or 'an account'} as the lab asks for it",
        found=f"AWS refused {error.operation_name}{f' on {resource}' if resource else ''}: {message} ({code})",
        next_step=next(step for pattern, step in NEXT_STEPS.items() if re.search(pattern, code)),
    )


def _raised_while_reading(error: BaseException) -> bool:
    """Whether boto3, or who reads text or JSON, met what nobody can read: a limit "x", lists thousands deep, Latin-1.

    What a check reads comes from the account: an object, a message, an answer.
    """
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, RecursionError):
        return files[-1:] == [json.decoder.__file__]
    return isinstance(error, DECODING) or (isinstance(error, ValueError) and botocore.parsers.__file__ in files)


def _unreadable(error: BaseException) -> Failure:
    return Failure(
        expected="an account in which all can be read",
        found=f"something that cannot be read: {error}",
        next_step="Look for it in what you changed, sent or uploaded last: text is UTF-8 here, and data is JSON.",
    )


def _resource(arguments: Mapping[str, Any]) -> str:
    """What a call is about, in words; empty where no argument tells."""
    for name, kind in KINDS.items():
        if isinstance(value := arguments.get(name), str):
            return f"the {kind} {value.rpartition('/')[2] if name == 'QueueUrl' else value}"
    return ""


def _code(response: Mapping[str, Any]) -> str:
    return str(response.get("Error", {}).get("Code", "Unknown"))


def _arguments(response: Mapping[str, Any]) -> Mapping[str, Any]:
    arguments: Mapping[str, Any] = response.get("Arguments", {})
    return arguments


def _texts(value: Any) -> Iterator[str]:
    """All texts in a call's arguments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _names(text: str) -> list[str]:
    """A text, and what it names where it is an ARN or a URL."""
    return [text, *re.split("[:/]", text)]
