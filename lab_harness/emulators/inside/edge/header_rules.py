"""Headers that functions at the edge do not see, and those that they may not change.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html (2026)
"""

import re
from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.inside.asgi import HOP_BY_HOP

HIDDEN = {
    *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("trailer", "upgrade", "x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype"),
    *("x-amzn-fle-profile", "x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag"),
    *("x-amzn-requestid", "x-cache", "x-forwarded-proto", "x-real-ip"),
    *("x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect"),
}
HIDDEN_STARTS = ("x-amz-cf-", "x-edge-")
_CONDITIONS = {"if-modified-since", "if-none-match", "if-range", "if-unmodified-since"}
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")  # what a header can carry
LINK = re.compile(r"[\x21-\x7e]*")  # what a path and a query can, percent-encoded as they are
KEPT = {
    "viewer-request": {"content-length", "host", "transfer-encoding", "via"},
    "origin-request": {"accept-encoding", "content-length", "transfer-encoding", "via"} | _CONDITIONS,
    "origin-response": {"transfer-encoding", "via"},
    "viewer-response": {"warning", "via"},
}
LAMBDA_ALONE = {"viewer-response": {"content-length", "content-encoding", "transfer-encoding"}}


def hidden(name: str) -> bool:
    """Whether functions do not see a header, by its lower-case name, and may not add it."""
    return name in HIDDEN or name.startswith(HIDDEN_STARTS)


def seen(headers: Mapping[str, Any]) -> dict[str, list[str]]:
    """The headers that functions see, each with all its values."""
    return {
        name: [str(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in headers.items()
        if not hidden(name)
    }


def forbidden(event: str, before: Mapping[str, Any], after: Mapping[str, Any], in_lambda: bool = False) -> str:
    """Why a function may not leave these headers, by lower-case names; empty where it may."""
    if added := next((name for name in after if hidden(name)), None):
        return f"The function tried to add, delete, or change a disallowed header: {added}."
    kept = KEPT[event] | (LAMBDA_ALONE.get(event, set()) if in_lambda else set())
    if changed := next((name for name in sorted(kept) if before.get(name) != after.get(name)), None):
        return f"The function tried to add, delete, or change a read-only header: {changed}."
    return ""


def carried(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers that HTTP can carry on, whoever has set them; without those of one connection alone."""
    return {
        name: value
        for name, value in headers.items()
        if name not in HOP_BY_HOP and NAME.fullmatch(name)
        and all(VALUE.fullmatch(each) for each in ([value] if isinstance(value, str) else value))
    }  # fmt: skip


def joined(values: Mapping[str, list[str]]) -> dict[str, Any]:
    """Headers as a visit has them."""
    return {name: each[0] if len(each) == 1 else each for name, each in values.items() if each}
