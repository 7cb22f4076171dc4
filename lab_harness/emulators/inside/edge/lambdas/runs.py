"""One run of a function's version at the edge, and the error pages where it fails.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-logs.html (2026): the log group bears
the region in which the function was made, and is in the region that is nearest to the viewer: here, us-east-1.
"""

import json
from typing import Any

from lab_harness.emulators.base import ACCOUNT, AT_EDGE
from lab_harness.emulators.inside.edge.events import EdgeError
from lab_harness.emulators.inside.edge.lambdas.associations import EDGE, REGION
from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.records import deeds

OURS = "The Lambda function associated with the CloudFront distribution"
FAILED, LIMITED = f"{OURS} is invalid or doesn't have the required permissions.", f"{OURS} was throttled."


def invalid(words: str) -> EdgeError:
    """The page where a function returned what it may not."""
    return EdgeError(502, f"The Lambda function result failed validation: {words}", "LambdaValidationError")


async def called(arn: str, event: dict[str, Any]) -> Any:
    """What a version makes of an event. Raises EdgeError where it fails."""
    from ministack.core.concurrency import run_reentrant

    distribution = event["Records"][0]["cf"]["config"]["distributionId"]
    with deeds.acting_as(f"cloudfront {distribution}"):
        # On a thread of its own, since a function calls this emulator, maybe by way of the edge.
        result = await run_reentrant(_run, arn, event)
    if result is None:
        raise EdgeError(503, FAILED, "LambdaExecutionError")
    if result.get("throttle"):
        raise EdgeError(503, LIMITED, "LambdaLimitExceeded")
    if result.get("error"):
        raise EdgeError(503, FAILED, "LambdaExecutionError")
    body = result.get("body")
    try:
        return json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        raise invalid("The JSON output is invalid.") from None


def _run(arn: str, event: dict[str, Any]) -> dict[str, Any] | None:
    from ministack.core.responses import request_scope

    with request_scope(ACCOUNT, REGION):
        record = invocations.called(arn)
        if record is None or not answers.trusts(record["config"].get("Role", ""), EDGE):
            return None
        config = record["config"]
        logging = {"LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{AT_EDGE}{config['FunctionName']}"}}
        result, _ = invocations.run({**record, "config": {**config, **logging}}, event)
        return result
