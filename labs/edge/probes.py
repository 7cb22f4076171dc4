"""What the checks of edge do as viewers would: ask the distribution, and look where an answer came from."""

import base64
import hashlib
import hmac
import json
import re
import time
from contextlib import contextmanager

from lab_harness.authors import Failure, buckets, customers, expect, owe, pictures

BUCKET, NAME, API = "pet-edge-000000000000", "pet-edge", "pet-edge-api"
TODAY, ORDER, PHOTOS, PATHS, MEMBERS = "pet-today", "edge-order", "pet-photos", "pet-paths", "pet-members"
SIZES = "pet-sizes"
ROLE = "edge-functions-role"
DOMAINS = re.compile(rf"{BUCKET}\.s3([.-][a-z0-9-]+)?\.amazonaws\.com")
NO_DISTRIBUTION = "Section 2 names create_distribution, with the Comment pet-edge."
SHOWN = 200  # characters
KEY = b"bello-likes-long-walks"  # of pet-members


def distributions(cloudfront):
    """All distributions, as CloudFront lists them."""
    pages = cloudfront.get_paginator("list_distributions").paginate()
    return [each for page in pages for each in page["DistributionList"].get("Items") or []]


def distribution(cloudfront):
    """The distribution pet-edge, as CloudFront lists it; Failure where there is none, or another."""
    found = distributions(cloudfront)
    named = [each for each in found if each["Comment"] == NAME]
    if len(named) != 1:
        comments = ", ".join(repr(each["Comment"]) for each in found) or "no distribution"
        next_step = (
            NO_DISTRIBUTION if not named else "Delete the distribution that is too many: lab.reset() deletes all."
        )
        wanted = f"one distribution with the Comment {NAME}"
        raise Failure(expected=wanted, found=comments, next_step=next_step, there=bool(named))
    return named[0]


def ask(http, cloudfront, path, https=True, method="GET", about=None, **headers):
    """A viewer's request to the distribution, or to the one it is `about`, and its answer."""
    domain = (about or distribution(cloudfront))["DomainName"]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.edge(domain, path, method, None, named, https)


def where(answer):
    """Where an answer came from, by X-Cache: Hit, Miss, RefreshHit, Error, Redirect, …"""
    return answer.headers.get("x-cache", "").partition(" ")[0] or "no X-Cache"


def described(answer):
    """An answer in short: its status, where it came from, where it leads, and the begin of its text."""
    told = [f"{answer.status}", where(answer), answer.headers.get("location", "")]
    text = " ".join(re.sub(r"(?s)<title.*?</title>|<[^>]*>", " ", answer.text).split())
    return " ".join(filter(None, [*told, text[:SHOWN]]))


def expect_answer(what, wanted, answer, right, next_step):
    """Failure with what a viewer got, where that is not right."""
    if not right:
        raise Failure(expected=f"{what}: {wanted}", found=described(answer), next_step=next_step)


def next_step_for(answer, otherwise):
    """What to do about an answer that is an error's."""
    if answer.status == 403 and "AccessDenied" in answer.text:
        return "S3 refuses: section 2 says what the origin and the bucket's policy must name; lab.why() explains it."
    if "NoSuchWebsiteConfiguration" in answer.text:
        return (
            "The origin is the bucket itself, not its website's endpoint, which understands no signatures: section 2."
        )
    if where(answer).startswith("Function"):
        return (
            "The function of this path fails: the cell of section 7 that calls test_function shows how. What you mend "
            "counts once it is published."
        )
    if where(answer).startswith("Lambda"):
        return (
            "The Lambda function of this path fails, or answers what CloudFront cannot use: lab.logs() shows its log. "
            "What you mend counts once a new version is published, and named in the behavior."
        )
    if answer.status in (502, 503, 504):
        return "CloudFront does not reach the origin: compare it with section 5."
    return otherwise


@contextmanager
def page(s3, folder=""):
    """A page of the site that nobody has asked for yet; its path and what stands in it. It is gone afterwards."""
    key = f"{folder}{word()}.html"
    body = f"{customers.words()} {customers.number()}"
    with buckets.probe_object(s3, BUCKET, key, body):
        yield f"/{key}", body


@contextmanager
def photo(s3):
    """A JPEG in img/, of its own size and colours, that nobody has asked for yet: its name, and its bytes.

    It is never nearly square: a small picture that is square would pass for it.
    """
    name = f"{word()}.jpg"
    width, heights = customers.chance.randrange(400, 600), customers.chance.choice((range(300, 380), range(620, 700)))
    body = pictures.photo(width, customers.chance.choice(heights))
    with buckets.probe_object(s3, BUCKET, f"img/{name}", body):
        yield name, body


def expect_picture(what, kind, width, photo, answer, next_step):
    """Whether an answer is a picture of this kind and width that shows the photo, all of it."""
    asked = pictures.opened(photo)
    height = asked.height * width / asked.width
    if found := _unlike(kind, width, height, photo, answer):
        raise Failure(expected=f"{what}: {kind} of {width} x {height:.0f} pixels", found=found, next_step=next_step)


