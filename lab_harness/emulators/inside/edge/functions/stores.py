"""Key value stores: filled from a file in S3 when they are created, and read by functions.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/kvs-with-functions-create-s3-kvp.html and, for the
quotas, cloudfront-limits.html#limits-keyvaluestores (2026). The service's own API for keys takes signatures of SigV4A
alone, which boto3 makes only with AWS's CRT; so here a store is filled as it is made. A function may use one store, in
the second runtime.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.settings import items, parsed, text
from lab_harness.emulators.inside.permissions.asking import answers

LARGEST = 5 * 1024 * 1024  # bytes of a file, and of a store
LONGEST_KEY, LONGEST_VALUE = 512, 1024  # bytes
MOST = 50  # stores
FILE = re.compile(r"arn:aws:s3:::(?P<bucket>[a-z0-9.-]+)/(?P<key>.+)")
NEWEST = "cloudfront-js-2.0"
FORMAT = 'The import source is no JSON in UTF-8 of the form {"data":[{"key":"key1","value":"value"}]}.'


class Unfit(Exception):
    """A file that cannot be imported: AWS's code, its words, and the status."""


def install() -> None:
    """Change MiniStack's CloudFront. It takes effect when it is imported."""
    associated: dict[str, Any] = {
        "_cf_create_function": lambda _headers, body: _association(body),
        "_cf_update_function": lambda _name, _headers, body: _association(body),
    }
    refuse({"cloudfront": associated})
    hooks.change({"cloudfront": {"_create_kvs": _filled, "_delete_kvs": _emptied}})


def of(function: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The stores that a function may read."""
    from ministack.services import cloudfront, cloudfront_keyvaluestore

    found: dict[str, dict[str, Any]] = {}
    for arn in function.get("kvs_arns", []):
        about = cloudfront._kvstores.get(str(arn).rpartition("/")[2]) or {}
        kept = cloudfront_keyvaluestore._stores.get(arn) or {"items": {}}
        found[f"{arn}/{about.get('Id', '')}"] = {"id": about.get("Id", ""), "items": dict(kept["items"])}
    return found


def _association(body: bytes) -> Any:
    from ministack.services import cloudfront

    root = parsed(body)
    config = root.find("FunctionConfig") if root is not None else None
    named = [text(each, "KeyValueStoreARN") for each in items(config, "KeyValueStoreAssociations")]
    if not named:
        return None
    if len(named) > 1:
        return cloudfront._error("InvalidArgument", "A function can be associated with one key value store.", 400)
    if text(config, "Runtime") != NEWEST:
        return cloudfront._error("InvalidArgument", f"Key value stores need the runtime {NEWEST}.", 400)
    if not any(each["ARN"] == named[0] for each in cloudfront._kvstores.values()):
        return cloudfront._error("EntityNotFound", f"The key value store {named[0]} was not found.", 404)
    return None


def _filled(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Create a store with what the file has; none where that cannot be imported."""
    from ministack.core.responses import new_uuid
    from ministack.services import cloudfront, cloudfront_keyvaluestore

    root = parsed(args[1])
    source = root.find("ImportSource") if root is not None else None
    if len(cloudfront._kvstores) >= MOST:
        return cloudfront._error(
            "EntityLimitExceeded", f"The account has {MOST} key value stores, the most it may.", 400
        )
    try:
        imported = _imported(text(source, "SourceType"), text(source, "SourceARN")) if source is not None else {}
    except Unfit as problem:
        return cloudfront._error(*problem.args)
    status, headers, body = original(*args, **kwargs)
    if status == 201:
        arn = cloudfront._kvstores[text(root, "Name")]["ARN"]
        cloudfront_keyvaluestore._stores[arn] = {"etag": new_uuid(), "items": imported}
        body = body.replace(b"<Status>READY<", b"<Status>PROVISIONING<", 1)
    return status, headers, body


def _imported(kind: str, arn: str) -> dict[str, str]:
    from ministack.services import s3

    named = FILE.fullmatch(arn)
    if kind != "S3" or not named:
        raise Unfit("InvalidArgument", "The import source must be S3, and its ARN that of an object.", 400)
    if words := answers.caller("s3:GetObject", arn):
        raise Unfit("AccessDenied", words, 403)
    if s3._ensure_bucket(named["bucket"]) is None:
        raise Unfit("InvalidArgument", f"The import source {arn} does not exist.", 400)
    status, _, body = s3._get_object(named["bucket"], named["key"], {}, {})
    if status != 200:
        raise Unfit("InvalidArgument", f"The import source {arn} does not exist.", 400)
    if len(body) > LARGEST:
        raise Unfit("EntitySizeLimitExceeded", "The import source is larger than 5 MB.", 413)
    return _pairs(body)


def _pairs(body: bytes) -> dict[str, str]:
    try:
        given = [(each["key"], each["value"]) for each in json.loads(body.decode())["data"]]
        sizes = [(len(key.encode()), len(value.encode())) for key, value in given]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Unfit("InvalidArgument", FORMAT, 400) from None
    for (key, _), (length, more) in zip(given, sizes, strict=True):
        if not 0 < length <= LONGEST_KEY or more > LONGEST_VALUE:
            raise Unfit("InvalidArgument", f"The pair {key[:50]!r} is larger than a key value pair may be.", 400)
    if len(dict(given)) < len(given):
        raise Unfit("InvalidArgument", "The import source has duplicate keys.", 400)
    return dict(given)


def _emptied(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Delete a store with its pairs: another of this name has none of them."""
    from ministack.services import cloudfront, cloudfront_keyvaluestore

    arn = cloudfront._kvs_arn(args[0])
    answer = original(*args, **kwargs)
    if answer[0] == 204:
        cloudfront_keyvaluestore._stores.pop(arn, None)
    return answer
