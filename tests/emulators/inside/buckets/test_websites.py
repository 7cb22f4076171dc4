"""Tests for S3 website hosting, asked for as a browser does: by Host name."""

import http.client
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.inside.buckets.websites import website_bucket
from tests.roles import policy
from tests.waiting import PATIENCE

PAGES = {
    "index.html": "home",
    "about.html": "about",
    "blog/index.html": "blog",
    "error.html": "lost?",
    "a b+c%41 ü.html": "odd name",
}


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("photos.s3-website.localhost:4566", "photos"),
        ("photos.s3-website.localhost", "photos"),
        ("my.photos.s3-website.localhost:4566", "my.photos"),
        ("photos.s3-website-us-east-1.localhost:4566", "photos"),
        ("photos.s3-website.us-east-1.localhost:4566", "photos"),
        ("PHOTOS.S3-Website.LocalHost:4566", "photos"),
        ("photos.s3.localhost:4566", None),
        ("s3-website.localhost:4566", None),
        ("localhost:4566", None),
        ("photos.s3-website.localhost.evil.example", None),
    ],
)
def test_host_names_a_buckets_website(host, bucket):
    assert website_bucket(host) == bucket


@pytest.fixture(scope="module")
def s3(embedded):
    embedded.reset()
    return Clients(embedded)["s3"]


@pytest.fixture(scope="module")
def browse(embedded):
    """Asks for a page of a bucket's website."""

    def browse(path="/", bucket="site", method="GET", body=None):
        address = urlsplit(embedded.endpoint)
        connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
        try:
            host = f"{bucket}.s3-website.localhost:{address.port}"
            connection.request(method, path, body=body, headers={"Host": host})
            answer = connection.getresponse()
            return SimpleNamespace(status=answer.status, headers=answer.headers, text=answer.read().decode())
        finally:
            connection.close()

    return browse


def make_bucket(s3, name, **configuration):
    s3.create_bucket(Bucket=name)
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration=configuration)
    s3.delete_public_access_block(Bucket=name)
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=policy(everybody))


@pytest.fixture(scope="module", autouse=True)
def site(s3):
    make_bucket(s3, "site", IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "error.html"})
    for key, text in PAGES.items():
        s3.put_object(Bucket="site", Key=key, Body=text.encode(), ContentType="text/html")


@pytest.mark.parametrize("path", ["/", "/index.html", "/?page=2"])
def test_index_document_is_the_front_page(browse, path):
    page = browse(path)
    assert (page.status, page.text) == (200, "home")


def test_other_page_is_served_by_its_key(browse):
    assert browse("/about.html").text == "about"


def test_folder_has_an_index_document_of_its_own(browse):
    assert browse("/blog/").text == "blog"


def test_folder_without_its_slash_is_redirected_to_it(browse):
    page = browse("/blog")
    assert (page.status, page.headers["Location"]) == (302, "/blog/")


def test_key_with_odd_characters_is_found(browse):
    assert browse("/a%20b+c%2541%20%C3%BC.html").text == "odd name"


def test_object_keeps_its_headers(s3, browse):
    s3.put_object(
        Bucket="site",
        Key="style.css",
        Body=b"body {}",
        ContentType="text/css; charset=utf-8",
        CacheControl="max-age=60",
        ContentDisposition="inline",
    )
    headers = browse("/style.css").headers
    assert headers["Content-Type"] == "text/css; charset=utf-8"
    assert headers["Cache-Control"] == "max-age=60"
    assert headers["Content-Disposition"] == "inline"
    assert headers["ETag"] == s3.head_object(Bucket="site", Key="style.css")["ETag"]
    assert headers["Content-Length"] == "7"
    assert "Last-Modified" in headers


def test_compressed_object_is_sent_as_it_is(s3, embedded, browse):
    s3.put_object(Bucket="site", Key="app.js", Body=b"compressed", ContentEncoding="gzip")
    page = browse("/app.js")
    assert (page.headers["Content-Encoding"], page.text) == ("gzip", "compressed")