def _unlike(kind, width, height, photo, answer):
    """What an answer is that is no such picture; nothing where it is."""
    if answer.status != 200:
        return described(answer)
    none = f"no whole picture, {answer.headers.get('content-type', 'of no content type')}"
    picture = pictures.opened(answer.body)
    if not picture:
        return none
    found = f"{picture.format} of {picture.width} x {picture.height} pixels"
    if abs(picture.height - height) > 1.5 or (picture.format, picture.width) != (kind, width):
        return found
    return {True: "", False: f"{found} that shows something else", None: none}[pictures.alike(answer.body, photo)]


def word():
    """A word that nobody has asked with yet: what was asked for before is kept at the edge, for a day."""
    return f"{customers.pet()}-{customers.chance.randrange(10**6, 10**7)}"


def token(valid=3600, key=KEY):
    """A member's JWT, valid for so many seconds."""

    def part(value):
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(json.dumps({"sub": customers.name(), "exp": int(time.time()) + valid}).encode())
    signature = hmac.new(key, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{part(signature)}"


@contextmanager
def another_distribution(cloudfront, like):
    """Another distribution with the origins of this one, as somebody else might make it; it is gone afterwards."""
    config = cloudfront.get_distribution_config(Id=like["Id"])["DistributionConfig"]
    comment = f"{customers.resource_name()}-{customers.number()}"
    plain = {
        "CallerReference": comment, "Comment": comment, "Enabled": True, "Origins": config["Origins"],
        "DefaultCacheBehavior": {
            "TargetOriginId": _site(config), "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
    }  # fmt: skip
    owed = owe("AWS::CloudFront::Distribution", comment)
    made = cloudfront.create_distribution(DistributionConfig=plain)["Distribution"]
    try:
        yield made
    finally:
        told = cloudfront.get_distribution_config(Id=made["Id"])
        off = told["DistributionConfig"] | {"Enabled": False}
        etag = cloudfront.update_distribution(Id=made["Id"], IfMatch=told["ETag"], DistributionConfig=off)["ETag"]
        cloudfront.get_waiter("distribution_deployed").wait(Id=made["Id"], WaiterConfig={"Delay": 0.1})
        owed.take_away(cloudfront.delete_distribution, Id=made["Id"], IfMatch=etag)


def _site(config):
    """The id of the origin that is the bucket."""
    found = [each["Id"] for each in config["Origins"]["Items"] if DOMAINS.fullmatch(each["DomainName"])]
    return found[0] if found else config["DefaultCacheBehavior"]["TargetOriginId"]


def behavior(cloudfront, path):
    """The behavior that a path has: the first whose pattern is this path, else the default one."""
    config = cloudfront.get_distribution_config(Id=distribution(cloudfront)["Id"])["DistributionConfig"]
    listed = config.get("CacheBehaviors", {}).get("Items") or []
    named = [each for each in listed if each["PathPattern"].strip("/") == path.strip("/")]
    return named[0] if named else config["DefaultCacheBehavior"]


def _key(cloudfront, path):
    """What a path's cache policy takes of headers, cookies and query strings: how, such as `whitelist`, and names."""
    id, found = behavior(cloudfront, path).get("CachePolicyId"), {}
    config = cloudfront.get_cache_policy(Id=id)["CachePolicy"]["CachePolicyConfig"] if id else {}
    for kind in ("Headers", "Cookies", "QueryStrings"):
        told = config.get("ParametersInCacheKeyAndForwardedToOrigin", {}).get(f"{kind}Config", {})
        found[kind] = told.get(f"{kind[:-1]}Behavior", ""), set(told.get(kind, {}).get("Items") or [])
    return found


def counting(cloudfront, path):
    """What counts by name for the cache of a path: the names of headers, cookies and query strings."""
    return {kind: names if how == "whitelist" else set() for kind, (how, names) in _key(cloudfront, path).items()}


def uncounted(cloudfront, path, **wanted):
    """Whether one of these names, by their kind, does not count for the cache of a path, as its cache policy says."""
    key = _key(cloudfront, path)
    named = {
        kind: {name.lower() for name in names} if how == "whitelist" else set() for kind, (how, names) in key.items()
    }
    return any(
        key[kind][0] in ("none", "whitelist") and name.lower() not in named[kind] for kind, name in wanted.items()
    )


def lambdas(cloudfront, path):
    """The Lambda functions that a path's behavior calls: their ARNs by the events."""
    called = behavior(cloudfront, path).get("LambdaFunctionAssociations", {}).get("Items") or []
    return {each["EventType"]: each["LambdaFunctionARN"] for each in called}


def expect_lambda(cloudfront, path, events, function, next_step):
    """Whether a path's behavior calls a numbered version of a function at these events."""
    found = lambdas(cloudfront, path)
    right = [event for event in events if re.search(rf":function:{function}:\d+$", found.get(event, ""))]
    if right != [*events]:
        told = ", ".join(f"{event} → {arn}" for event, arn in found.items()) or "no Lambda functions"
        wanted = f"{path} calls a version of {function} at {', '.join(events)}"
        raise Failure(expected=wanted, found=told, next_step=next_step)


def expect_function(cloudfront, path, function, next_step):
    """Whether a path's behavior calls a CloudFront Function at viewer-request."""
    called = behavior(cloudfront, path).get("FunctionAssociations", {}).get("Items") or []
    found = {each["EventType"]: each["FunctionARN"].rpartition("/")[2] for each in called}
    expect.value(f"{path} calls at viewer-request", function, found.get("viewer-request", "nothing"), next_step)
