"""Tests for origin groups: a second origin, which is asked where the first fails."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import (
    DISABLED,
    behavior,
    bucket_origin,
    control,
    custom_origin,
    open_to,
)

ALL_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")


def group(*members, statuses=(403, 404, 503), id="both"):
    listed = {"Quantity": len(members), "Items": [{"OriginId": each} for each in members]}
    codes = {"StatusCodes": {"Quantity": len(statuses), "Items": list(statuses)}}
    return {"Quantity": 1, "Items": [{"Id": id, "FailoverCriteria": codes, "Members": listed}]}


@pytest.fixture
def pair(site):
    """A viewer of a distribution whose second origin is another bucket."""
    site.clients["s3"].create_bucket(Bucket="spare")
    for key in ("about.html", "spare.html"):
        site.clients["s3"].put_object(Bucket="spare", Key=key, Body=b"the spare")
    signs = control(site.clients, "pair")
    origins = [bucket_origin(signs), bucket_origin(signs, bucket="spare", id="spare"), custom_origin("shop.example")]

    def make(first="site", second="spare", **more):
        default = behavior("both", cache=DISABLED)
        site.make(origins, default, OriginGroups=group(first, second, **more))
        open_to(site.clients, site.distribution["ARN"])
        open_to(site.clients, site.distribution["ARN"], bucket="spare")
        return site

    return make


def test_the_second_origin_is_asked_where_the_first_answers_with_a_named_status(pair):
    viewer = pair()
    assert viewer.ask("/about.html").text == "this is about.html"
    assert viewer.ask("/spare.html").text == "the spare"
    assert viewer.ask("/nothing.html").status == 403


def test_another_status_is_the_answer(pair):
    assert pair(statuses=(500,)).ask("/spare.html").status == 403


def test_an_origin_that_nobody_reaches_has_failed(pair):
    assert pair(first="api", statuses=(500,)).ask("/about.html").text == "the spare"
    assert pair(first="api", second="site", statuses=(500,)).seen("/nothing.html") == (403, "Error")


def test_what_the_second_answers_is_kept(pair):
    viewer = pair()
    viewer.change(DefaultCacheBehavior=behavior("both"))
    assert [viewer.seen("/spare.html") for _ in range(2)] == [(200, "Miss"), (200, "Hit")]


@pytest.mark.parametrize(
    ("groups", "more", "code"),
    [
        (group("site", "site"), {}, "InvalidArgument"),
        (group("site", "another"), {}, "NoSuchOrigin"),
        (group("site", "spare", statuses=(401,)), {}, "InvalidArgument"),
        (group("site", "spare"), {"methods": ALL_METHODS}, "InvalidArgument"),
        (group("site", "spare", id="one"), {}, "NoSuchOrigin"),
    ],
)  # fmt: skip
def test_a_group_with_a_mistake_is_refused(site, groups, more, code):
    origins = [bucket_origin(), bucket_origin(bucket="spare", id="spare")]
    with pytest.raises(ClientError) as caught:
        site.make(origins, behavior("both", **more), OriginGroups=groups)
    assert caught.value.response["Error"]["Code"] == code
