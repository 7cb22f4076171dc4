"""Buckets as origins: S3 decides about CloudFront as about any service, by the bucket's policy.

With an origin access control CloudFront signs as cloudfront.amazonaws.com for the distribution (`aws:SourceArn`);
without one it asks as anybody. MiniStack reads the policy in part.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html (2026)
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse, Visit
from lab_harness.emulators.inside.permissions.asking import answers

CLOUDFRONT = "cloudfront.amazonaws.com"
GET, LIST = "s3:GetObject", "s3:ListBucket"
KEPT = frozenset({"range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})


def fetch(visit: Visit, request: EdgeRequest) -> EdgeResponse:
    """The answer of the origin's bucket, through its REST endpoint."""
    from ministack.services import s3

    bucket = visit.origin["s3_bucket"]
    key = unquote((visit.origin["origin_path"] + request.uri)[1:])  # One slash is no part of it; a second one is.
    if s3._ensure_bucket(bucket) is None:
        return _response(s3._no_such_bucket(bucket))
    may = _may(visit)
    denied = s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}/{key}")
    if request.method not in ("GET", "HEAD") or not may(GET, f"arn:aws:s3:::{bucket}/{key}"):
        return _response(denied)
    if key not in s3._buckets[bucket]["objects"]:
        missing = s3._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket}/{key}")
        return _response(missing if may(LIST, f"arn:aws:s3:::{bucket}") else denied)
    read = s3._head_object if request.method == "HEAD" else s3._get_object
    headers = {name: str(value) for name, value in request.headers.items() if name in KEPT}
    return _response(read(bucket, key, headers, {}))


def _may(visit: Visit) -> Any:
    """Who asks for the distribution may do an action on a resource."""
    if signs(visit.origin, visit.request.headers):
        return lambda action, resource: answers.service(CLOUDFRONT, action, resource, str(visit.distribution["ARN"]))
    return lambda action, resource: not answers.anybody(action, resource)


def signs(origin: Mapping[str, Any], headers: Mapping[str, Any]) -> bool:
    """Whether an origin's access control has CloudFront sign its requests."""
    from ministack.services import cloudfront

    control = cloudfront._oacs.get(origin["oac_id"])
    behavior = str(control.get("SigningBehavior")) if control else "never"
    return behavior == "always" or (behavior == "no-override" and "authorization" not in headers)


def _response(answer: Any) -> EdgeResponse:
    status, headers, body = answer
    return EdgeResponse(int(status), {name.lower(): value for name, value in dict(headers).items()}, body or b"")
