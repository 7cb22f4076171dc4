"""Tests for what is expected to be there, by name, and for single values: the Failures, word for word."""

import io
import zipfile

import pytest

from lab_harness.authors import expect
from lab_harness.authors.made import remember
from lab_harness.authors.next_steps import build_anew
from tests.authors.making import create_function, create_role, create_table, failure


def test_names_that_are_all_there_are_fine():
    assert expect.names("tables", ["a", "b"], ["c", "b", "a"], "Look.") is None


def test_missing_name_is_told_with_those_that_are_there():
    found = failure(expect.names, "tables", ["a", "b"], ["c", "a"], "Section 1 shows it.")
    assert (found.expected, found.found, found.next_step) == ("tables: a, b", "tables: a, c", "Section 1 shows it.")


def test_failures_say_whether_what_is_asked_for_is_there(clients):
    assert failure(expect.names, "tables", ["a", "b"], ["c"], "Look.").there is False
    assert failure(expect.names, "tables", ["a", "b"], ["a"], "Look.").there is True
    assert failure(expect.names, "keys of the plan", ["a"], [], "Look.", setting=True).there is True
    for nothing in (None, "", "none", "no such method", "not enabled"):  # of a setting: what has it is there
        assert failure(expect.value, "the state", "ENABLED", nothing, "Look.").there is True, nothing
    assert failure(expect.table, clients["dynamodb"], "PetOrders", "id (HASH, S)", "Look.").there is False
    create_table(clients["dynamodb"], ("id", "HASH", "S"))
    assert failure(expect.table, clients["dynamodb"], "PetOrders", "other (HASH, S)", "Look.").there is True


def test_what_checks_have_made_is_not_among_what_is_found(clients):
    for name in ("mine", remember("a-probes-own")):
        clients["sqs"].create_queue(QueueName=name)
    assert failure(expect.exists, clients["sqs"], "queues", ["wanted"], "Look.").found == "queues: mine"


def test_missing_name_among_none_says_there_is_none():
    assert failure(expect.names, "tables", ["a"], [], "Look.").found == "no tables"


def test_long_list_of_names_is_capped_at_five():
    names = [f"t{number}" for number in range(9)]
    assert failure(expect.names, "tables", ["a"], names, "Look.").found == "tables: t0, t1, t2, t3, t4 and 4 more"
    wanted = ["t8", "pets"]  # what another lab has made hides neither what is there nor what is nearly that
    assert failure(expect.names, "tables", wanted, {*names, "pet"}, "Look.").found == (
        "tables: pet, t0, t1, t2, t8 and 5 more"
    )
    assert failure(expect.names, "tables", ["a"], names[:5], "Look.").found == "tables: t0, t1, t2, t3, t4"


def test_value_that_differs_is_told_with_the_one_wanted():
    assert expect.value("the timeout", 3, 3, "Look.") is None
    found = failure(expect.value, "the timeout", 3, 30, "Change Timeout.")
    assert (found.expected, found.found, found.next_step) == ("the timeout 3", "the timeout 30", "Change Timeout.")


def test_role_and_function_are_looked_up_by_name(clients):
    iam, lambda_ = clients["iam"], clients["lambda"]
    before = failure(expect.role, iam, "worker", "Section 1 shows create_role.")
    assert (before.expected, before.next_step) == ("roles: worker", "Section 1 shows create_role.")
    assert failure(expect.function, lambda_, "hello", "Look.").found == "no functions"
    create_role(iam, "worker")
    create_function(lambda_, "hello")
    assert expect.role(iam, "worker", "Look.") is None
    assert expect.function(lambda_, "hello", "Look.") is None
    assert failure(expect.function, lambda_, "hell", "Look.").found == "functions: hello"


def test_queue_bucket_and_topic_are_looked_up_by_name(clients):
    s3, sns, sqs = clients["s3"], clients["sns"], clients["sqs"]
    s3.create_bucket(Bucket="photos-2")
    sqs.create_queue(QueueName="my-photos")
    sns.create_topic(Name="photos-2")
    assert failure(expect.bucket, s3, "photos", "Look.").found == "buckets: photos-2"
    assert failure(expect.queue, sqs, "photos", "Look.").found == "queues: my-photos"
    assert failure(expect.topic, sns, "photos", "Look.").found == "topics: photos-2"
    assert expect.bucket(s3, "photos-2", "Look.") is None
    assert expect.queue(sqs, "my-photos", "Look.") is None
    assert expect.topic(sns, "photos-2", "Look.") is None


