"""CloudFront. A distribution has no name: its comment is taken for one. What it uses can be deleted once it is gone."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from lab_harness.account.service import Listing, Part, Row, Rows, Service, ServiceTab, wait_until, without
from lab_harness.answers import there
from lab_harness.aws import Clients


class Kind(NamedTuple):
    """A kind of things: CloudFront's word for one and for several, what reads one, and by which member it is named.

    `within` is how a distribution's settings, written out, name one; empty where none does.
    """

    one: str
    several: str
    reads: str
    by: str = "Id"
    within: str = "'{}'"

    def all(self, clients: Clients) -> Iterator[tuple[str, Any]]:
        """The name and the summary of each that is the account's own."""
        key, marker = f"{''.join(part.title() for part in self.one.split('_'))}List", dict[str, str]()
        while True:
            found = getattr(clients["cloudfront"], f"list_{self.several}")(**marker)[key]
            for each in found.get("Items", []):
                summary = each.get(key.removesuffix("List"), each)  # policies stand within what says of which type
                if each.get("Type") != "managed":
                    yield _name(summary), summary
            if not found.get("NextMarker"):
                return
            marker = {"Marker": found["NextMarker"]}


DISTRIBUTION = Kind("distribution", "distributions", "get_distribution")
KINDS = {
    "OriginAccessControl": Kind("origin_access_control", "origin_access_controls", "get_origin_access_control"),
    "CachePolicy": Kind("cache_policy", "cache_policies", "get_cache_policy"),
    "OriginRequestPolicy": Kind("origin_request_policy", "origin_request_policies", "get_origin_request_policy"),
    "ResponseHeadersPolicy": Kind(
        "response_headers_policy", "response_headers_policies", "get_response_headers_policy"
    ),
    "Function": Kind("function", "functions", "describe_function", "Name", ":function/{}'"),
    "KeyValueStore": Kind("key_value_store", "key_value_stores", "describe_key_value_store", "Name", ""),
}


def _name(summary: Any) -> str:
    config = next((value for key, value in summary.items() if key.endswith("PolicyConfig")), summary)
    return str(config.get("Name", config.get("Comment", "")))


def delete_users(clients: Clients, what: str) -> None:
    """Delete the distributions whose settings, written out, have this in them: AWS keeps what one uses."""
    if clients.emulator.supports("cloudfront"):
        for _, each in list(DISTRIBUTION.all(clients)):
            config = clients["cloudfront"].get_distribution_config(Id=each["Id"])["DistributionConfig"]
            if what in str(config):
                _delete_one(clients["cloudfront"], each["Id"])


def _delete(kind: Kind, clients: Clients, name: str) -> bool:
    """Delete all of a kind that have this name."""
    if not clients.emulator.supports("cloudfront"):
        return False
    found = [each[kind.by] for named, each in kind.all(clients) if named == name]
    for id in found:
        if kind.within:
            delete_users(clients, kind.within.format(id))
        stage = {"Stage": "DEVELOPMENT"} if kind.one == "function" else {}
        read = there(getattr(clients["cloudfront"], kind.reads), **{kind.by: id}, **stage)
        if read:
            getattr(clients["cloudfront"], f"delete_{kind.one}")(**{kind.by: id}, IfMatch=read["ETag"])
        if kind.one == "function":
            there(clients["logs"].delete_log_group, logGroupName=f"/aws/cloudfront/function/{id}")
    return bool(found)


def _delete_distribution(clients: Clients, comment: str) -> bool:
    """Disable and delete all distributions with this comment."""
    if not clients.emulator.supports("cloudfront"):
        return False
    cloudfront = clients["cloudfront"]
    found = [each["Id"] for named, each in DISTRIBUTION.all(clients) if named == comment]
    for id in found:
        _delete_one(cloudfront, id)
    return bool(found)


def _delete_one(cloudfront: Any, id: str) -> None:
    """Disable a distribution, wait until it is so everywhere, and delete it."""
    read = cloudfront.get_distribution_config(Id=id)
    if read["DistributionConfig"]["Enabled"]:
        disabled = read["DistributionConfig"] | {"Enabled": False}
        read = cloudfront.update_distribution(Id=id, IfMatch=read["ETag"], DistributionConfig=disabled)
    wait_until(lambda: cloudfront.get_distribution(Id=id)["Distribution"]["Status"] == "Deployed")
    cloudfront.delete_distribution(Id=id, IfMatch=read["ETag"])


def _rows(clients: Clients) -> Rows:
    cloudfront = clients["cloudfront"]
    for _, each in DISTRIBUTION.all(clients):
        config = cloudfront.get_distribution_config(Id=each["Id"])["DistributionConfig"]
        yield Row(Part.BUILT, each["Id"], config)
        listed = cloudfront.list_invalidations(DistributionId=each["Id"])["InvalidationList"]
        for made in listed.get("Items", []):
            yield Row(Part.BUILT, made["Id"], without(made, "Status"))
    for kind in KINDS.values():
        for name, each in kind.all(clients):
            yield Row(Part.BUILT, name, each)


def _listed(clients: Clients) -> Iterator[tuple[object, ...]]:
    for comment, each in DISTRIBUTION.all(clients):
        behaviors = [each["DefaultCacheBehavior"], *each["CacheBehaviors"].get("Items", [])]
        paths = [f"{one.get('PathPattern', 'all else')}: {one['TargetOriginId']}" for one in behaviors]
        state = "enabled" if each["Enabled"] else "disabled"
        yield comment or each["Id"], each["DomainName"], state, ", ".join(paths[1:] + paths[:1])


DISTRIBUTIONS = Listing(
    ("distribution", "domain name", "state", "which origin by path"), _listed, "Distributions appear here."
)
SERVICE = Service(
    name="cloudfront",
    deleters={
        "AWS::CloudFront::Distribution": _delete_distribution,
        **{f"AWS::CloudFront::{name}": partial(_delete, kind) for name, kind in KINDS.items()},
    },
    rows=_rows,
    configured=True,
    tabs=(ServiceTab("distributions", "Distributions", 15, DISTRIBUTIONS),),
)
