"""Distributions that AWS refuses, in its words, and the state in which one is until somebody asks.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html (2026): each kind of mistake has
a code of its own. A distribution is Deployed, on AWS after some minutes, here once its state is asked for.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.distributions import groups
from lab_harness.emulators.inside.edge.distributions.configuration import bucket
from lab_harness.emulators.inside.edge.settings import config, items, text

METHODS = ({"GET", "HEAD"}, {"GET", "HEAD", "OPTIONS"}, {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"})
PROTOCOLS = ("allow-all", "https-only", "redirect-to-https")
ERRORS = {"400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"}
STATUS, SECONDS = re.compile("[2-5][0-9]{2}"), re.compile("[0-9]{0,10}")
Problem = tuple[str, str, int]  # AWS's code, its words, and the status


def install() -> None:
    """Make MiniStack refuse them."""
    refuse(
        {
            "cloudfront": {
                "_create_distribution": lambda _headers, body: _refusal(body),
                "_update_distribution": lambda _id, _headers, body: _refusal(body),
            }
        }
    )
    hooks.change({"cloudfront": dict.fromkeys(("_create_distribution", "_update_distribution"), _in_progress)})


def _refusal(body: bytes) -> Any:
    from ministack.services import cloudfront

    asked = config(body)  # where there is none, MiniStack tells
    problem = next(_problems(asked), None) if asked is not None else None
    return cloudfront._error(*problem) if problem else None


def _problems(config: Element) -> Iterator[Problem]:
    yield from _quantities(config)
    for origin in items(config, "Origins"):
        yield from _of_origin(origin)
    origins = {text(origin, "Id") for origin in items(config, "Origins")}
    yield from groups.problems(config, origins)
    targets = origins | {text(group, "Id") for group in items(config, "OriginGroups")}
    for behavior in [*config.iter("DefaultCacheBehavior"), *config.iter("CacheBehavior")]:
        yield from _of_behavior(behavior, targets)
    if text(config, "DefaultRootObject").startswith("/"):
        yield "InvalidDefaultRootObject", "The default root object must not begin with a slash.", 400
    for error in items(config, "CustomErrorResponses"):
        yield from _of_error(error)


def _quantities(config: Element) -> Iterator[Problem]:
    for element in config.iter():
        listed, quantity = element.find("Items"), text(element, "Quantity")
        if quantity and quantity != str(0 if listed is None else len(listed)):
            words = f"The value of Quantity and the size of Items in {element.tag} do not match."
            yield "InconsistentQuantities", words, 400


def _of_origin(origin: Element) -> Iterator[Problem]:
    from ministack.services import cloudfront

    if (control := text(origin, "OriginAccessControlId")) and control not in cloudfront._oacs:
        yield "NoSuchOriginAccessControl", "The specified origin access control does not exist.", 404
    if (path := text(origin, "OriginPath")) and (not path.startswith("/") or path.endswith("/")):
        yield "InvalidArgument", "The parameter OriginPath must begin with a slash, and not end with one.", 400
    kinds = [origin.find(name) for name in ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig")]
    is_bucket = bucket(text(origin, "DomainName")) is not None
    if not is_bucket and all(kind is None for kind in kinds):
        words = f"The origin {text(origin, 'Id')} has neither S3OriginConfig nor CustomOriginConfig."
        yield "InvalidOrigin", words, 400
    if kinds[0] is not None and not is_bucket:
        words = "The parameter Origin DomainName does not refer to a valid S3 bucket."
        yield "InvalidArgument", words, 400


def _of_behavior(behavior: Element, targets: set[str]) -> Iterator[Problem]:
    from ministack.services import cloudfront

    if text(behavior, "TargetOriginId") not in targets:
        yield "NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404
    if any(each.text not in cloudfront._key_groups for each in items(behavior, "TrustedKeyGroups")):
        yield "TrustedKeyGroupDoesNotExist", "One or more of your trusted key groups do not exist.", 400
    if text(behavior, "ViewerProtocolPolicy") not in PROTOCOLS:
        yield "InvalidArgument", f"The parameter ViewerProtocolPolicy must be one of {', '.join(PROTOCOLS)}.", 400
    methods = {(each.text or "").strip() for each in items(behavior, "AllowedMethods")}
    if methods and methods not in METHODS:
        yield "InvalidArgument", "The parameter AllowedMethods contains a set of methods that is not supported.", 400
    yield from _of_policies(behavior)
    least, usual, most = (text(behavior, name) for name in ("MinTTL", "DefaultTTL", "MaxTTL"))
    given = [int(each) for each in (least, usual, most) if each.isdecimal()]
    if given != sorted(given):
        yield "InvalidTTLOrder", "The TTL order is invalid: MinTTL <= DefaultTTL <= MaxTTL.", 400


def _of_policies(behavior: Element) -> Iterator[Problem]:
    from ministack.services import cloudfront

    policy, legacy = text(behavior, "CachePolicyId"), behavior.find("ForwardedValues")
    if policy and legacy is not None:
        words = "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior."
        yield "InvalidArgument", words, 400
    if not policy and legacy is None:
        yield "InvalidArgument", "The parameter ForwardedValues is required.", 400
    known = {
        "CachePolicy": (cloudfront._cache_policies, cloudfront._MANAGED_CACHE_POLICIES),
        "OriginRequestPolicy": (cloudfront._origin_request_policies, cloudfront._MANAGED_ORIGIN_REQUEST_POLICIES),
        "ResponseHeadersPolicy": (cloudfront._response_headers_policies, cloudfront._MANAGED_RESPONSE_HEADERS_POLICIES),
    }  # fmt: skip
    for name, stores in known.items():
        id = text(behavior, f"{name}Id")
        if id and not any(id in store for store in stores):
            yield f"NoSuch{name}", f"The specified {name} does not exist.", 404


def _of_error(error: Element) -> Iterator[Problem]:
    if text(error, "ErrorCode") not in ERRORS:
        yield "InvalidArgument", f"{text(error, 'ErrorCode')} is no status for which there can be an error page.", 400
    page, code = text(error, "ResponsePagePath"), text(error, "ResponseCode")
    if bool(page) != bool(code):
        yield "InvalidArgument", "ResponsePagePath and ResponseCode must be given together.", 400
    if code and not STATUS.fullmatch(code):
        yield "InvalidResponseCode", "A response code is not valid.", 400
    if not SECONDS.fullmatch(text(error, "ErrorCachingMinTTL")):
        yield "InvalidArgument", "The parameter ErrorCachingMinTTL must be a number of seconds.", 400
    if page and not page.startswith("/"):
        yield "InvalidArgument", "The parameter ResponsePagePath must begin with a slash.", 400


def _in_progress(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    if status < 400:
        body = body.replace(b"<Status>Deployed<", b"<Status>InProgress<", 1)
    return status, headers, body
