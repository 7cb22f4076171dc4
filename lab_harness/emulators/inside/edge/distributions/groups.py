"""Origin groups: a second origin, which is asked where the first fails.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html (2026): for
GET, HEAD and OPTIONS, where the first cannot be reached, does not answer in time, or answers with a status that is
named. Functions at the origin's events run for each origin that is asked.
"""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from lab_harness.emulators.inside.edge.settings import items, text

FAILING = {"400", "403", "404", "416", "429", "500", "502", "503", "504"}
METHODS = ("GET", "HEAD", "OPTIONS")


class Group(NamedTuple):
    """The ids of two origins, and the statuses of the first at which the second is asked."""

    origins: tuple[str, ...]
    statuses: frozenset[int]


def read(config: Element | None) -> dict[str, Group]:
    """The groups of a distribution, by their ids."""
    found = {}
    for each in items(config, "OriginGroups"):
        statuses = frozenset(int(code) for code in _statuses(each) if code in FAILING)
        found[text(each, "Id")] = Group(tuple(_members(each)), statuses)
    return found


def problems(config: Element, origins: set[str]) -> Iterator[tuple[str, str, int]]:
    """What AWS refuses of them."""
    named = {text(each, "Id") for each in items(config, "OriginGroups")}
    for group in items(config, "OriginGroups"):
        members, statuses = list(_members(group)), set(_statuses(group))
        if len(members) != 2 or len(set(members)) < 2:
            yield "InvalidArgument", "An origin group must have two members, a primary and a secondary origin.", 400
        if not set(members) <= origins:
            yield "NoSuchOrigin", "One or more of your origins or origin groups do not exist.", 404
        if not statuses or not statuses <= FAILING:
            yield "InvalidArgument", "The origin group has a status code that is not supported for failover.", 400
    for behavior in [*config.iter("DefaultCacheBehavior"), *config.iter("CacheBehavior")]:
        methods = {(each.text or "").strip() for each in items(behavior, "AllowedMethods")}
        if text(behavior, "TargetOriginId") in named and not methods <= set(METHODS):
            words = "AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a cached behavior"
            yield "InvalidArgument", f"{words} associated with an origin group.", 400


def _members(group: Element) -> Iterator[str]:
    return (text(each, "OriginId") for each in items(group, "Members"))


def _statuses(group: Element) -> Iterator[str]:
    return ((each.text or "").strip() for each in items(group, "FailoverCriteria/StatusCodes"))
