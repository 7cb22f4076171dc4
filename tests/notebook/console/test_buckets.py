"""Tests for the tab of S3's buckets."""

from urllib.parse import urlsplit

import pytest

from lab_harness.render.blocks import Link
from tests.roles import everybody, policy

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["web_app"]
BUCKET = "pet-shop-site-000000000000"


@pytest.fixture
def s3(account):
    """A client; the buckets that the tests create are deleted afterwards."""
    client = account["s3"]
    yield client
    for bucket in {each["Name"] for each in client.list_buckets()["Buckets"]} & {BUCKET, "another"}:
        for each in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            client.delete_object(Bucket=bucket, Key=each["Key"])
        client.delete_bucket(Bucket=bucket)


def put(s3, key, body=b"text", kind="text/plain", bucket=BUCKET):
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind)


def shown(clients):
    return look("web_app", "buckets", clients)


def test_website_has_an_address_that_answers_and_another_bucket_none(account, s3):
    for bucket in ("another", BUCKET):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    put(s3, "index.html", b"<h1>Pets</h1>", "text/html")
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(everybody("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*")))
    buckets = {row["bucket"]: row["website"] for row in rows(shown(account)[0])}
    assert next(iter(buckets)) == BUCKET
    assert buckets["another"] == "no website"
    address = urlsplit(buckets[BUCKET])
    assert isinstance(buckets[BUCKET], Link)
    assert address.port == urlsplit(account.emulator.endpoint).port
    assert account["http"].request("GET", address.path, host=address.hostname).text == "<h1>Pets</h1>"


def test_objects_have_their_size_and_type(account, s3):
    s3.create_bucket(Bucket=BUCKET)
    put(s3, "a/größe.json", b"x" * 1234, "application/json")
    put(s3, HOSTILE)
    objects = shown(account)[1]
    assert objects.title == f"Objects in {BUCKET}"
    assert {row["key"]: (row["bytes"], row["content type"]) for row in rows(objects)} == {
        "a/größe.json": ("1,234", "application/json"),
        HOSTILE: ("4", "text/plain"),
    }
    assert HOSTILE in words([objects])
    assert "<img" not in objects.html()


def test_empty_bucket_says_what_will_appear(account, s3):
    s3.create_bucket(Bucket=BUCKET)
    assert words([shown(account)[1]])[1] == "No objects yet. What is put into the bucket appears here."


def test_of_many_objects_the_first_20_are_shown(account, s3):
    s3.create_bucket(Bucket=BUCKET)
    for number in range(25):
        put(s3, f"{number:03}")
    objects = shown(account)[1]
    assert (len(objects.rows), objects.note) == (20, "and 5 more")


def test_bucket_or_object_that_is_deleted_meanwhile_hides_no_other(account, s3):
    for bucket in ("another", BUCKET):
        s3.create_bucket(Bucket=bucket)
        put(s3, "a", bucket=bucket)
    gone = Refusing(s3, "list_objects_v2", "NoSuchBucket", "No such bucket", lambda asked: asked["Bucket"] == BUCKET)
    _, lost, objects = shown(Partly(account, s3=gone))[:3]
    assert words([lost]) == [BUCKET, "This could not be read: No such bucket"]
    assert objects.title == "Objects in another"
    _, objects, *_ = shown(Partly(account, s3=Refusing(s3, "head_object", "404")))
    assert [row["content type"] for row in rows(objects)] == ["?"]
