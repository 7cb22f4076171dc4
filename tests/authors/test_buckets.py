"""Tests for objects: a probe's own is uploaded and removed with what comes of it, and what comes is awaited."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from lab_harness.authors import Failure, buckets
from tests.waiting import in_thread, wait_until

UPLOADS, RESULTS = "uploads-0", "results-0"


@pytest.fixture
def s3(clients):
    """S3 with two empty buckets."""
    for bucket in (UPLOADS, RESULTS):
        clients["s3"].create_bucket(Bucket=bucket)
    return clients["s3"]


def put(s3, bucket, key, body=b"x"):
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def test_keys_are_those_of_all_objects(s3):
    assert buckets.keys(s3, UPLOADS) == []
    for number in range(3):
        put(s3, UPLOADS, f"cat-{number}.jpg")
    assert buckets.keys(s3, UPLOADS) == ["cat-0.jpg", "cat-1.jpg", "cat-2.jpg"]


def test_a_probes_object_and_what_came_of_it_are_gone_afterwards_and_others_stay(s3):
    put(s3, UPLOADS, "cat-17.jpg.old")
    put(s3, RESULTS, "cat-1.jpg")
    with buckets.probe_object(s3, UPLOADS, "cat-17.jpg", "two cats, please", results=[(RESULTS, "cat-17.jpg")]):
        assert s3.get_object(Bucket=UPLOADS, Key="cat-17.jpg")["Body"].read() == b"two cats, please"
        put(s3, UPLOADS, "cat-17.jpg", b"the same cats again")
        put(s3, RESULTS, "cat-17.jpg")
    assert buckets.keys(s3, UPLOADS) == ["cat-17.jpg.old"]
    assert buckets.keys(s3, RESULTS) == ["cat-1.jpg"]


def test_a_probes_object_is_gone_when_the_check_fails(s3):
    with pytest.raises(ValueError), buckets.probe_object(s3, UPLOADS, "cat-17.jpg", b"x"):
        raise ValueError
    assert buckets.keys(s3, UPLOADS) == []


def test_nothing_of_a_probe_stays_in_a_bucket_that_keeps_versions(s3):
    s3.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})
    with buckets.probe_object(s3, UPLOADS, "cat-17.jpg", b"x"):
        s3.delete_object(Bucket=UPLOADS, Key="cat-17.jpg")
    found = s3.list_object_versions(Bucket=UPLOADS)
    assert not found.get("Versions")
    assert not found.get("DeleteMarkers")


def test_what_comes_late_is_taken_away_by_the_next_probe(s3):
    with buckets.probe_object(s3, UPLOADS, "cat-17.jpg", b"x", results=[(RESULTS, "cat-17.jpg")]):
        pass
    put(s3, RESULTS, "cat-17.jpg")
    with buckets.probe_object(s3, UPLOADS, "dog-3.jpg", b"x"):
        assert buckets.keys(s3, RESULTS) == []
    put(s3, RESULTS, "cat-17.jpg")  # the learner's, now
    with buckets.probe_object(s3, UPLOADS, "dog-4.jpg", b"x"):
        pass
    assert buckets.keys(s3, RESULTS) == ["cat-17.jpg"]


def test_an_object_that_could_not_be_removed_is_removed_by_the_next_probe(s3):
    class Hiccuping:
        """S3 that does not answer to a deletion."""

        meta = s3.meta

        def __getattr__(self, name):
            return getattr(s3, name)

        def delete_object(self, **_):
            raise ConnectionClosedError(endpoint_url="here")

    with buckets.probe_object(Hiccuping(), UPLOADS, "cat-17.jpg", b"x"):
        pass
    assert buckets.keys(s3, UPLOADS) == ["cat-17.jpg"]
    with buckets.probe_object(s3, UPLOADS, "dog-3.jpg", b"x"):
        pass
    assert buckets.keys(s3, UPLOADS) == []


def test_an_object_that_comes_is_awaited(s3):
    asked = []

    class Watched:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(s3, name)

    waiting = in_thread(lambda: buckets.awaited(Watched(), RESULTS, "cat-17.jpg", "Look."))
    wait_until(lambda: asked)
    put(s3, RESULTS, "cat-17.jpg", b"small")
    assert waiting.result() == b"small"


def test_an_object_that_does_not_come_is_told_with_those_that_are_there(s3):
    with pytest.raises(Failure) as caught:
        buckets.awaited(s3, RESULTS, "cat-17.jpg", "Section 4.", within=0)
    assert caught.value.expected == f"the object cat-17.jpg in {RESULTS}"
    assert caught.value.found == f"{RESULTS} has no objects (after waiting 0 s)"
    put(s3, RESULTS, "thumbnails/cat-17.jpg")
    with pytest.raises(Failure) as caught:
        buckets.awaited(s3, RESULTS, "cat-17.jpg", "Section 4.", within=0, evidence="the log")
    assert caught.value.found == f"{RESULTS} has thumbnails/cat-17.jpg; the log (after waiting 0 s)"
    assert caught.value.next_step == "Section 4."


def test_evidence_that_is_asked_for_tells_of_the_last_look(s3):
    log = iter(["logged nothing", *["raised an error"] * 50])
    with pytest.raises(Failure, match="no objects; raised an error"):
        buckets.awaited(s3, RESULTS, "cat-17.jpg", "Look.", within=0.2, evidence=lambda: next(log))


def test_an_object_that_may_not_be_read_is_not_taken_for_none():
    class Refusing:
        def get_object(self, **_):
            answer = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
            raise ClientError(answer | {"ResponseMetadata": {"HTTPStatusCode": 403}}, "GetObject")

    with pytest.raises(ClientError, match="not you"):
        buckets.awaited(Refusing(), RESULTS, "cat-17.jpg", "Look.", within=0)
