"""Follows chains of runs by way of S3 and SNS, and stops loops: what a function writes may start it again.

A function's calls tell how many runs of the same chain came before (`X-Ministack-Invoke-Depth`, AWS's Lineage).
MiniStack looks at that for Invoke alone; here what S3 and SNS set going knows it, too. The run after the 16th does not
happen: a metric counts it, and its event goes to the function's dead-letter queue and on-failure destination.
PutFunctionRecursionConfig with Allow lets it run. Which condition the destination's record then has, AWS does not say.
Loops by way of SQS, which AWS stops as well, go on here.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html (2026)
"""

import json
from typing import Any

import wrapt

from lab_harness.emulators.inside.scopes import within

FOLLOWED = ("s3", "sns")
CONDITION = "RetriesExhausted"  # of the record of an event that was stopped


def install() -> None:
    """Make MiniStack follow them. It takes effect when it imports S3 and SNS."""
    for service in FOLLOWED:
        wrapt.register_post_import_hook(_follow, f"ministack.services.{service}")


def _follow(service: Any) -> None:
    wrapt.wrap_function_wrapper(service, "handle_request", _remember_the_chain)


async def _remember_the_chain(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Handle a request in a context that knows how many runs of functions came before it."""
    from ministack.services import lambda_svc

    headers = kwargs["headers"] if "headers" in kwargs else args[2]
    before = lambda_svc._inbound_invoke_depth({name.lower(): value for name, value in headers.items()})
    with within(lambda_svc._invoke_depth, before):
        return await original(*args, **kwargs)


def go_on() -> None:
    """Count one more run in the chain of the current context; Invoke has counted its own."""
    from ministack.services import lambda_svc

    lambda_svc._invoke_depth.set(lambda_svc._invoke_depth.get() + 1)


def stopped(function: str) -> dict[str, Any] | None:
    """The error of a run that would be one too many in its chain, which is counted then; None for any other."""
    from ministack.services import lambda_svc

    record = lambda_svc._functions[function]
    dropped = lambda_svc._recursive_loop_drop(function, record, lambda_svc._invoke_depth.get())
    if not dropped:
        return None
    told = {"errorType": "RecursiveInvocationException", "errorMessage": json.loads(dropped[2])["message"]}
    return {"error": True, "body": told}
