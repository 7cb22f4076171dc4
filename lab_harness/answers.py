"""What AWS answers, read in one way everywhere."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

# In the codes by which services say so; SQS, Step Functions and others do it with the status 400.
NOT_THERE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")


def there(ask: Callable[..., Any], **arguments: Any) -> Any:
    """The answer to a call, without its metadata; None where AWS answers that there is no such thing."""
    try:
        found = ask(**arguments)
    except ClientError as error:
        if not _says_that_there_is_none(error):
            raise
        return None
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """What all pages of an answer list together."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, [])


def _says_that_there_is_none(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = str(error.response.get("Error", {}).get("Code"))
    return status == 404 or any(word in code for word in NOT_THERE)
