"""Functions' URLs that ask for a signature: CloudFront signs for the distribution, and the function's policy decides.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
(2026). The policy must allow both actions that a URL takes since October 2025. A viewer who sends a body sends its hash
as well, in `x-amz-content-sha256`, because Lambda takes no body that is not signed.
"""

import asyncio
import hashlib
from typing import Any
from urllib.parse import parse_qs

from lab_harness.emulators.inside.edge.distributions.buckets import CLOUDFRONT, signs
from lab_harness.emulators.inside.edge.events import EdgeError, EdgeRequest, EdgeResponse, Visit
from lab_harness.emulators.inside.permissions import asking
from lab_harness.emulators.inside.records import deeds
from lab_harness.emulators.inside.scopes import within

ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
KEYS = {"lambda:FunctionUrlAuthType": "AWS_IAM", "lambda:InvokedViaFunctionUrl": "true"}
SIGNED = "AWS4-HMAC-SHA256 Credential=cloudfront"  # what MiniStack looks for
JSON = {"content-type": "application/json", "x-amzn-errortype": "AccessDeniedException"}
FORBIDDEN = b'{"Message":"Forbidden"}'
WRONG_HASH = b'{"message":"The request signature we calculated does not match the signature you provided."}'


def is_signed(id: str, visit: Visit, request: EdgeRequest) -> bool:
    """Whether the URL asks for a signature, and the origin's access control has CloudFront give it."""
    from ministack.services import lambda_svc

    found = lambda_svc.resolve_function_url(id)
    return bool(found and found[4].get("AuthType") == "AWS_IAM" and signs(visit.origin, request.headers))


async def fetch(id: str, headers: dict[str, str], visit: Visit, request: EdgeRequest) -> EdgeResponse:
    """The answer of a URL that asks for a signature."""
    from ministack.services import lambda_svc

    resolved = lambda_svc.resolve_function_url(id)
    if not await asyncio.to_thread(_may, resolved, str(visit.distribution["ARN"])):
        return EdgeResponse(403, dict(JSON), FORBIDDEN)
    if request.body and request.headers.get("x-amz-content-sha256") != hashlib.sha256(request.body).hexdigest():
        return EdgeResponse(403, dict(JSON), WRONG_HASH)
    sent = headers | {"authorization": SIGNED}
    query = parse_qs(request.query, keep_blank_values=True)
    path = visit.origin["origin_path"] + request.uri
    with within(asking.vouched, True), deeds.acting_as(f"execute-api {id}"):
        called = lambda_svc.handle_function_url_request(
            id, request.method, path, sent, request.body, query, resolved=resolved, source_ip=visit.client_ip
        )
        try:
            status, fields, body = await asyncio.wait_for(called, visit.origin["read_timeout"])
        except TimeoutError as error:
            raise EdgeError(504, "The function did not answer in time.") from error
    return EdgeResponse(int(status), {name.lower(): value for name, value in fields.items()}, body)


def _may(resolved: Any, distribution: str) -> bool:
    """Whether the function's policy lets CloudFront call it for the distribution."""
    account, region, name, qualifier, _ = resolved
    function = f"arn:aws:lambda:{region}:{account}:function:{name}" + (f":{qualifier}" if qualifier else "")
    return all(asking.answers.service(CLOUDFRONT, action, function, distribution, **KEYS) for action in ACTIONS)
