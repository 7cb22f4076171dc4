"""S3's buckets, with their objects in all versions."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, without
from lab_harness.answers import there
from lab_harness.aws import Clients

MOST_OBJECTS = 1000  # of a bucket


def _delete_bucket(clients: Clients, name: str) -> bool:
    s3 = clients["s3"]
    if name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        return False
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)
    return True


def _rows(clients: Clients) -> Rows:
    s3 = clients["s3"]
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        for read in (s3.get_bucket_policy, s3.get_bucket_website, s3.get_public_access_block, s3.get_bucket_cors):
            yield Row(Part.BUILT, name, there(read, Bucket=name))
        notified = s3.get_bucket_notification_configuration(Bucket=name)
        yield Row(Part.BUILT, name, without(notified, "ResponseMetadata"))
        for found in s3.list_objects_v2(Bucket=name, MaxKeys=MOST_OBJECTS).get("Contents", []):
            yield Row(Part.LEFT, name, [found["Key"], found["ETag"], found["LastModified"]])


SERVICE = Service(
    name="s3",
    deleters={"AWS::S3::Bucket": _delete_bucket},
    rows=_rows,
    sets_going=("PutObject",),
    tabs=(ServiceTab("buckets", "Buckets", 70, "lab_harness.notebook.console.buckets:show"),),
)