def test_layer_is_there_as_long_as_it_has_a_version(clients):
    lambda_, archive = clients["lambda"], io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("python/rules.py", "")
    assert failure(expect.layer, lambda_, "rules", "Look.").found == "no layers"
    made = lambda_.publish_layer_version(LayerName="rules", Content={"ZipFile": archive.getvalue()})
    assert expect.layer(lambda_, "rules", "Look.") is None
    assert "rules is nearly rule" in failure(expect.layer, lambda_, "rule", "Look.").next_step
    lambda_.delete_layer_version(LayerName="rules", VersionNumber=made["Version"])
    assert failure(expect.layer, lambda_, "rules", "Look.").found == "no layers"


def test_several_resources_of_a_kind_must_all_exist(clients):
    sqs = clients["sqs"]
    sqs.create_queue(QueueName="in")
    assert expect.exists(sqs, "queues", ["in"], "Look.") is None
    missing = failure(expect.exists, sqs, "queues", ["in", "out"], "Section 2 shows it.")
    assert (missing.expected, missing.found, missing.next_step) == (
        "queues: in, out",
        "queues: in",
        "Section 2 shows it.",
    )


def test_what_is_left_is_named_until_all_is_gone(clients):
    iam, sqs = clients["iam"], clients["sqs"]
    create_role(iam, "worker")
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    wanted = [(iam, "roles", "worker"), (sqs, "queues", "letters"), (sqs, "queues", "parcels")]
    left = failure(expect.gone, wanted, "Delete them.")
    assert (left.expected, left.found) == (
        "left of the lab: nothing",
        "left of the lab: the role worker, the queue letters",
    )
    sqs.delete_queue(QueueUrl=url)
    iam.delete_role(RoleName="worker")
    assert expect.gone(wanted, "Delete them.") is None


def test_role_is_found_beyond_the_first_page(clients):
    for number in range(105):
        create_role(clients["iam"], f"role-{number:03}")
    create_role(clients["iam"], "worker")
    assert expect.role(clients["iam"], "worker", "Look.") is None


# A table and its key.


ID, MOMENT = ("id", "HASH", "S"), ("moment", "RANGE", "N")


@pytest.mark.parametrize(
    ("keys", "wanted"), [([ID], "id (HASH, S)"), ([ID, MOMENT], "id (HASH, S), moment (RANGE, N)")]
)
def test_table_with_the_key_asked_for_is_fine(clients, keys, wanted):
    create_table(clients["dynamodb"], *keys)
    assert expect.table(clients["dynamodb"], "PetOrders", wanted, "Look.") is None


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([("id", "HASH", "N")], "the key id (HASH, N)"),
        ([("id", "HASH", "B")], "the key id (HASH, B)"),
        ([("Id", "HASH", "S")], "the key Id (HASH, S)"),
        ([ID, MOMENT], "the key id (HASH, S), moment (RANGE, N)"),
    ],
)
def test_another_key_is_told_with_the_one_wanted(clients, keys, found):
    create_table(clients["dynamodb"], *keys)
    shown = failure(expect.table, clients["dynamodb"], "PetOrders", "id (HASH, S)", "Look.")
    assert (shown.expected, shown.found) == ("the key id (HASH, S)", found)
    assert shown.next_step == build_anew("A key", "create_table")


def test_table_that_is_missing_is_told_with_those_that_are_there(clients):
    create_table(clients["dynamodb"], ID, name="pet-orders")
    shown = failure(expect.table, clients["dynamodb"], "PetOrders", "id (HASH, S)", "Section 1 shows it.")
    assert shown.found == "tables: pet-orders"
    assert shown.next_step == "pet-orders is nearly PetOrders: compare them letter by letter. Section 1 shows it."


def test_what_is_nearly_the_name_is_told_before_the_next_step(clients):
    shown = failure(expect.names, "queues", ["pet-orders", "logs"], ["pet-order", "logs"], "Section 2 shows it.")
    assert shown.next_step == "pet-order is nearly pet-orders: compare them letter by letter. Section 2 shows it."


def test_table_is_found_beyond_the_first_page(clients):
    for number in range(101):
        create_table(clients["dynamodb"], ID, name=f"table-{number:03}")
    create_table(clients["dynamodb"], ID, name="the-last")
    assert expect.table(clients["dynamodb"], "the-last", "id (HASH, S)", "Look.") is None
