"""Tests for the checks that most labs have in the same words: their titles and marks, and what they find."""

import pytest

from lab_harness.authors import standard_checks
from lab_harness.authors.checks import mark_of
from tests.authors.making import create_function, create_role, create_table, failure
from tests.roles import allow, trust

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def needed(): ...


CHECKS = {
    "The role worker exists": lambda **mark: standard_checks.role_exists("worker", "Look.", **mark),
    "Lambda may assume the role": lambda **mark: standard_checks.role_trusts_lambda("worker", **mark),
    "The role may do nothing more than it needs": lambda **mark: standard_checks.role_is_least_privilege(
        "worker", **mark
    ),
    "The role may send": lambda **mark: standard_checks.role_permits(
        "The role may send", "worker", [("sqs:SendMessage", QUEUE)], [], "Look.", **mark
    ),
    "The role may write logs": lambda **mark: standard_checks.role_may_write_logs("worker", "hello", "Look.", **mark),
    "The queue pets exists": lambda **mark: standard_checks.queue_exists("pets", "Look.", **mark),
    "The topic pets exists": lambda **mark: standard_checks.topic_exists("pets", "Look.", **mark),
    "The bucket pets exists": lambda **mark: standard_checks.bucket_exists("pets", "Look.", **mark),
    "The stream pets exists": lambda **mark: standard_checks.stream_exists("pets", "Look.", **mark),
    "The function hello exists": lambda **mark: standard_checks.function_exists("hello", "Look.", **mark),
    "The function may run for 3 seconds": lambda **mark: standard_checks.function_times_out("hello", 3, **mark),
    "The table PetOrders has the partition key id": lambda **mark: standard_checks.table_exists(
        "PetOrders", "id", "Look.", **mark
    ),
    "The table's capacity is on demand": lambda **mark: standard_checks.table_is_on_demand("PetOrders", **mark),
    "The function uses the role": lambda **mark: standard_checks.function_uses_role("hello", "worker", **mark),
}


@pytest.mark.parametrize(("title", "make"), CHECKS.items(), ids=CHECKS)
def test_each_has_its_title_and_the_task_needs_and_points_given(title, make):
    mark = mark_of(make(task="role", needs=needed, points=2))
    assert (mark.title, mark.task, mark.needs, mark.points) == (title, "role", (needed,), 2)
    assert (mark_of(make()).task, mark_of(make()).needs, mark_of(make()).points) == (None, (), 1)


def test_each_finds_what_its_title_says(clients):
    iam, lambda_, dynamodb = clients["iam"], clients["lambda"], clients["dynamodb"]
    exists, trusts, least, permits, writes, *_, function, times, table, on_demand, uses = (
        make() for make in CHECKS.values()
    )
    assert (failure(exists, iam).found, failure(function, lambda_).found) == ("no roles", "no functions")
    create_role(iam, "worker")
    create_function(lambda_, "hello")
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust("ec2"))
    assert exists(iam) is least(iam) is function(lambda_) is uses(lambda_, iam) is None
    assert failure(trusts, iam).expected.endswith("lambda.amazonaws.com")
    assert "sqs:SendMessage on orders" in failure(permits, iam, clients["logs"]).found
    assert "logs:CreateLogStream, logs:PutLogEvents on /aws/lambda/hello" in failure(writes, iam, clients["logs"]).found
    allow(clients, "worker", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE})
    assert failure(least, iam).found == "actions of sqs"
    assert standard_checks.role_is_least_privilege("worker", [("sqs:SendMessage", QUEUE)])(iam) is None
    assert permits(iam, clients["logs"]) is None
    assert times(lambda_) is None
    lambda_.update_function_configuration(FunctionName="hello", Timeout=4)
    assert failure(times, lambda_).found == "a timeout of hello in seconds of 4"
    assert failure(table, dynamodb).found == "no tables"
    create_table(dynamodb, ("id", "HASH", "S"))
    assert table(dynamodb) is on_demand(dynamodb) is None
    capacity = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    dynamodb.update_table(TableName="PetOrders", BillingMode="PROVISIONED", ProvisionedThroughput=capacity)
    assert failure(on_demand, dynamodb).found == "the billing mode PROVISIONED"
    create_role(iam, "another")
    assert failure(standard_checks.function_uses_role("hello", "another"), lambda_, iam).expected.endswith("/another")


def test_what_a_lab_gives_is_found_by_its_name(clients):
    sqs, sns, s3, kinesis = (clients[service] for service in ("sqs", "sns", "s3", "kinesis"))
    made = [make() for title, make in CHECKS.items() if title.endswith("pets exists")]
    kinds = ("queues", "topics", "buckets", "streams")
    for check, client, kind in zip(made, (sqs, sns, s3, kinesis), kinds, strict=True):
        assert failure(check, client).found == f"no {kind}"
    sqs.create_queue(QueueName="pets")
    sns.create_topic(Name="pets")
    s3.create_bucket(Bucket="pets")
    kinesis.create_stream(StreamName="pets", ShardCount=1)
    for check, client in zip(made, (sqs, sns, s3, kinesis), strict=True):
        assert check(client) is None
