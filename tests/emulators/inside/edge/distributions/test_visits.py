"""Tests for a request's way through a distribution, as a viewer sees it."""

import asyncio

import pytest
from ministack.services import cloudfront

from lab_harness.emulators.inside.edge.distributions import is_distribution, origins, pages, visits
from lab_harness.emulators.inside.edge.events import EdgeRequest
from tests.emulators.inside.edge.distributions.distributions import (
    ALL_BUT_HOST,
    DISABLED,
    behavior,
    bucket_origin,
    custom_origin,
    told,
)

ALL_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
BROWSER = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document", "Sec_Fetch_Site": "none"}


def pages_for(*errors):
    """Custom error responses: an error's status, the page and the status that the viewer gets."""
    named = ("ErrorCode", "ResponsePagePath", "ResponseCode")
    items = [dict(zip(named, each, strict=True)) | {"ErrorCachingMinTTL": 5} for each in errors]
    return {"Quantity": len(items), "Items": items}


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("d1.cloudfront.localhost:4566", True),
        ("https.d1.cloudfront.localhost", True),
        ("D1.CloudFront.LocalHost:4566", True),
        ("cloudfront.localhost:4566", False),
        ("http.d1.cloudfront.localhost", False),
        ("d1.cloudfront.net", False),
        ("d-1.cloudfront.localhost", False),
        ("d1.cloudfront.localhost.evil.example", False),
        ("d1.cloudfront.localhost:4566@evil.example", False),
        ("cloudfront.us-east-1.localhost", False),
    ],
)
def test_a_host_names_a_distribution(host, is_one):
    assert is_distribution(host) == is_one


def test_the_default_root_object_is_served_at_the_root(site):
    answer = site.ask("/")
    assert (answer.status, answer.text) == (200, "this is index.html")
    assert "CloudFront" in answer.headers["via"]
    assert answer.headers["x-amz-cf-id"]
    assert answer.headers["x-amz-cf-pop"]


def test_what_was_asked_once_comes_from_the_cache(site):
    assert [site.seen("/about.html") for _ in range(3)] == [(200, "Miss"), (200, "Hit"), (200, "Hit")]
    assert "age" in site.ask("/about.html").headers


def test_head_tells_the_length_without_a_body(site):
    site.ask("/about.html")
    answer = site.ask("/about.html", method="HEAD")
    assert (answer.text, answer.headers["content-length"]) == ("", str(len("this is about.html")))
    assert answer.headers["x-cache"].startswith("Hit")


def test_an_answer_to_head_is_none_to_get(site):
    assert site.seen("/about.html", method="HEAD") == (200, "Miss")
    assert site.seen("/about.html", method="HEAD") == (200, "Hit")
    assert site.ask("/about.html").text == "this is about.html"


@pytest.mark.parametrize("status", [200, 404])
def test_a_page_takes_an_errors_place_with_the_status_that_is_wanted(site, status):
    site.change(CustomErrorResponses=pages_for((403, "/lost.html", str(status))))
    answer = site.ask("/nothing.html")
    assert (answer.status, answer.text) == (status, "this is lost.html")
    assert answer.headers["x-cache"] == "Error from cloudfront"


def test_an_error_without_its_page_is_told_as_it_is(site):
    site.change(CustomErrorResponses=pages_for((403, "/away.html", "404")))
    assert site.ask("/nothing.html").status == 403


def test_a_method_that_is_not_allowed_is_refused_by_the_distribution(site):
    answer = site.ask("/about.html", method="DELETE")
    assert answer.status == 403
    assert "not configured to allow the HTTP request method" in answer.text


def test_programs_are_redirected_to_https_as_on_aws(site):
    site.change(DefaultCacheBehavior=behavior(protocol="redirect-to-https"))
    answer = site.ask("/about.html?x=1")
    assert (answer.status, answer.headers["x-cache"]) == (301, "Redirect from cloudfront")
    label = site.distribution["DomainName"].partition(".")[0]
    assert answer.headers["location"].startswith(f"https://{label}.cloudfront.localhost")
    assert answer.headers["location"].endswith("/about.html?x=1")


def test_a_browser_is_redirected_to_what_stands_for_https_and_served_there(site):
    site.change(DefaultCacheBehavior=behavior(protocol="redirect-to-https"))
    location = site.ask("/about.html", **BROWSER).headers["location"]
    assert location.startswith("http://https.d")
    assert location.endswith("/about.html")
    assert site.ask("/about.html", https=True).text == "this is about.html"


def test_without_https_a_page_that_is_for_https_alone_is_refused(site):
    site.change(DefaultCacheBehavior=behavior(protocol="https-only"))
    assert site.ask("/about.html").status == 403
    assert site.ask("/about.html", https=True).status == 200


def test_the_first_behavior_whose_path_fits_decides(site):
    site.change(
        CacheBehaviors={
            "Quantity": 2,
            "Items": [
                behavior(cache=DISABLED, PathPattern="img/c*"),
                behavior(protocol="https-only", PathPattern="/img/*"),
            ],
        }
    )
    assert [site.seen("/img/cat.txt") for _ in range(2)] == [(200, "Miss"), (200, "Miss")]
    assert site.ask("/img/dog.txt").status == 403
    assert site.ask("/about.html").status == 200


