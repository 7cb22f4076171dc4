"""Tests for distributions that AWS refuses, and for their states."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import (
    OPTIMIZED,
    Viewer,
    behavior,
    bucket_origin,
    custom_origin,
)

ORIGIN = bucket_origin()
LEGACY = {"ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}}}


@pytest.fixture
def viewer(clients, embedded):
    return Viewer(clients, embedded.endpoint)


def error(code, page="", status=""):
    return [{"ErrorCode": code, "ResponsePagePath": page, "ResponseCode": status}]


@pytest.mark.parametrize(
    ("code", "arguments", "more"),
    [
        ("NoSuchOrigin", ([ORIGIN], behavior("another")), {}),
        ("NoSuchOrigin", ([ORIGIN], behavior(), [behavior("another", PathPattern="/x")]), {}),
        ("NoSuchOriginAccessControl", ([bucket_origin("E0")], behavior()), {}),
        ("NoSuchCachePolicy", ([ORIGIN], behavior(cache="00000000-0000-0000-0000-000000000000")), {}),
        ("NoSuchOriginRequestPolicy", ([ORIGIN], behavior(OriginRequestPolicyId="none")), {}),
        ("NoSuchResponseHeadersPolicy", ([ORIGIN], behavior(ResponseHeadersPolicyId="none")), {}),
        ("InvalidArgument", ([ORIGIN], behavior(cache=None)), {}),
        ("InvalidArgument", ([ORIGIN], behavior(cache=OPTIMIZED, **LEGACY)), {}),
        ("InvalidArgument", ([ORIGIN], behavior(protocol="http-only")), {}),
        ("InvalidArgument", ([ORIGIN], behavior(methods=("GET", "HEAD", "POST"))), {}),
        ("InvalidTTLOrder", ([ORIGIN], behavior(cache=None, MinTTL=10, DefaultTTL=5, **LEGACY)), {}),
        ("InvalidDefaultRootObject", ([ORIGIN], behavior()), {"DefaultRootObject": "/index.html"}),
        ("InvalidArgument", ([ORIGIN], behavior(), (), error(200, "/x", "200")), {}),
        ("InvalidArgument", ([ORIGIN], behavior(), (), error(404, "/x")), {}),
        ("InvalidArgument", ([ORIGIN], behavior(), (), error(404, "x", "200")), {}),
        ("InvalidResponseCode", ([ORIGIN], behavior(), (), error(404, "/x", "101")), {}),
        ("InvalidResponseCode", ([ORIGIN], behavior(), (), error(404, "/x", "found")), {}),
        ("InvalidArgument", ([ORIGIN | {"OriginPath": "v1"}], behavior()), {}),
        ("InvalidArgument", ([ORIGIN | {"DomainName": "site.example"}], behavior()), {}),
        ("InvalidArgument", ([ORIGIN | {"DomainName": "site.s3-website-us-east-1.amazonaws.com"}], behavior()), {}),
        ("InvalidOrigin", ([{"Id": "site", "DomainName": "shop.example"}], behavior()), {}),
    ],
)
def test_a_distribution_with_a_mistake_is_refused(viewer, code, arguments, more):
    with pytest.raises(ClientError) as caught:
        viewer.make(*arguments, **more)
    assert caught.value.response["Error"]["Code"] == code
    assert viewer.cloudfront.list_distributions()["DistributionList"]["Quantity"] == 0


def test_what_is_right_is_taken(viewer):
    viewer.make([ORIGIN, custom_origin("shop.example")], behavior(), [behavior("api", PathPattern="/api/*")])
    viewer.make([ORIGIN], behavior(cache=None, MinTTL=0, DefaultTTL=5, MaxTTL=9, **LEGACY))
    viewer.make([ORIGIN], behavior(), (), error(404, "/lost.html", "200"))


def test_a_change_with_a_mistake_is_refused(viewer):
    viewer.make([ORIGIN], behavior())
    with pytest.raises(ClientError, match="NoSuchOrigin"):
        viewer.change(DefaultCacheBehavior=behavior("another"))


def test_a_distribution_is_in_progress_and_deployed_once_somebody_asks(viewer):
    made = viewer.make([ORIGIN], behavior())
    assert made["Status"] == "InProgress"
    viewer.cloudfront.get_waiter("distribution_deployed").wait(Id=made["Id"])
    assert viewer.change(Comment="new")["Distribution"]["Status"] == "InProgress"
    assert viewer.cloudfront.get_distribution(Id=made["Id"])["Distribution"]["Status"] == "Deployed"


def test_only_who_saw_it_last_changes_it_and_only_what_is_disabled_is_deleted(viewer):
    id = viewer.make([ORIGIN], behavior())["Id"]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        found = viewer.cloudfront.get_distribution_config(Id=id)["DistributionConfig"]
        viewer.cloudfront.update_distribution(Id=id, IfMatch="stale", DistributionConfig=found)
    with pytest.raises(ClientError, match="DistributionNotDisabled"):
        viewer.cloudfront.delete_distribution(Id=id, IfMatch=viewer.cloudfront.get_distribution(Id=id)["ETag"])
    viewer.cloudfront.delete_distribution(Id=id, IfMatch=viewer.change(Enabled=False)["ETag"])
