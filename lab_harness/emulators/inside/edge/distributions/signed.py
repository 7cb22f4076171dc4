"""Signed URLs and signed cookies: what a behavior with trusted key groups answers, and to whom.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html,
private-content-signed-cookies.html and, for the words of each refusal,
https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies (2026). A canned policy names one URL and
the time until which it may be used; a custom one has wildcards, a begin and addresses as well. The signature is RSA's
or ECDSA's, with SHA-1, or with SHA-256 where that is said.

A URL may be signed with the name that the distribution has on AWS, `https://d….cloudfront.net/…`, or the one here.
"""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from lab_harness.emulators.inside.edge.distributions import signatures
from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse, Visit
from lab_harness.emulators.inside.edge.settings import items, text
from lab_harness.emulators.inside.moving_time import clock

NAMES = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
MISSING = ("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
UNKNOWN = ("InvalidKey", "Unknown Key")
DENIED = ("AccessDenied", "Access denied")
MALFORMED = ("MalformedPolicy", "Malformed Policy")
SECONDS = re.compile("[0-9]{1,12}")  # since 1970
Refusal = tuple[str, str]  # AWS's code, and its words


class Malformed(Exception):
    """The policy is none."""


class Given(NamedTuple):
    """What a request brings to be let in, by the names that a signed URL has."""

    expires: str
    policy: str
    signature: str
    key: str
    hash: str


def refusal(visit: Visit) -> EdgeResponse | None:
    """The answer to a viewer who is not let in; None for all others, whose request then is without what let them in."""
    groups = visit.behavior["element"].find("TrustedKeyGroups")
    signers = visit.behavior["element"].find("TrustedSigners")
    if not any(text(each, "Enabled").lower() == "true" for each in (groups, signers)):
        return None
    query, cookies = dict(parse_qsl(visit.request.query, keep_blank_values=True)), _cookies(visit.request)
    is_url = any(name in query for name in NAMES)
    given = Given(*(query.get(name, "") if is_url else cookies.get(f"CloudFront-{name}", "") for name in NAMES))
    visit.request.query = _without(visit.request.query)
    wrong = _wrong(visit, given, {(each.text or "").strip() for each in items(groups, ".")})
    return _answer(*wrong) if wrong else None


def _wrong(visit: Visit, given: Given, groups: set[str]) -> Refusal | None:
    if not given.key:
        return MISSING
    if not (key := _public_key(given.key, groups)):
        return UNKNOWN
    urls = _urls(visit)
    texts = [signatures.unescaped(given.policy)] if given.policy else [_canned(url, given.expires) for url in urls]
    told = next((each for each in texts if each and signatures.good(key, given.signature, each, given.hash)), None)
    if told is None:
        return DENIED
    try:
        return None if _allows(told, urls, visit.client_ip) else DENIED
    except (Malformed, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return MALFORMED


def _public_key(id: str, groups: set[str]) -> str:
    """The key of this id, in PEM, if one of the groups has it."""
    from ministack.services import cloudfront

    trusted = {key for group in groups if group in cloudfront._key_groups
               for key in cloudfront._key_groups[group]["Config"]["Items"]}  # fmt: skip
    known = cloudfront._public_keys.get(id) if id in trusted else None
    return str(known["Config"]["EncodedKey"]) if known else ""


def _urls(visit: Visit) -> list[str]:
    """The URL that is asked for, as it is on AWS and as it is here."""
    asked = visit.request
    rest = asked.uri + (f"?{asked.query}" if asked.query else "")
    scheme = "https" if visit.https else "http"
    return [f"{scheme}://{visit.distribution['DomainName']}{rest}", f"http://{asked.headers['host']}{rest}"]


def _canned(url: str, expires: str) -> bytes:
    if not SECONDS.fullmatch(expires):
        return b""
    condition = {"DateLessThan": {"AWS:EpochTime": int(expires)}}
    return json.dumps({"Statement": [{"Resource": url, "Condition": condition}]}, separators=(",", ":")).encode()


def _allows(policy: bytes, urls: list[str], address: str) -> bool:
    (statement,) = json.loads(policy)["Statement"]
    condition, now = statement["Condition"], clock.now()
    until, since = (condition.get(name) for name in ("DateLessThan", "DateGreaterThan"))
    if until is None:
        raise Malformed
    pattern = str(statement.get("Resource", "*")).replace("[", "[[]")
    network = str(condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0"))
    return (
        now < int(until["AWS:EpochTime"])
        and (since is None or now > int(since["AWS:EpochTime"]))
        and any(fnmatchcase(url, pattern) for url in urls)
        and ip_address(address) in ip_network(network, strict=False)
    )


def _cookies(request: EdgeRequest) -> Mapping[str, str]:
    parts = (each.strip().partition("=") for each in str(request.headers.get("cookie", "")).split(";"))
    return {name: value for name, _, value in parts}


def _without(query: str) -> str:
    """A query string without what signs the URL, which neither the cache nor the origin gets."""
    return "&".join(each for each in query.split("&") if each.partition("=")[0] not in NAMES)


def _answer(code: str, words: str) -> EdgeResponse:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{words}</Message></Error>'
    headers: dict[str, Any] = {"content-type": "text/xml", "server": "CloudFront"}
    return EdgeResponse(403, headers, body.encode())
