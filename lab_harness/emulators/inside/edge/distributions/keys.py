"""What of a viewer's request counts: as the key under which its answer is kept, and what the origin gets of it.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-the-cache-key.html (2026): host and
path always count; headers, cookies and query strings only as far as the cache policy names them, and these the origin
gets, with those of the origin request policy. `Accept-Encoding` counts in a plain form, where the policy lets answers
be compressed. Names and values count as they were sent, and query strings in their order.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from lab_harness.emulators.inside.asgi import HOP_BY_HOP
from lab_harness.emulators.inside.edge.distributions.caches import Key
from lab_harness.emulators.inside.edge.events import EdgeRequest, Visit
from lab_harness.emulators.inside.edge.settings import items, text

Allows = Callable[[str], bool]
OURS = re.compile(r"cloudfront-[\w-]+")  # headers that CloudFront makes; the origin gets those that are named
CONDITIONS = frozenset({"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"})
NOT_SENT = HOP_BY_HOP | {"expect"}
OF_BODY = frozenset({"content-type", "content-encoding", "content-language"})
DEVICES = {"mobile": r"Mobi|iPhone", "tablet": r"iPad|Tablet", "smarttv": r"SmartTV|SMART-TV|BRAVIA"}
COUNTRY = "cloudfront-viewer-country"


def with_ours(behavior: Mapping[str, Any], headers: Mapping[str, Any], https: bool) -> dict[str, Any]:
    """A viewer's headers, and of those that CloudFront makes the ones that a policy of the behavior's names."""
    named = _named(behavior, ("cache", "origin"))
    made = {name: value for name, value in made_headers(headers, https).items() if name in named}
    return {name: value for name, value in headers.items() if not OURS.fullmatch(name)} | made


def made_headers(headers: Mapping[str, Any], https: bool) -> dict[str, str]:
    """The headers that CloudFront makes about a viewer.

    No address here is in any country, so a viewer may say where they are, by the header that AWS would make of it.
    """
    agent = str(headers.get("user-agent", ""))
    devices = {name: bool(re.search(pattern, agent)) for name, pattern in DEVICES.items()}
    devices["desktop"] = not any(devices.values())
    made = {f"cloudfront-is-{name}-viewer": str(is_one).lower() for name, is_one in devices.items()}
    scheme = {"cloudfront-forwarded-proto": "https" if https else "http"}
    return made | scheme | {COUNTRY: str(headers.get(COUNTRY, "US")).upper()}


def key(visit: Visit) -> Key:
    """The key of what is asked."""
    behavior, asked = visit.behavior, visit.request
    header, cookie, query = _counting(behavior)
    names = _named(behavior, ("cache",)) if not _all_headers(behavior) else sorted(asked.headers)
    chosen = tuple((name, str(asked.headers[name])) for name in names if name in asked.headers and header(name))
    cookies = _cookies(asked, cookie)
    method = "OPTIONS" if asked.method == "OPTIONS" else "GET"
    return Key(
        str(visit.distribution["Id"]), asked.uri, _query(asked.query, query),
        (method, chosen, cookies, encodings(visit.behavior, asked)),
    )  # fmt: skip


def never_kept(behavior: Mapping[str, Any]) -> bool:
    """Whether a behavior keeps nothing because all headers count, as AWS has it for settings without a cache policy."""
    return not behavior["cache_policy_id"] and _all_headers(behavior)


def forwarded(visit: Visit) -> EdgeRequest:
    """What the origin gets of a request."""
    from ministack.services import cloudfront

    behavior, asked = visit.behavior, visit.request
    header, cookie, query = cloudfront._forwarding_predicates(behavior)
    headers = {
        name: value
        for name, value in asked.headers.items()
        if name not in NOT_SENT | {"cookie", "accept-encoding"}
        and (name in CONDITIONS or (asked.body and name in OF_BODY) or header(name))
    }
    if cookies := _cookies(asked, cookie):
        headers["cookie"] = cookies
    as_sent = asked.headers.get("accept-encoding") if header("accept-encoding") else ""
    if accepted := encodings(behavior, asked) or as_sent:
        headers["accept-encoding"] = accepted
    headers.setdefault("user-agent", "Amazon CloudFront")
    return EdgeRequest(asked.method, asked.uri, _query(asked.query, query), headers, asked.body)


def encodings(behavior: Mapping[str, Any], asked: EdgeRequest) -> str:
    """`Accept-Encoding` in its plain form; empty where it does not count."""
    from ministack.services import cloudfront

    params = cloudfront.cache_policy_params(behavior["cache_policy_id"]) or {}
    counting = {"br": params.get("EnableAcceptEncodingBrotli"), "gzip": params.get("EnableAcceptEncodingGzip")}
    if not behavior["cache_policy_id"]:
        counting = {"gzip": text(behavior["element"], "Compress") == "true"}
    accepted = [part.strip() for part in str(asked.headers.get("accept-encoding", "")).lower().split(",")]
    usable = {part.partition(";")[0] for part in accepted if not re.search(r";\s*q=0(\.0*)?$", part)}
    return ",".join(name for name, counts in counting.items() if counts and name in usable)


def _counting(behavior: Mapping[str, Any]) -> tuple[Allows, Allows, Allows]:
    """Which headers, cookies and query strings count: what the origin gets but for the origin request policy."""
    from ministack.services import cloudfront

    header, cookie, query = cloudfront._forwarding_predicates({**behavior, "origin_request_policy_id": None})
    listed = items(behavior["element"].find("ForwardedValues"), "QueryStringCacheKeys")
    if not behavior["cache_policy_id"] and (names := {each.text for each in listed}):
        return header, cookie, names.__contains__
    return header, cookie, query


def _all_headers(behavior: Mapping[str, Any]) -> bool:
    return not behavior["cache_policy_id"] and "*" in ((behavior["forwarded_values"] or {}).get("headers") or [])


def _named(behavior: Mapping[str, Any], policies: tuple[str, ...]) -> list[str]:
    """The headers that a behavior's policies name."""
    from ministack.services import cloudfront

    named: set[str] = set((behavior["forwarded_values"] or {}).get("headers") or [])
    if "cache" in policies and behavior["cache_policy_id"]:
        params = cloudfront.cache_policy_params(behavior["cache_policy_id"]) or {}
        named = set(params.get("Headers") or []) if params.get("HeaderBehavior") == "whitelist" else set()
    if "origin" in policies and behavior["origin_request_policy_id"]:
        policy = cloudfront.origin_request_policy_config(behavior["origin_request_policy_id"]) or {}
        named |= set(policy.get("Headers") or []) if "hitelist" in str(policy.get("HeaderBehavior")) else set()
    return sorted(name.lower() for name in named)


def _cookies(asked: EdgeRequest, allows: Allows) -> str:
    parts = [part.strip() for part in str(asked.headers.get("cookie", "")).split(";")]
    return "; ".join(part for part in parts if part and allows(part.partition("=")[0].strip()))


def _query(query: str, allows: Allows) -> str:
    return "&".join(part for part in query.split("&") if part and allows(unquote_plus(part.partition("=")[0])))