def test_missing_page_gets_the_error_document_with_status_404(browse):
    page = browse("/nowhere.html")
    assert (page.status, page.text) == (404, "lost?")
    assert page.headers["Content-Type"] == "text/html"


def test_missing_page_without_error_document_names_the_key(s3, browse):
    make_bucket(s3, "plain", IndexDocument={"Suffix": "index.html"})
    page = browse("/<b>nowhere</b>", "plain")
    assert page.status == 404
    assert "NoSuchKey" in page.text
    assert "&lt;b&gt;nowhere&lt;/b&gt;" in page.text


def test_missing_error_document_leaves_awss_page(s3, browse):
    make_bucket(s3, "half", IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "error.html"})
    page = browse("/nowhere", "half")
    assert page.status == 404
    assert "NoSuchKey" in page.text


def test_redirect_of_all_requests_keeps_the_path(s3, browse):
    make_bucket(s3, "old", RedirectAllRequestsTo={"HostName": "www.example.com", "Protocol": "https"})
    page = browse("/blog/a%20b.html", "old")
    assert (page.status, page.headers["Location"]) == (301, "https://www.example.com/blog/a%20b.html")


def test_redirect_without_protocol_keeps_to_http(s3, browse):
    make_bucket(s3, "older", RedirectAllRequestsTo={"HostName": "www.example.com"})
    assert browse("/", "older").headers["Location"] == "http://www.example.com/"


def test_object_may_redirect(s3, browse):
    s3.put_object(Bucket="site", Key="moved.html", Body=b"", WebsiteRedirectLocation="/about.html")
    page = browse("/moved.html")
    assert (page.status, page.headers["Location"]) == (301, "/about.html")


def test_unknown_bucket_is_named(browse):
    page = browse("/", "nobodys")
    assert page.status == 404
    assert "NoSuchBucket" in page.text
    assert "nobodys" in page.text


def test_bucket_without_website_says_so(s3, browse):
    s3.create_bucket(Bucket="data")
    page = browse("/", "data")
    assert page.status == 404
    assert "NoSuchWebsiteConfiguration" in page.text


def test_website_taken_away_is_gone(s3, browse):
    make_bucket(s3, "short", IndexDocument={"Suffix": "index.html"})
    s3.delete_bucket_website(Bucket="short")
    assert "NoSuchWebsiteConfiguration" in browse("/", "short").text


@pytest.mark.parametrize(("path", "status"), [("/about.html", 200), ("/nowhere.html", 404), ("/blog", 302)])
def test_head_has_the_headers_of_get_without_a_body(browse, path, status):
    head, get = browse(path, method="HEAD"), browse(path)
    assert (head.status, head.text) == (status, "")
    for name in ("Content-Type", "Content-Length", "ETag", "Location"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_website_cannot_be_written_to(s3, browse, method):
    page = browse("/about.html", method=method, body="changed")
    assert page.status == 405
    assert "MethodNotAllowed" in page.text
    assert s3.get_object(Bucket="site", Key="about.html")["Body"].read() == b"about"


def test_bucket_is_still_listed_at_the_address_of_the_api(s3):
    assert {item["Key"] for item in s3.list_objects_v2(Bucket="site")["Contents"]} >= PAGES.keys()


def test_a_page_that_not_everybody_may_read_is_told_as_refused(s3, browse, embedded):
    make_bucket(s3, "closed", IndexDocument={"Suffix": "index.html"})
    s3.put_object(Bucket="closed", Key="index.html", Body=b"home")
    s3.delete_bucket_policy(Bucket="closed")
    assert browse(bucket="closed").status == 403
    denial = embedded.denials()[-1]
    assert (denial.action, denial.resource) == ("s3:GetObject", "arn:aws:s3:::closed/index.html")
    assert (denial.by, denial.kind, denial.probe) == ("learner", "resource-based policy", False)
