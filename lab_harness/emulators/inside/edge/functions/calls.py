"""One run of a CloudFront Function: its limits, its log, and the error page where it fails.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-logs.html (2026): lines are in
/aws/cloudfront/function/NAME of us-east-1, between START and END, each behind the request's id.
"""

import asyncio
import contextvars
import json
import re
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside.edge.events import EdgeError
from lab_harness.emulators.inside.edge.functions import stores
from lab_harness.emulators.inside.edge.functions.engine import MOST, Ran, engines
from lab_harness.emulators.inside.moving_time import clock

GLOBAL = "us-east-1"  # where CloudFront keeps what it logs
OLD = "cloudfront-js-1.0"
# What the older runtime's language lacks (Developer Guide, "JavaScript runtime 1.0 features", 2026).
NEWER = re.compile(r"(?<![\w.$'\"`])(const|let|class|async|await|import)(?=\s+[\w{*(])")
COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`", re.DOTALL)
FAILED = "The CloudFront function associated with the CloudFront distribution is invalid or could not run."
EXCEEDED = {
    "time": "The function exceeded the time that it may take: 1 ms.",
    "memory": "The function exceeded the memory that it may use: 2 MB.",
}
PENDING = "The function returned a promise that nothing fulfils."
_side_by_side = ThreadPoolExecutor(MOST, "edge")  # as the engines call them


def failed(words: str = FAILED) -> EdgeError:
    """The page where a function raised an error."""
    return EdgeError(503, words, "FunctionExecutionError")


def throttled(words: str) -> EdgeError:
    """The page where a function exceeded a limit."""
    return EdgeError(503, f"The CloudFront function was throttled. {words}", "FunctionThrottledError")


def invalid(words: str) -> EdgeError:
    """The page where a function returned what it may not."""
    return EdgeError(502, f"The CloudFront function returned an invalid value. {words}", "FunctionValidationError")


def view(name: str, stage: str) -> dict[str, Any] | None:
    """A function as it is in a stage; None where it is not."""
    from ministack.services import cloudfront

    found = cloudfront._functions.get(name)
    if not found or (stage == "LIVE" and not found["live_etag"]):
        return None
    return {**found, **cloudfront._function_view(found, stage)}


def run(function: Mapping[str, Any], event: Mapping[str, Any]) -> Ran:
    """Run a function; this takes milliseconds, and seconds where it has to be ended."""
    code, runtime = bytes(function["code"]).decode("utf-8", "replace"), str(function["runtime"])
    if runtime == OLD and (newer := NEWER.search(COMMENTS.sub("''", code))):
        return Ran("failed", f'SyntaxError: Token "{newer[1]}" not supported in this version', [], 0)
    return engines.call(code, runtime, event, stores.of(function) if "kvs" in code else {})


def trouble(ran: Ran) -> str:
    """What went wrong in a run; empty where nothing did."""
    if ran.state == "done":
        return ""
    return PENDING if ran.state == "pending" else EXCEEDED[ran.answer] if ran.state == "throttled" else ran.answer


async def apart(do: Callable[..., Any], *given: Any) -> Any:
    """What something comes to that runs a function, which takes a while: others wait for it without a thread."""
    run_here = contextvars.copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_side_by_side, run_here, do, *given)


async def called(arn: str, event: dict[str, Any]) -> Any:
    """What the published function with this ARN makes of an event. Raises EdgeError where it fails."""
    function = view(arn.rpartition("/")[2], "LIVE")
    if function is None:
        raise failed()
    ran: Ran = await apart(run, function, event)
    wrong = trouble(ran)
    _log(function["name"], event["context"], [*ran.logs, *([wrong] if wrong else [])])
    if ran.state == "throttled":
        raise throttled(wrong)
    if wrong:
        raise failed()
    return json.loads(ran.answer)


def _log(name: str, context: Mapping[str, str], lines: list[str]) -> None:
    from ministack.core.responses import request_scope
    from ministack.services import cloudwatch_logs

    group, now = f"/aws/cloudfront/function/{name}", clock.now()
    stream = f"{datetime.fromtimestamp(now, UTC):%Y/%m/%d}/{uuid.uuid4()}"
    told = [f"START DistributionID: {context['distributionId']}", *lines, "END"]
    events = [{"timestamp": int(now * 1000), "message": f"{context['requestId']} {each}"} for each in told]
    with request_scope(ACCOUNT, GLOBAL):
        if group not in cloudwatch_logs._log_groups:
            cloudwatch_logs._create_log_group({"logGroupName": group})
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
        cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})
