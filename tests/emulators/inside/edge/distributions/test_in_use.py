"""Tests for what a distribution uses, which cannot be deleted."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import behavior, bucket_origin, control, custom_origin

PLAIN = {
    "Name": "plain", "MinTTL": 0,
    "ParametersInCacheKeyAndForwardedToOrigin": {
        "EnableAcceptEncodingGzip": False, "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"}, "QueryStringsConfig": {"QueryStringBehavior": "none"},
    },
}  # fmt: skip
REQUEST = {
    "Name": "plain", "HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}  # fmt: skip
RESPONSE = {"Name": "plain", "CustomHeadersConfig": {"Quantity": 0}}


def deleted(delete, **what):
    """AWS's code where it refuses to delete something; empty where it does."""
    try:
        delete(**what)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_an_access_control_stays_as_long_as_an_origin_names_it(site):
    (found,) = site.cloudfront.list_origin_access_controls()["OriginAccessControlList"]["Items"]
    etag = site.cloudfront.get_origin_access_control(Id=found["Id"])["ETag"]
    remove = site.cloudfront.delete_origin_access_control
    assert deleted(remove, Id=found["Id"], IfMatch="another") == "PreconditionFailed"
    assert deleted(remove, Id=found["Id"], IfMatch=etag) == "OriginAccessControlInUse"
    origin = bucket_origin(control(site.clients, "another"))
    site.change(Origins={"Quantity": 1, "Items": [origin]})
    assert not deleted(remove, Id=found["Id"], IfMatch=etag)


@pytest.mark.parametrize(
    ("kind", "member", "config"),
    [
        ("cache_policy", "CachePolicy", PLAIN),
        ("origin_request_policy", "OriginRequestPolicy", REQUEST),
        ("response_headers_policy", "ResponseHeadersPolicy", RESPONSE),
    ],
)
def test_a_policy_stays_as_long_as_a_behavior_names_it(site, kind, member, config):
    made = getattr(site.cloudfront, f"create_{kind}")(**{f"{member}Config": config})
    named = {"Id": made[member]["Id"], "IfMatch": made["ETag"]}
    site.change(DefaultCacheBehavior=behavior(**{f"{member}Id": named["Id"]}))
    remove = getattr(site.cloudfront, f"delete_{kind}")
    assert deleted(remove, **named) == f"{member}InUse"
    site.change(DefaultCacheBehavior=behavior())
    assert not deleted(remove, **named)


def test_a_policy_is_found_by_the_distributions_that_use_it(site):
    made = site.cloudfront.create_cache_policy(CachePolicyConfig=PLAIN)["CachePolicy"]["Id"]
    used = {"PathPattern": "/x", "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": made}
    site.change(CacheBehaviors={"Quantity": 1, "Items": [used]})
    found = site.cloudfront.list_distributions_by_cache_policy_id(CachePolicyId=made)["DistributionIdList"]["Items"]
    assert found == [site.distribution["Id"]]


def test_a_comment_uses_nothing(site):
    made = site.cloudfront.create_cache_policy(CachePolicyConfig=PLAIN)
    id = made["CachePolicy"]["Id"]
    site.make([custom_origin("shop.example")], behavior("api"), Comment=id)
    assert not deleted(site.cloudfront.delete_cache_policy, Id=id, IfMatch=made["ETag"])
