"""What AWS answers, read in one way everywhere."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

# In the codes by which services say so; SQS, Step Functions and others do it with the status 400.
NOT_THERE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
# The codes of an emulator that does not have an operation, and the status that LocalStack has for that.
LACKING, LACKING_STATUS = re.compile("Unknown(Operation|Action|Service)|InvalidAction|NotImplemented"), 501
# The codes of what is no such service at all, where the question is one that every service of that kind can answer.
ANOTHER = re.compile("Unsupported|^(404|405)$")
FAILURES = 500  # and above


def lacks(error: ClientError) -> bool:
    """Whether an answer says that the emulator does not have the operation."""
    return _status(error) == LACKING_STATUS or bool(LACKING.search(_code(error)))


def is_no_answer(error: ClientError) -> bool:
    """Whether an answer to a question that needs nothing to be there says that there is no such service.

    A refusal for another reason is an answer of the service's.
    """
    return lacks(error) or _status(error) >= FAILURES or bool(ANOTHER.search(_code(error)))


def says_that_there_is_none(error: ClientError) -> bool:
    """Whether an answer says that what the call names is not there."""
    return _status(error) == 404 or any(word in _code(error) for word in NOT_THERE)


def there(ask: Callable[..., Any], **arguments: Any) -> Any:
    """The answer to a call, without its metadata; None where AWS answers that there is no such thing."""
    try:
        found = ask(**arguments)
    except ClientError as error:
        if not says_that_there_is_none(error):
            raise
        return None
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """What all pages of an answer list together."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))
