"""Tests for what comes from the cache, until when, and what the origin is asked again."""

import asyncio
import gzip
from types import SimpleNamespace

import pytest

from lab_harness.emulators.inside.edge.distributions import configuration, keys, origins, stored
from lab_harness.emulators.inside.edge.distributions.caches import LARGEST, Key, cache
from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse, Visit
from tests.emulators.inside.edge.distributions.distributions import AS_ORIGIN_SAYS, BUCKET, DISABLED, told
from tests.emulators.inside.edge.distributions.distributions import behavior as cached_by


def policy(viewer, least=0, usual=86400, most=31536000, query="all", **more):
    """The id of a cache policy with these TTLs, by which query strings count."""
    counting = {
        "EnableAcceptEncodingGzip": False,
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": query},
    }
    config = {"Name": "mine", "MinTTL": least, "DefaultTTL": usual, "MaxTTL": most}
    config["ParametersInCacheKeyAndForwardedToOrigin"] = counting | more
    return viewer.cloudfront.create_cache_policy(CachePolicyConfig=config)["CachePolicy"]["Id"]


@pytest.fixture
def count(api):
    """A viewer of the API, and what asks for a path and returns its count and where it came from."""

    def make(**ttl):
        viewer = api(cache=policy(api.viewer, **ttl))

        def ask(path, **more):
            answer = viewer.ask(path, **more)
            return answer.headers["x-count"], answer.headers["x-cache"].partition(" ")[0]

        return viewer, ask

    return make


def test_an_answer_is_kept_until_the_default_time_is_over(count, embedded):
    _, ask = count(usual=60)
    assert [ask("/x"), ask("/x")] == [("1", "Miss"), ("1", "Hit")]
    list(embedded.advance(50))
    assert ask("/x") == ("1", "Hit")
    list(embedded.advance(20))
    assert ask("/x") == ("2", "Miss")


def test_an_answer_has_an_age(count, embedded):
    viewer, ask = count(usual=600)
    ask("/x")
    list(embedded.advance(120))
    assert 120 <= int(viewer.ask("/x").headers["age"]) <= 130


def test_the_origin_says_for_how_long(count, embedded):
    _, ask = count()
    assert ask("/x?cache=max-age%3D30") == ("1", "Miss")
    list(embedded.advance(31))
    assert ask("/x?cache=max-age%3D30") == ("2", "Miss")


def test_a_minimum_holds_against_the_origin(count):
    _, ask = count(least=60)
    assert [ask("/x?cache=no-store"), ask("/x?cache=no-store")] == [("1", "Miss"), ("1", "Hit")]


def test_what_must_not_be_stored_is_not(count):
    _, ask = count()
    assert [ask("/x?cache=no-store"), ask("/x?cache=private")] == [("1", "Miss"), ("2", "Miss")]
    assert ask("/x?cache=no-store") == ("3", "Miss")


def test_with_caching_disabled_each_request_reaches_the_origin(api):
    viewer = api(cache=DISABLED)
    assert [viewer.ask("/x").headers["x-count"] for _ in range(2)] == ["1", "2"]


def test_the_managed_policy_that_leaves_it_to_the_origin_keeps_nothing_for_long_by_itself(site):
    site.clients["s3"].put_object(Bucket=BUCKET, Key="kept.html", Body=b"kept", CacheControl="max-age=30")
    site.change(DefaultCacheBehavior=cached_by(cache=AS_ORIGIN_SAYS))
    assert [site.seen("/about.html")[1] for _ in range(2)] == ["Miss", "RefreshHit"]
    assert [site.seen("/kept.html")[1] for _ in range(2)] == ["Miss", "Hit"]


def test_an_expired_answer_that_is_the_same_still_is_refreshed(count, embedded):
    viewer, ask = count(usual=60)
    path = "/x?etag=%22one%22"
    first = viewer.ask(path).text
    list(embedded.advance(61))
    answer = viewer.ask(path)
    assert (answer.status, answer.text, answer.headers["x-cache"]) == (200, first, "RefreshHit from cloudfront")
    assert ask(path)[1] == "Hit"


def test_an_expired_object_of_a_bucket_is_refreshed_and_a_changed_one_fetched(site, embedded):
    assert site.seen("/about.html") == (200, "Miss")
    list(embedded.advance(86401))
    assert site.seen("/about.html") == (200, "RefreshHit")
    site.clients["s3"].put_object(Bucket=BUCKET, Key="about.html", Body=b"new")
    list(embedded.advance(86401))
    answer = site.ask("/about.html")
    assert (answer.text, answer.headers["x-cache"]) == ("new", "Miss from cloudfront")


def test_an_error_is_kept_for_ten_seconds(count, embedded):
    viewer, ask = count()
    assert [ask("/x?status=404"), ask("/x?status=404")] == [("1", "Error"), ("1", "Error")]
    list(embedded.advance(11))
    assert ask("/x?status=404") == ("2", "Error")
    assert viewer.ask("/x?status=404").status == 404


