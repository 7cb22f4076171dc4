"""Buckets, their objects and their websites."""

from functools import partial
from itertools import chain
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.addresses import site_address
from lab_harness.notebook.console.parts import Blocks, nothing, own_first, part, rest
from lab_harness.render.blocks import Link, Table

MOST_BUCKETS, MOST_OBJECTS = 10, 20  # each object's content type is a request of its own


def show(lab: Lab, clients: Clients) -> Blocks:
    """All buckets of the account, the lab's first, with the objects of each."""
    return part("Buckets", partial(_buckets, lab, clients))


def _buckets(lab: Lab, clients: Clients) -> Blocks:
    s3, endpoint = clients["s3"], clients.emulator.endpoint
    names = own_first(lab, "AWS::S3::Bucket", (bucket["Name"] for bucket in pages(s3, "list_buckets", "Buckets")))
    if not names:
        return nothing("Buckets appear here with their objects, and the address of a bucket that is a website.")
    shown = names[:MOST_BUCKETS]
    rows = [(name, Link(site_address(endpoint, name)) if _is_website(s3, name) else "no website") for name in shown]
    objects = chain.from_iterable(part(name, partial(_objects, s3, name)) for name in shown)
    return [Table("Buckets", ("bucket", "website"), rows, note=rest(len(names), len(shown))), *objects]


def _is_website(s3: Any, bucket: str) -> bool:
    try:
        s3.get_bucket_website(Bucket=bucket)
    except ClientError:
        return False  # NoSuchWebsiteConfiguration, or the bucket was deleted while we looked
    return True


def _objects(s3: Any, bucket: str) -> Blocks:
    there = list(pages(s3, "list_objects_v2", "Contents", Bucket=bucket))
    shown = there[:MOST_OBJECTS]
    rows = [(each["Key"], f"{each['Size']:,}", _content_type(s3, bucket, each["Key"])) for each in shown]
    empty = "No objects yet. What is put into the bucket appears here."
    return [Table(f"Objects in {bucket}", ("key", "bytes", "content type"), rows, empty, rest(len(there), len(shown)))]


def _content_type(s3: Any, bucket: str, key: str) -> str:
    try:
        return str(s3.head_object(Bucket=bucket, Key=key).get("ContentType", ""))
    except ClientError:
        return "?"  # It was deleted while we looked.
