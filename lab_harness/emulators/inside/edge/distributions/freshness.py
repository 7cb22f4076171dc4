"""For how long CloudFront keeps an answer of an origin's.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html and HTTPStatusCodes.html (2026):
what the origin says holds within the minimum and the maximum TTL; if it says nothing, the default TTL does. A minimum
above 0 holds even where the origin forbids to keep it. What a viewer says is ignored.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from lab_harness.emulators.inside.edge.distributions.configuration import Ttl

ALWAYS = frozenset({404, 414, 500, 501, 502, 503, 504})  # errors that are kept whatever the origin says
AS_TOLD = frozenset({400, 403, 405, 412, 415, 307, 308})  # what is kept only if the origin says for how long
NEVER = frozenset({206, 304, 416})


def lifetime(status: int, headers: Mapping[str, Any], ttl: Ttl, error_lasts: int, now: float) -> float | None:
    """Seconds for which an answer is fresh; None where it is not kept.

    0 is for one that is kept, but asked about each time, as one with `no-cache` is.
    """
    said = directives(headers)
    told = _told(said, headers, now)
    if status in NEVER or (status in AS_TOLD and told is None):
        return None
    if status >= 400:
        return max(error_lasts, min(told or 0, ttl.most)) if status in ALWAYS | AS_TOLD else None
    if not said.keys().isdisjoint(("no-store", "private")):
        return ttl.least or None
    if "no-cache" in said:
        return ttl.least
    return ttl.usual if told is None else min(max(told, ttl.least), ttl.most)


def directives(headers: Mapping[str, Any]) -> dict[str, str]:
    """What a Cache-Control header says: directives and their values."""
    parts = [part.strip().partition("=") for part in str(headers.get("cache-control", "")).lower().split(",")]
    return {name.strip(): value.strip(' "') for name, _, value in parts if name}


def _told(said: Mapping[str, str], headers: Mapping[str, Any], now: float) -> float | None:
    for name in ("s-maxage", "max-age"):
        if said.get(name, "").isdecimal():
            return float(said[name])
    if expires := headers.get("expires"):
        try:
            return max(0.0, parsedate_to_datetime(str(expires)).timestamp() - now)
        except (ValueError, TypeError, OverflowError):
            return 0.0  # "0" and the like: it has expired
    return None