def test_an_error_is_kept_as_long_as_the_distribution_says(count, embedded):
    viewer, ask = count()
    lasting = {"Quantity": 1, "Items": [{"ErrorCode": 500, "ErrorCachingMinTTL": 100}]}
    viewer.change(CustomErrorResponses=lasting)
    ask("/x?status=500")
    list(embedded.advance(60))
    assert ask("/x?status=500") == ("1", "Error")


def test_what_is_forbidden_is_asked_for_again(site):
    assert site.seen("/secret.html") == (403, "Error")
    site.clients["s3"].put_object(Bucket=BUCKET, Key="secret.html", Body=b"now")
    assert site.seen("/secret.html") == (200, "Miss")


def test_an_origin_that_fails_leaves_the_expired_answer_in_use(count, embedded):
    viewer, ask = count(usual=60, query="none")
    assert ask("/x") == ("1", "Miss")
    list(embedded.advance(61))
    viewer.clients["lambda"].delete_function(FunctionName="hello")
    answer = viewer.ask("/x")
    assert (answer.status, answer.headers["x-count"]) == (200, "1")
    list(embedded.advance(11))
    assert viewer.ask("/x").status == 200


def test_other_methods_are_not_kept(api):
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
    viewer = api(methods=methods)
    assert [viewer.ask("/x", method="POST").headers["x-count"] for _ in range(2)] == ["1", "2"]
    assert viewer.ask("/x", method="PUT").headers["x-count"] == "3"


def test_what_a_viewer_says_of_caching_is_ignored(site):
    site.ask("/about.html")
    assert site.seen("/about.html", Cache_Control="no-cache", Pragma="no-cache") == (200, "Hit")


def test_settings_without_a_cache_policy_have_their_own_times(api, embedded):
    forwarded = {"QueryString": False, "Cookies": {"Forward": "none"}}
    viewer = api(cache=None, ForwardedValues=forwarded, MinTTL=0, DefaultTTL=60, MaxTTL=120)
    assert [viewer.seen("/x?a=1")[1], viewer.seen("/x?a=2")[1]] == ["Miss", "Hit"]
    list(embedded.advance(61))
    assert viewer.seen("/x")[1] == "Miss"


def test_where_all_headers_count_nothing_is_kept(api):
    forwarded = {"QueryString": False, "Cookies": {"Forward": "none"}, "Headers": {"Quantity": 1, "Items": ["*"]}}
    viewer = api(cache=None, ForwardedValues=forwarded, MinTTL=0)
    # The API refuses the viewer's Host, which goes with all headers.
    assert [viewer.seen("/x") for _ in range(2)] == [(403, "Error"), (403, "Error")]


def test_texts_are_compressed_for_who_takes_it(site):
    text = "cat " * 1000
    site.clients["s3"].put_object(Bucket=BUCKET, Key="long.txt", Body=text.encode(), ContentType="text/plain")
    site.change(DefaultCacheBehavior=cached_by(Compress=True))
    plain = site.ask("/long.txt")
    assert (plain.text, plain.headers.get("content-encoding")) == (text, None)
    small = site.ask("/long.txt", Accept_Encoding="br;q=0, gzip")
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["x-cache"].startswith("Miss")
    assert int(small.headers["content-length"]) < len(gzip.compress(text.encode())) + 50


def test_what_is_too_large_is_passed_on_and_not_kept(site):
    site.clients["s3"].put_object(Bucket=BUCKET, Key="large", Body=b"x" * (LARGEST + 1))
    assert [site.seen("/large") for _ in range(2)] == [(200, "Miss"), (200, "Miss")]


def test_the_api_gets_what_counts_alone(count):
    viewer, _ = count(query="whitelist", QueryStringsConfig={
        "QueryStringBehavior": "whitelist", "QueryStrings": {"Quantity": 1, "Items": ["page"]}})  # fmt: skip
    assert told(viewer.ask("/x?page=2&tracking=9"))["rawQueryString"] == "page=2"


def test_what_was_asked_for_before_an_invalidation_is_not_kept(monkeypatch):
    async def fetched(*_asked):
        cache.invalidate("E1")
        return EdgeResponse(200)

    key, settings = (
        Key("E1", "/"),
        SimpleNamespace(
            origins=lambda _behavior: [{}],
            fails=lambda _behavior, _status: False,
            error_lasts=lambda _status: 0,
            parsed={"custom_error_responses": {}},
        ),
    )
    request = EdgeRequest("GET", "/", "", {})
    for module, name, given in (
        (origins, "fetch", fetched), (configuration, "ttl", lambda _: configuration.Ttl(60, 60, 60)),
        (configuration, "cached_methods", lambda _: {"GET"}), (keys, "never_kept", lambda _: False),
        (keys, "key", lambda _: key), (keys, "forwarded", lambda _: request), (keys, "encodings", lambda *_: ""),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, given)
    answer, *_ = asyncio.run(stored.answer(Visit({}, {}, request, "127.0.0.1", False, "1"), settings))
    assert answer.status == 200
    assert cache.find(key) is None
