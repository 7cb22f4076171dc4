"""What a distribution's configuration says: MiniStack's reading of it, and what that lacks."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.edge.distributions import groups
from lab_harness.emulators.inside.edge.settings import items, parsed, text, without_namespace

USUAL_ERROR = 10  # seconds for which an error is kept, unless a distribution says otherwise, in 2026
LEGACY = {"MinTTL": 0, "DefaultTTL": 86_400, "MaxTTL": 31_536_000}  # of a behavior that has no cache policy, in 2026


ENCODED, UNRESERVED = re.compile("%[0-9a-fA-F]{2}"), re.compile("[A-Za-z0-9._~-]")  # RFC 3986, section 2.3


class Ttl(NamedTuple):
    """For how many seconds something is kept: at least, if the origin says nothing, and at most."""

    least: int
    usual: int
    most: int


class Configuration(NamedTuple):
    """A distribution's configuration. `parsed` is MiniStack's; errors' times are by their status."""

    parsed: Mapping[str, Any]
    errors: Mapping[int, int]
    closed_to: tuple[str, frozenset[str]]  # "whitelist", "blacklist" or "none", and the countries
    groups: Mapping[str, groups.Group]  # of origins
    comment: str = ""

    def behavior(self, uri: str) -> Any:
        """The first behavior whose path pattern fits, else the default one."""
        plain = normal(uri)
        fitting = (each for each in self.parsed["ordered_behaviors"] if fits(each["path_pattern"], plain))
        return next(fitting, self.parsed["default_behavior"])

    def origins(self, behavior: Mapping[str, Any]) -> list[Any]:
        """The origins to which a behavior sends requests, the first before the one that is asked where it fails."""
        target = behavior["target_origin_id"]
        named = self.groups[target].origins if target in self.groups else (target,)
        return [self.parsed["origins"][id] for id in named if id in self.parsed["origins"]]

    def fails(self, behavior: Mapping[str, Any], status: int) -> bool:
        """Whether an origin's answer is one after which another origin is asked."""
        group = self.groups.get(behavior["target_origin_id"])
        return group is not None and status in group.statuses

    def error_lasts(self, status: int) -> int:
        """For how many seconds an error is kept at least."""
        return self.errors.get(status, USUAL_ERROR)

    def serves(self, country: str) -> bool:
        """Whether viewers of a country are served."""
        kind, countries = self.closed_to
        return kind == "none" or (country in countries) == (kind == "whitelist")


def fits(pattern: str, uri: str) -> bool:
    """Whether a path pattern is about a path, in a time that no path can make long; its slash may be left out."""
    return fnmatchcase(uri, "/" + pattern.removeprefix("/").replace("[", "[[]"))


def normal(uri: str) -> str:
    """A path as patterns are compared with it: in the normal form of RFC 3986. The origin gets it as it was sent.

    Else `/%6dembers/` or `/x/../members/` would go round what protects `/members/*`. https://docs.aws.amazon.com/
    AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern (2026)
    """
    kept: list[str] = []
    parts = ENCODED.sub(lambda found: _decoded(found[0]), uri).split("/")[1:]
    for part in parts:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    return "/" + "/".join([*kept, *([""] if parts and parts[-1] in (".", "..") else [])])


def _decoded(encoded: str) -> str:
    letter = chr(int(encoded[1:], 16))
    return letter if UNRESERVED.fullmatch(letter) else encoded.upper()


def install() -> None:
    """Keep the XML of behaviors and origins beside what MiniStack reads of it."""
    hooks.change({"cloudfront": {"_dataplane_behavior": _with_element, "_dataplane_origin": _with_bucket}})


def _with_element(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    return {**original(*args, **kwargs), "element": without_namespace(args[0])}


def _with_bucket(original: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """A bucket is known by its domain name; MiniStack's CloudFormation drops an empty S3OriginConfig."""
    origin = _with_element(original, instance, args, kwargs)
    return origin | {"s3_bucket": bucket(origin["domain_name"])}


def bucket(domain: str) -> str | None:
    """The bucket whose REST endpoint has this domain name; None where it is another's, or a website's."""
    from ministack.services import cloudfront

    found: str | None = cloudfront._s3_origin_bucket(domain)
    return None if ".s3-website" in domain.lower() else found


def read(distribution: Mapping[str, Any]) -> Configuration:
    """The configuration of a distribution."""
    return _read(str(distribution["config_xml"]))


@lru_cache(64)
def _read(xml: str) -> Configuration:
    from ministack.services import cloudfront

    root = parsed(xml.encode())
    errors = {}
    for each in items(root, "CustomErrorResponses"):
        if lasts := text(each, "ErrorCachingMinTTL"):
            errors[int(text(each, "ErrorCode"))] = int(lasts)
    geo = root.find("Restrictions/GeoRestriction") if root is not None else None
    kind = text(geo, "RestrictionType") or "none"
    countries = frozenset(each.text or "" for each in geo.findall("Items/Location")) if geo is not None else frozenset()
    parsed_by_ministack = cloudfront.parse_distribution_dataplane_config({"config_xml": xml})
    return Configuration(parsed_by_ministack, errors, (kind, countries), groups.read(root), text(root, "Comment"))


def ttl(behavior: Mapping[str, Any]) -> Ttl:
    """How long a behavior lets its answers be kept: by its cache policy, else by its own settings."""
    from ministack.services import cloudfront

    policy = cloudfront._cache_policies.get(behavior["cache_policy_id"])
    policy = policy or cloudfront._MANAGED_CACHE_POLICIES.get(behavior["cache_policy_id"])
    named: Callable[[str], Any] = policy["Config"].get if policy else partial(_number, behavior["element"])
    given = {name: named(name) for name in LEGACY}
    least, usual, most = (int(usual if given[name] is None else given[name]) for name, usual in LEGACY.items())
    return Ttl(least, max(usual, least), max(most, least))


def _number(element: Element, name: str) -> int | None:
    found = text(element, name)
    return int(found) if re.fullmatch(r"\d+", found) else None


def cached_methods(behavior: Mapping[str, Any]) -> set[str]:
    """The methods whose answers a behavior keeps."""
    named = {(each.text or "").strip() for each in items(behavior["element"].find("AllowedMethods"), "CachedMethods")}
    return {"GET", "HEAD"} | (named & {"OPTIONS"})
