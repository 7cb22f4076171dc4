"""Tests for what of a request counts, as the key of an answer and for the origin."""

import pytest

from lab_harness.emulators.inside.edge.distributions.keys import made_headers
from tests.emulators.inside.edge.distributions.distributions import DISABLED, OPTIMIZED, told

NOTHING = {
    "EnableAcceptEncodingGzip": False,
    "HeadersConfig": {"HeaderBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
}


def listed(*names):
    return {"Quantity": len(names), "Items": list(names)}


HEADERS = {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed("Accept-Language")}}
COUNTRY = {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed("CloudFront-Viewer-Country")}}
COOKIE = {"CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": listed("theme")}}
ALL_COOKIES = {"CookiesConfig": {"CookieBehavior": "all"}}
QUERY = {"QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": listed("page")}}
ALL_QUERY = {"QueryStringsConfig": {"QueryStringBehavior": "all"}}
ALL_BUT = {"QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": listed("utm")}}
GZIP = {"EnableAcceptEncodingGzip": True, "EnableAcceptEncodingBrotli": True}


@pytest.fixture
def keyed(api):
    """Makes a distribution of the API by what counts, beyond nothing."""

    def make(counting, **settings):
        config = {"Name": "mine", "MinTTL": 0, "DefaultTTL": 600, "MaxTTL": 600}
        config["ParametersInCacheKeyAndForwardedToOrigin"] = NOTHING | counting
        made = api.viewer.cloudfront.create_cache_policy(CachePolicyConfig=config)
        return api(cache=made["CachePolicy"]["Id"], **settings)

    return make


@pytest.mark.parametrize(
    ("counting", "one", "other", "same"),
    [
        ({}, ("/x?a=1", {}), ("/x?a=2", {"Accept-Language": "de", "Cookie": "theme=dark"}), True),
        ({}, ("/x", {}), ("/y", {}), False),
        ({}, ("/x", {}), ("/X", {}), False),
        (HEADERS, ("/x", {"Accept-Language": "de"}), ("/x", {"Accept-Language": "fr"}), False),
        (HEADERS, ("/x", {"Accept-Language": "de"}), ("/x", {}), False),
        (HEADERS, ("/x", {"Accept-Language": "de"}), ("/x", {"Accept-Language": "de", "User-Agent": "b"}), True),
        (COUNTRY, ("/x", {"CloudFront-Viewer-Country": "DE"}), ("/x", {"CloudFront-Viewer-Country": "FR"}), False),
        ({}, ("/x", {"CloudFront-Viewer-Country": "DE"}), ("/x", {"CloudFront-Viewer-Country": "FR"}), True),
        (COOKIE, ("/x", {"Cookie": "theme=dark; id=1"}), ("/x", {"Cookie": "id=2; theme=dark"}), True),
        (COOKIE, ("/x", {"Cookie": "theme=dark"}), ("/x", {"Cookie": "theme=light"}), False),
        (ALL_COOKIES, ("/x", {"Cookie": "id=1"}), ("/x", {"Cookie": "id=2"}), False),
        (QUERY, ("/x?page=1&utm=a", {}), ("/x?utm=b&page=1", {}), True),
        (QUERY, ("/x?page=1", {}), ("/x?page=2", {}), False),
        (QUERY, ("/x?page=1", {}), ("/x?Page=1", {}), False),
        (ALL_QUERY, ("/x?a=1&b=2", {}), ("/x?b=2&a=1", {}), False),
        (ALL_BUT, ("/x?a=1&utm=b", {}), ("/x?a=1&utm=c", {}), True),
        (ALL_BUT, ("/x?a=1", {}), ("/x?a=2", {}), False),
        (GZIP, ("/x", {"Accept-Encoding": "gzip, br"}), ("/x", {"Accept-Encoding": "br;q=0.5,gzip,zstd"}), True),
        (GZIP, ("/x", {"Accept-Encoding": "gzip"}), ("/x", {"Accept-Encoding": "identity"}), False),
        ({}, ("/x", {"Accept-Encoding": "gzip"}), ("/x", {"Accept-Encoding": "identity"}), True),
    ],
)
def test_requests_have_one_answer_if_what_counts_is_the_same(keyed, counting, one, other, same):
    viewer = keyed(counting)
    first, second = (
        viewer.ask(path, **{name.replace("-", "_"): value for name, value in headers.items()})
        for path, headers in (one, other)
    )
    assert (second.headers["x-cache"] == "Hit from cloudfront") == same
    assert (first.headers["x-count"] == second.headers["x-count"]) == same


def test_the_origin_gets_what_counts_and_nothing_else(keyed):
    viewer = keyed(HEADERS | COOKIE | QUERY)
    got = told(viewer.ask("/x?page=1&utm=2", Accept_Language="de", Cookie="theme=dark; id=1", X_Other="no"))
    assert (got["rawQueryString"], got["cookies"]) == ("page=1", ["theme=dark"])
    assert got["headers"]["accept-language"] == "de"
    assert got["headers"]["user-agent"] == "Amazon CloudFront"
    assert "x-other" not in got["headers"]


def test_an_origin_request_policy_sends_more_than_counts(api):
    config = {
        "Name": "more",
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": listed("X-Mine", "CloudFront-Viewer-Country")},
        "CookiesConfig": {"CookieBehavior": "all"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }
    made = api.viewer.cloudfront.create_origin_request_policy(OriginRequestPolicyConfig=config)
    viewer = api(cache=OPTIMIZED, OriginRequestPolicyId=made["OriginRequestPolicy"]["Id"])
    got = told(viewer.ask("/x?utm=2", X_Mine="yes", Cookie="id=1", X_Other="no"))
    assert (got["rawQueryString"], got["cookies"], got["headers"]["x-mine"]) == ("utm=2", ["id=1"], "yes")
    assert got["headers"]["cloudfront-viewer-country"] == "US"
    assert "x-other" not in got["headers"]
    assert viewer.ask("/x?utm=3").headers["x-cache"].startswith("Hit")


def test_settings_without_a_cache_policy_name_what_counts(api):
    forwarded = {
        "QueryString": True,
        "QueryStringCacheKeys": listed("page"),
        "Cookies": {"Forward": "whitelist", "WhitelistedNames": listed("theme")},
        "Headers": listed("Accept-Language"),
    }
    viewer = api(cache=None, ForwardedValues=forwarded, MinTTL=0)
    first = viewer.ask("/x?page=1&utm=1", Accept_Language="de", Cookie="theme=dark")
    assert told(first)["rawQueryString"] == "page=1&utm=1"
    same = viewer.ask("/x?page=1&utm=2", Accept_Language="de", Cookie="theme=dark; id=1")
    assert same.headers["x-cache"].startswith("Hit")
    assert viewer.ask("/x?page=1", Accept_Language="fr", Cookie="theme=dark").headers["x-cache"].startswith("Miss")


def test_viewers_cannot_say_what_cloudfront_says_of_them(api):
    viewer = api(cache=DISABLED)
    assert "cloudfront-forwarded-proto" not in told(viewer.ask("/x", CloudFront_Forwarded_Proto="https"))["headers"]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148", "mobile"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "desktop"),
        ("curl/8.5", "desktop"),
    ],
)
def test_a_viewers_device_is_told_by_its_user_agent(agent, device):
    made = made_headers({"user-agent": agent}, https=False)
    assert [name for name, value in made.items() if value == "true"] == [f"cloudfront-is-{device}-viewer"]
