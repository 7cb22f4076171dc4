"""Tests for buckets as origins: closed to everybody, and open to the distribution that their policy names."""

import http.client
from urllib.parse import urlsplit

import pytest

from lab_harness.emulators.inside.edge.distributions.buckets import CLOUDFRONT
from tests.emulators.inside.edge.distributions.distributions import BUCKET, behavior, bucket_origin, control, open_to
from tests.roles import policy
from tests.waiting import PATIENCE


def opened(clients, *statements):
    clients["s3"].put_bucket_policy(Bucket=BUCKET, Policy=policy(*statements))


def granted(**more):
    given = {"Effect": "Allow", "Principal": {"Service": CLOUDFRONT}, "Action": "s3:GetObject"}
    return given | {"Resource": f"arn:aws:s3:::{BUCKET}/*"} | more


def test_the_bucket_itself_stays_closed(site, embedded):
    address = urlsplit(embedded.endpoint)
    connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
    connection.request("GET", f"/{BUCKET}/about.html")
    assert connection.getresponse().status == 403
    connection.close()
    assert site.ask("/about.html").status == 200


def test_another_distribution_is_refused_with_the_words_of_s3(site):
    site.make([bucket_origin(control(site.clients, "another"))], behavior())
    answer = site.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (403, "Error from cloudfront")
    assert "<Code>AccessDenied</Code>" in answer.text


@pytest.mark.parametrize("signing", ["", "never"])
def test_without_an_access_control_that_signs_the_bucket_is_closed(site, signing):
    id = control(site.clients, "unsigned", SigningBehavior=signing) if signing else ""
    site.make([bucket_origin(id)], behavior())
    open_to(site.clients, site.distribution["ARN"])
    assert site.ask("/about.html").status == 403


def test_without_an_access_control_an_open_bucket_is_served(site):
    site.make([bucket_origin()], behavior())
    site.clients["s3"].delete_public_access_block(Bucket=BUCKET)
    opened(site.clients, granted(Principal="*"))
    assert site.ask("/about.html").status == 200


@pytest.mark.parametrize(
    "statement",
    [
        granted(Principal={"Service": "lambda.amazonaws.com"}),
        granted(Action="s3:PutObject"),
        granted(Resource=f"arn:aws:s3:::{BUCKET}/img/*"),
        granted(Condition={"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::000000000000:distribution/E0"}}),
    ],
)
def test_what_the_policy_does_not_say_is_refused(site, statement):
    opened(site.clients, statement)
    assert site.ask("/about.html").status == 403


def test_a_deny_wins(site):
    arn = site.distribution["ARN"]
    mine = {"StringEquals": {"AWS:SourceArn": arn}}
    opened(site.clients, granted(Condition=mine), granted(Effect="Deny", Resource=f"arn:aws:s3:::{BUCKET}/img/*"))
    assert [site.ask(path).status for path in ("/about.html", "/img/cat.txt")] == [200, 403]


def test_all_distributions_of_the_account_may_be_let_in(site):
    opened(site.clients, granted(Condition={"StringEquals": {"AWS:SourceAccount": "000000000000"}}))
    assert site.ask("/about.html").status == 200


def test_only_who_may_list_learns_that_there_is_no_such_object(site):
    assert site.ask("/nothing").status == 403
    open_to(site.clients, site.distribution["ARN"], "s3:GetObject", "s3:ListBucket")
    answer = site.ask("/nothing")
    assert (answer.status, "<Code>NoSuchKey</Code>" in answer.text) == (404, True)


def test_names_are_decoded_and_follow_the_origin_path(site):
    site.clients["s3"].put_object(Bucket=BUCKET, Key="v1/a b+ü.txt", Body=b"odd")
    site.make([bucket_origin(control(site.clients, "path")) | {"OriginPath": "/v1"}], behavior())
    open_to(site.clients, site.distribution["ARN"])
    assert site.ask("/a%20b+%C3%BC.txt").text == "odd"


def test_a_part_of_an_object_and_what_a_viewer_has_already(site):
    for _ in range(2):  # from the origin, and from the cache
        part = site.ask("/about.html", Range="bytes=0-3")
        assert (part.status, part.text, part.headers["content-range"]) == (206, "this", "bytes 0-3/18")
    etag = site.ask("/about.html").headers["etag"]
    same = site.ask("/about.html", If_None_Match=etag)
    assert (same.status, same.text) == (304, "")


def test_objects_cannot_be_changed_through_a_distribution(site):
    methods = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
    site.change(DefaultCacheBehavior=behavior(methods=methods))
    for method in ("PUT", "DELETE"):
        assert site.ask("/about.html", method=method, body="x").status == 403
    assert site.clients["s3"].get_object(Bucket=BUCKET, Key="about.html")["Body"].read() == b"this is about.html"


def test_an_objects_headers_have_letters_of_any_language(site):
    site.clients["s3"].put_object(Bucket=BUCKET, Key="cat", Body=b"x", ContentDisposition='filename="猫.txt"')
    answer = site.ask("/cat")
    assert answer.status == 200
    assert answer.headers["content-disposition"].encode("latin-1").decode() == 'filename="猫.txt"'
