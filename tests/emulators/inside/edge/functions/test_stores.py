"""Tests for key value stores, which a file in S3 fills and functions read."""

import json

import pytest
from botocore.exceptions import ClientError

READING = """
import cf from 'cloudfront';
async function handler(event) {
  const pets = cf.kvs();
  const name = event.request.uri.slice(1);
  const found = await pets.exists(name) ? await pets.get(name) : 'nobody';
  return { statusCode: 200, headers: { 'x-pet': { value: found } } };
}
"""


def pairs(**values):
    return json.dumps({"data": [{"key": key, "value": value} for key, value in values.items()]}).encode()


class Stores:
    """Makes key value stores from files in S3."""

    def __init__(self, functions):
        self.functions, self.cloudfront, self.s3 = functions, functions.cloudfront, functions.viewer.clients["s3"]

    def make(self, body, name="pets", key="pets.json", kind="S3"):
        if body is not None:
            self.s3.put_object(Bucket="site", Key="pets.json", Body=body)
        source = {"SourceType": kind, "SourceARN": f"arn:aws:s3:::site/{key}"}
        return self.cloudfront.create_key_value_store(Name=name, ImportSource=source)["KeyValueStore"]

    def use(self, *arns, code=READING, **more):
        listed = {"Quantity": len(arns), "Items": [{"KeyValueStoreARN": arn} for arn in arns]}
        return self.functions.use(code, KeyValueStoreAssociations=listed, **more)

    def refused(self, body, **more):
        with pytest.raises(ClientError) as caught:
            self.make(body, **more)
        assert self.cloudfront.list_key_value_stores()["KeyValueStoreList"]["Quantity"] == 0
        return caught.value.response["Error"]["Code"]


@pytest.fixture
def stores(functions):
    return Stores(functions)


def test_a_function_reads_what_the_file_has(stores):
    made = stores.make(pairs(bello="dog", mimi="cat", **{"k" * 512: "v" * 1024}))
    assert made["Status"] == "PROVISIONING"
    assert stores.cloudfront.describe_key_value_store(Name="pets")["KeyValueStore"]["Status"] == "READY"
    stores.use(made["ARN"])
    assert [stores.functions.viewer.ask(f"/{name}").headers["x-pet"] for name in ("bello", "mimi", "rex")] == [
        "dog", "cat", "nobody",
    ]  # fmt: skip


def test_a_function_in_test_reads_it_too(stores):
    arn = stores.make(pairs(pets="all"))["ARN"]
    stores.use(arn)
    event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": {"method": "GET", "uri": "/pets"}}
    assert '"x-pet":{"value":"all"}' in stores.functions.test(event=event)["FunctionOutput"].replace(" ", "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "InvalidArgument"), (b"\xff", "InvalidArgument"), (b"[]", "InvalidArgument"),
        (b'{"data": 5}', "InvalidArgument"), (b'{"data": [{"key": "a"}]}', "InvalidArgument"),
        (b'{"data": [{"key": "a", "value": 5}]}', "InvalidArgument"), (b"[" * 99_999, "InvalidArgument"),
        (b'{"data": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}', "InvalidArgument"),
        (pairs(a="x" * 1025), "InvalidArgument"), (pairs(**{"k" * 513: "x"}), "InvalidArgument"),
        (rb'{"data": [{"key": "a", "value": "\ud800"}]}', "InvalidArgument"),
        (pairs(a="é" * 513), "InvalidArgument"), (b" " * 5_242_881, "EntitySizeLimitExceeded"),
        (None, "InvalidArgument"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(stores, body, code):
    assert stores.refused(body) == code


def test_a_source_that_is_no_object_is_refused(stores):
    assert stores.refused(pairs(), kind="DynamoDB") == stores.refused(pairs(), key="") == "InvalidArgument"


def test_another_store_of_the_same_name_has_none_of_the_old_pairs(stores):
    stores.make(pairs(bello="dog"))
    etag = stores.cloudfront.describe_key_value_store(Name="pets")["ETag"]
    stores.cloudfront.delete_key_value_store(Name="pets", IfMatch=etag)
    stores.use(stores.cloudfront.create_key_value_store(Name="pets")["KeyValueStore"]["ARN"])
    assert stores.functions.viewer.ask("/bello").headers["x-pet"] == "nobody"


def test_a_function_has_one_store_that_is_there_and_the_newer_runtime(stores):
    arn = stores.make(pairs(bello="dog"))["ARN"]
    other = stores.cloudfront.create_key_value_store(Name="other")["KeyValueStore"]["ARN"]
    for arns, more, code in (
        ((arn, other), {}, "InvalidArgument"), ((arn,), {"runtime": "1.0"}, "InvalidArgument"),
        ((f"{arn}s",), {}, "EntityNotFound"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as caught:
            stores.use(*arns, **more)
        assert caught.value.response["Error"]["Code"] == code


def test_a_store_that_a_function_names_stays(stores):
    stores.use(stores.make(pairs(bello="dog"))["ARN"])
    etag = stores.cloudfront.describe_key_value_store(Name="pets")["ETag"]
    with pytest.raises(ClientError, match="CannotDeleteEntityWhileInUse"):
        stores.cloudfront.delete_key_value_store(Name="pets", IfMatch=etag)
