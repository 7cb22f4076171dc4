"""Tests for the verdicts: which errors in a check are about the learner's account, and which are the course's own."""

import base64
import json
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from lab_harness.authors.checks import Cancelled, Failure
from lab_harness.authors.made import remember
from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import Check
from lab_harness.runner import run_alone
from lab_harness.verdicts import failure_of, first_cause


def refused(operation="GetItem", code="ValidationException", message="no", status=400, **arguments):
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response | {"Arguments": arguments}, operation)


def outcome(clients, function, **parameters):
    return run_alone(Check("first", function, "First", None, 1, (), parameters), clients)


def test_refused_call_is_a_failure_with_awss_message_the_call_and_the_resource(clients):
    key = {"KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}]}
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "day")]
    clients["dynamodb"].create_table(
        TableName="PetOrders", **key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )

    def reads(dynamodb):
        dynamodb.get_item(TableName="PetOrders", Key={"orderId": {"S": "o-1"}})

    found = outcome(clients, reads, dynamodb="dynamodb")
    assert found.outcome == "failed"
    assert found.expected == "the table PetOrders as the lab asks for it"
    assert found.found.startswith("AWS refused GetItem on the table PetOrders: ")
    assert found.found.endswith("(ValidationException)")
    assert "schema" in found.found
    assert found.next_step.startswith("Compare its key and the types of its attributes")


@pytest.mark.parametrize(
    ("error", "resource"),
    [
        (refused(QueueUrl="http://127.0.0.1:4566/000000000000/pet-orders"), "the queue pet-orders"),
        (refused(FunctionName="hello"), "the function hello"),
        (refused(Bucket="site", Key="index.html"), "the bucket site"),
        (refused(Rule="alert", Targets=[]), "the rule alert"),
        (refused(Name="alert"), "the resource alert"),
        (refused(), ""),
        (refused(QueueUrl=None), ""),
    ],
)
def test_failure_names_the_resource_that_the_call_was_about(error, resource):
    failure = failure_of(error)
    assert failure.found == f"AWS refused GetItem{f' on {resource}' if resource else ''}: no (ValidationException)"
    assert failure.expected == f"{resource or 'an account'} as the lab asks for it"


@pytest.mark.parametrize(
    ("code", "next_step"),
    [
        ("ResourceNotFoundException", "whether it is still there"),
        ("NoSuchBucket", "whether it is still there"),
        ("AWS.SimpleQueueService.NonExistentQueue", "whether it is still there"),
        ("AccessDeniedException", "its own policy"),
        ("ResourceInUseException", "in which state"),
        ("TooManyRequestsException", "which limits"),
        ("InvalidParameter", "its settings"),
    ],
)
def test_next_step_depends_on_why_the_call_was_refused(code, next_step):
    assert next_step in failure_of(refused(code=code)).next_step


def test_json_that_is_nested_too_deeply_is_the_accounts():
    def recurses():
        return recurses()

    with pytest.raises(RecursionError) as read:
        json.loads("[" * 100_000)
    with pytest.raises(RecursionError) as written:
        recurses()
    assert "recursion" in failure_of(read.value).found
    assert failure_of(written.value) is None


def test_answer_that_boto3_cannot_read_is_the_accounts(clients):
    gateway = clients["apigateway"]
    plan = gateway.create_usage_plan(name="basic", throttle={"rateLimit": 2, "burstLimit": 2})["id"]
    limit = {"op": "replace", "path": "/throttle/rateLimit", "value": "many"}

    def changes(apigateway):
        apigateway.update_usage_plan(usagePlanId=plan, patchOperations=[limit])  # MiniStack takes it, AWS would not

    found = outcome(clients, changes, apigateway="apigateway")
    assert (found.outcome, "many" in found.found) == ("failed", True)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("typo"),
        ValueError("typo"),
        ParamValidationError(report="no TableName"),
        refused(code="UnknownOperationException"),
        refused(code="InvalidAction"),
        refused(code="SignatureDoesNotMatch", status=403),
        refused(code="InternalFailure", status=500),
        refused(code="NotImplemented", status=501),
    ],
)
def test_what_no_account_can_cause_is_the_courses_own_mistake(error):
    assert failure_of(error) is None


def test_refused_call_about_something_that_a_check_made_is_the_courses_own_mistake():
    name = remember("dove-adler-17")
    assert failure_of(refused("DeleteQueue", QueueUrl=f"http://127.0.0.1:4566/000000000000/{name}")) is None
    assert failure_of(refused("PutTargets", Rule=name, Targets=[{"Id": "queue", "Arn": "x"}])) is None
    assert failure_of(refused("PutTargets", Targets=[{"Arn": f"arn:aws:sqs:us-east-1:000000000000:{name}"}])) is None
    assert failure_of(refused("DeleteQueue", QueueUrl=f"http://127.0.0.1:4566/000000000000/{name}8")) is not None


@contextmanager
def clean_up_that_raises(error):
    try:
        yield
    finally:
        raise error


@pytest.mark.parametrize("error", [refused(), KeyError("typo"), Failure(expected="a", found="b", next_step="c")])
def test_error_in_the_clean_up_does_not_hide_the_failure_before_it(clients, error):
    def fails():
        with clean_up_that_raises(error):
            raise Failure(expected="two", found="one", next_step="Count again.")

    found = outcome(clients, fails)
    assert (found.outcome, found.expected, found.found) == ("failed", "two", "one")


def test_refused_clean_up_does_not_hide_a_mistake_of_the_course(clients):
    def breaks():
        with clean_up_that_raises(refused()):
            raise KeyError("typo")

    found = outcome(clients, breaks)
    assert found.outcome == "broken"
    assert "KeyError: 'typo'" in found.found


def test_clean_up_that_is_refused_after_all_was_well_is_a_failure(clients):
    def passes():
        with clean_up_that_raises(refused(TableName="Pets")):
            pass

    assert outcome(clients, passes).found == "AWS refused GetItem on the table Pets: no (ValidationException)"


@pytest.mark.parametrize("error", [Cancelled(), EmulatorNotReady("Nothing answers.")])
def test_what_ends_the_run_ends_it_though_the_clean_up_raises(clients, error):
    def ends():
        with clean_up_that_raises(refused()):
            raise error

    with pytest.raises(type(error)):
        outcome(clients, ends)


def test_failure_that_a_check_made_of_another_error_stands():
    with pytest.raises(Failure) as caught:
        try:
            raise refused()
        except ClientError:
            raise Failure(expected="two", found="one", next_step="Count again.") from None
    assert first_cause(caught.value) is caught.value


def test_what_was_being_handled_when_the_checks_were_run_is_no_cause(clients):
    def fails():
        raise Failure(expected="two", found="one", next_step="Count again.")

    try:
        raise KeyError("the caller's own")
    except KeyError:
        found = outcome(clients, fails)
    assert (found.outcome, found.found) == ("failed", "one")


@pytest.mark.parametrize(
    "read",
    [
        lambda: json.loads("garbage"),
        lambda: json.loads(b"\xff\xfe{"),
        lambda: "Größe".encode("latin-1").decode(),
        lambda: base64.b64decode("x", validate=True),
    ],
)
def test_what_nobody_can_read_is_the_accounts_for_from_there_a_check_reads(read):
    with pytest.raises(ValueError) as caught:
        read()
    failure = failure_of(caught.value)
    assert failure.found == f"something that cannot be read: {caught.value}"
    assert "UTF-8" in failure.next_step


def test_other_values_that_a_check_trips_over_are_the_courses_own_mistake():
    with pytest.raises(ValueError) as caught:
        int("x")
    assert failure_of(caught.value) is None
