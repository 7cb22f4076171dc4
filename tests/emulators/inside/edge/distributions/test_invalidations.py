"""Tests for invalidations: what they make the edge forget, their states, and those that AWS refuses."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import behavior

PATHS = ("/about.html", "/img/cat.txt", "/img/dog.txt")


@pytest.mark.parametrize(
    ("given", "forgotten"),
    [
        (["/about.html"], {"/about.html"}),
        (["/img/*"], {"/img/cat.txt", "/img/dog.txt"}),
        (["/img/c*", "/about.html"], {"/about.html", "/img/cat.txt"}),
        (["/*"], set(PATHS)),
        (["/About.html", "/img", "/img/"], set()),
    ],
)
def test_what_the_paths_mean_is_fetched_again(site, given, forgotten):
    for path in PATHS:
        site.ask(path)
    site.invalidate(*given)
    assert {path for path in PATHS if site.seen(path) == (200, "Miss")} == forgotten


def test_the_default_root_object_is_invalidated_by_its_own_name(site):
    site.ask("/")
    site.invalidate("/index.html")
    assert site.seen("/")[1] == "Miss"


def test_query_strings_that_count_are_a_part_of_the_path(site):
    legacy = {"ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}}, "MinTTL": 0}
    site.change(DefaultCacheBehavior=behavior(cache=None, **legacy))
    for path in ("/about.html?v=1", "/about.html?v=2"):
        site.ask(path)
    site.invalidate("/about.html")
    assert site.seen("/about.html?v=1")[1] == "Hit"
    site.invalidate("/about.html?v=1")
    assert [site.seen(f"/about.html?v={v}")[1] for v in (1, 2)] == ["Miss", "Hit"]
    site.invalidate("/about.html*")
    assert site.seen("/about.html?v=2")[1] == "Miss"


def test_an_invalidation_is_in_progress_and_completed_once_somebody_asks(site):
    made = site.invalidate("/*")
    assert made["Status"] == "InProgress"
    about = {"DistributionId": site.distribution["Id"], "Id": made["Id"]}
    site.cloudfront.get_waiter("invalidation_completed").wait(**about)
    assert site.cloudfront.get_invalidation(**about)["Invalidation"]["Status"] == "Completed"


@pytest.mark.parametrize("path", ["about.html", "", "/a*b", "*", "/**", "/" + "a" * 4000, "/ü", "/a b"])
def test_paths_that_aws_does_not_take_are_refused(site, path):
    with pytest.raises(ClientError) as caught:
        site.invalidate(path)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_more_than_aws_takes_at_once_are_refused(site):
    with pytest.raises(ClientError) as caught:
        site.invalidate(*[f"/{number}/*" for number in range(16)])
    assert caught.value.response["Error"]["Code"] == "TooManyInvalidationsInProgress"
    site.invalidate(*[f"/{number}/*" for number in range(15)])
    with pytest.raises(ClientError) as caught:
        site.invalidate(*[f"/{number}" for number in range(3001)])
    assert caught.value.response["Error"]["Code"] == "TooManyInvalidationsInProgress"


def test_a_quantity_that_is_wrong_is_refused(site):
    batch = {"Paths": {"Quantity": 2, "Items": ["/x"]}, "CallerReference": "once"}
    with pytest.raises(ClientError) as caught:
        site.cloudfront.create_invalidation(DistributionId=site.distribution["Id"], InvalidationBatch=batch)
    assert caught.value.response["Error"]["Code"] == "InconsistentQuantities"