def test_an_api_behind_a_path_is_never_cached(api):
    viewer = api.viewer
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
    rest = behavior("api", DISABLED, methods=methods, OriginRequestPolicyId=ALL_BUT_HOST, PathPattern="/api/*")
    viewer.clients["s3"].create_bucket(Bucket="site")
    viewer.make([bucket_origin(), custom_origin(viewer.domain)], behavior(), [rest])
    counts = [viewer.ask("/api/x", method="POST", body={"a": 1}).headers["x-count"] for _ in range(2)]
    assert counts == ["1", "2"]
    assert viewer.seen("/api/x") == (200, "Miss")


def test_countries_that_are_closed_out_are_refused(site):
    closed = {"GeoRestriction": {"RestrictionType": "blacklist", "Quantity": 1, "Items": ["DE"]}}
    site.change(Restrictions=closed)
    assert site.ask("/about.html", CloudFront_Viewer_Country="DE").status == 403
    assert site.ask("/about.html").status == 200


def test_a_distribution_that_is_disabled_or_gone_answers_nothing(site):
    site.change(Enabled=False)
    assert site.ask("/about.html").status == 403
    assert site.http.request("GET", "/", host="dnothing.cloudfront.localhost").status == 403


def test_a_request_that_came_through_cloudfront_is_refused(site):
    assert site.ask("/about.html", Via="1.1 x.cloudfront.net (CloudFront)").status == 403


def test_a_response_headers_policy_adds_its_headers(site):
    security = "67f7725c-6f97-4210-82d7-5512b31e9d03"  # Managed-SecurityHeadersPolicy
    site.change(DefaultCacheBehavior=behavior(ResponseHeadersPolicyId=security))
    for _ in range(2):
        assert site.ask("/about.html").headers["x-content-type-options"] == "nosniff"


def test_the_origin_learns_of_whom_it_serves(api):
    viewer = api(cache=DISABLED, OriginRequestPolicyId=ALL_BUT_HOST)
    got = told(viewer.ask("/shop?b=2&a=1", X_Mine="yes", Cookie="session=1"))
    assert (got["rawPath"], got["rawQueryString"], got["headers"]["x-mine"]) == ("/shop", "b=2&a=1", "yes")
    assert "127.0.0.1" in got["headers"]["x-forwarded-for"]
    assert got["cookies"] == ["session=1"]


def test_a_get_with_a_body_is_refused_because_the_body_does_not_count_for_the_cache(api):
    viewer = api(methods=ALL_METHODS)
    assert [viewer.ask("/", method=method, body="other").status for method in ("GET", "POST")] == [403, 200]


def test_more_than_the_emulator_takes_is_refused_soon(site):
    answer = site.ask("/about.html", method="POST", body=b"x" * (origins.LARGEST + 1))
    assert answer.status == 413


def test_an_error_page_shows_a_sentence_as_text():
    assert b"<b>" not in pages.error(502, "<b>").body


@pytest.mark.parametrize(("name", "value"), [("x-a", "b\r\nx-c: d"), ("x a", "b"), ("Transfer-Encoding", "identity")])
def test_a_policys_header_that_cannot_be_sent_is_left_out(site, name, value):
    custom = {"Quantity": 1, "Items": [{"Header": name, "Value": value, "Override": True}]}
    config = {"Name": "odd", "CustomHeadersConfig": custom}
    policy = site.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=config)
    site.change(DefaultCacheBehavior=behavior(ResponseHeadersPolicyId=policy["ResponseHeadersPolicy"]["Id"]))
    answer = site.ask("/about.html")
    assert (answer.status, answer.text) == (200, "this is about.html")
    assert "x-c" not in answer.headers


def test_a_range_that_no_file_has_is_ignored(site):
    assert site.ask("/about.html", Range=f"bytes={'9' * 5000}-").status == 200


def test_what_goes_wrong_within_is_a_page_of_cloudfronts(monkeypatch, caplog):
    broken = {"Id": "E1", "enabled": True, "config_xml": "no XML"}
    monkeypatch.setattr(cloudfront, "find_distribution_for_label", lambda _label: broken)
    answer = asyncio.run(visits.serve(EdgeRequest("GET", "/", "", {"host": "d1.cloudfront.localhost"})))
    assert (answer.status, answer.headers["x-cache"]) == (500, pages.ERROR)
    assert "E1 could not answer" in caplog.text


@pytest.mark.parametrize("path", ["/_app/start.js", "/_lab/stop", "/_lab/health", "/_ministack/reset"])
def test_all_paths_of_a_distribution_are_its_own(site, embedded, path):
    site.clients["s3"].put_object(Bucket="site", Key=path.lstrip("/"), Body=b"mine")
    assert site.ask(path).text == "mine"
    answer = site.ask("/_lab/reset", method="POST")
    assert (answer.status, answer.headers["server"]) == (403, "CloudFront")
    assert embedded.healthy()
