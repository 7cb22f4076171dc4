"""What checks do with S3: upload an object as a customer would, and await what comes of it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.answers import pages
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.made import owe, owed
from lab_harness.authors.memory import Owed

Place = tuple[str, str]  # a bucket and a key

MOST_LATE = 20  # objects of earlier probes that the next one looks for


def keys(s3: Any, bucket: str) -> list[str]:
    """The keys of all objects in a bucket, which is there.

    For example:

        key = customers.file_name(".jpg", but=[*buckets.keys(s3, UPLOADS), *buckets.keys(s3, THUMBNAILS)])
    """
    return [each["Key"] for each in pages(s3, "list_objects_v2", "Contents", Bucket=bucket)]


@contextmanager
def probe_object(s3: Any, bucket: str, key: str, body: str | bytes, results: Collection[Place] = ()) -> Iterator[None]:
    """Upload an object for a while; afterwards it is gone, and so are the `results`, each a bucket and a key.

    Draw a key that no object has. Within it, s3.put_object may upload other bytes under the same key: they go, too.
    What comes of the upload after all is taken away by the next probe.

        with buckets.probe_object(s3, UPLOADS, key, customers.words(), results=[(THUMBNAILS, key)]):
            made = buckets.awaited(s3, THUMBNAILS, key, "Section 4 says what the function writes.")
    """
    with removed_afterwards(s3, [(bucket, key), *results]):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        yield


@contextmanager
def removed_afterwards(s3: Any, places: Collection[Place]) -> Iterator[None]:
    """Remove the objects at these places afterwards, each a bucket and a key, whoever has written them.

    Draw keys that no objects have. What comes later is taken away by the next probe.

        with buckets.removed_afterwards(s3, [(UPLOADS, key), (THUMBNAILS, key)]):
            http.request("PUT", link, body=photo)
    """
    _remove_owed(s3, owed("object")[:MOST_LATE])
    made = [owe("object", key, bucket=bucket) for bucket, key in places]
    try:
        yield
    finally:
        _remove_owed(s3, made)


def _remove_owed(s3: Any, objects: Collection[Owed]) -> None:
    """Remove objects as far as they are there; the others are owed on, for they may come later."""
    for each in objects:
        if remove(s3, each.details["bucket"], each.name):
            each.gone()


def awaited(
    s3: Any,
    bucket: str,
    key: str,
    next_step: str | Callable[[], str],
    *,
    within: float = 10,
    evidence: str | Callable[[], str] = "",
) -> bytes:
    """The bytes of an object that comes within so many seconds; Failure with the keys that are there, if it does not.

    `evidence` is told beside them. A function is called for it, and for `next_step`, at each look, so that they tell of
    now, as a log must.

        next_step = "Section 4 says what the function writes."
        log = partial(functions.latest_log, logs, FUNCTION)
        made = buckets.awaited(s3, THUMBNAILS, key, next_step, within=10, evidence=log)
    """

    def look() -> bytes:
        found = _read(s3, bucket, key)
        if found is None:
            there = ", ".join(keys(s3, bucket)[:5]) or "no objects"
            more = evidence() if callable(evidence) else evidence
            raise Failure(
                expected=f"the object {key} in {bucket}",
                found=f"{bucket} has {there}" + (f"; {more}" if more else ""),
                next_step=next_step() if callable(next_step) else next_step,
            )
        return found

    return eventually(look, within=within)


def _read(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


def remove(s3: Any, bucket: str, key: str) -> bool:
    """Remove an object, with all of its versions; False where there was none, or it could not be removed.

    For example:

        buckets.remove(s3, THUMBNAILS, key)
    """
    try:
        found = s3.list_object_versions(Bucket=bucket, Prefix=key)
        versions = [each for each in found.get("Versions", []) + found.get("DeleteMarkers", []) if each["Key"] == key]
        for each in versions:
            s3.delete_object(Bucket=bucket, Key=key, VersionId=each["VersionId"])
    except (BotoCoreError, ClientError):
        return False
    return bool(versions)
