"""Tests for what several labs ask in the same words: the Failures, word for word."""

import io
import json

import pytest

from lab_harness import Failure, expect

LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/PetOrders"


def failure(ask, *arguments):
    with pytest.raises(Failure) as caught:
        ask(*arguments)
    return caught.value


def create_role(iam, name, trust=LAMBDA_TRUST):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def create_function(lambda_, name, role="arn:aws:iam::000000000000:role/worker"):
    code = {"ZipFile": b"PK\x05\x06" + bytes(18)}  # an empty archive
    lambda_.create_function(FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=role, Code=code)


@pytest.fixture
def role(clients):
    """IAM with the role `worker`, and a function that gives it an inline policy of these statements."""
    iam = clients["iam"]
    create_role(iam, "worker")

    def put(*statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=document)
        return iam

    return put


def allow(action, resource=TABLE):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_names_that_are_all_there_are_fine():
    assert expect.names("tables", ["a", "b"], ["c", "b", "a"], "Look.") is None


def test_missing_name_is_told_with_those_that_are_there():
    found = failure(expect.names, "tables", ["a", "b"], ["c", "a"], "Section 1 shows it.")
    assert (found.expected, found.found, found.next_step) == ("tables: a, b", "tables: a, c", "Section 1 shows it.")


def test_missing_name_among_none_says_there_is_none():
    assert failure(expect.names, "tables", ["a"], [], "Look.").found == "no tables"


def test_long_list_of_names_is_capped_at_five():
    names = [f"t{number}" for number in range(9)]
    assert failure(expect.names, "tables", ["a"], names, "Look.").found == "tables: t0, t1, t2, t3, t4 and 4 more"
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


def test_role_is_found_beyond_the_first_page(clients):
    for number in range(105):
        create_role(clients["iam"], f"role-{number:03}")
    create_role(clients["iam"], "worker")
    assert expect.role(clients["iam"], "worker", "Look.") is None


def test_trust_of_another_service_shows_the_trust_policy(clients):
    create_role(clients["iam"], "worker")
    assert expect.trust(clients["iam"], "worker", "lambda.amazonaws.com") is None
    found = failure(expect.trust, clients["iam"], "worker", "states.amazonaws.com")
    assert found.expected == "a trust policy that allows sts:AssumeRole to states.amazonaws.com"
    assert found.found == f"the trust policy {json.dumps(LAMBDA_TRUST)}"


def test_least_privilege_is_these_services_and_logs(role):
    iam = role(
        allow(["dynamodb:PutItem", "dynamodb:UpdateItem"]),
        allow("DynamoDB:GetItem"),
        allow(["logs:CreateLogGroup", "logs:PutLogEvents"], "*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    )
    assert expect.least_privilege(iam, "worker", ["dynamodb"]) is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (allow("dynamodb:*"), "dynamodb:* in inline"),
        (allow("dynamodb:Put?tem"), "dynamodb:Put?tem in inline"),
        (allow("logs:*"), "logs:* in inline"),
        (allow("dynamodb:PutItem", "*"), 'Resource "*" for dynamodb:PutItem in inline'),
        (allow("sqs:SendMessage"), "actions of sqs"),
        (allow("SQS:SendMessage", "*"), 'Resource "*" for SQS:SendMessage in inline; actions of sqs'),
        (allow("*", "*"), "* in inline"),
    ],
)
def test_anything_wider_is_named(role, statement, found):
    iam = role(allow("dynamodb:PutItem"), statement)
    assert failure(expect.least_privilege, iam, "worker", ["dynamodb"]).found == found


def test_function_uses_the_role_by_its_arn(clients):
    iam, lambda_ = clients["iam"], clients["lambda"]
    create_role(iam, "worker")
    create_role(iam, "other")
    arn = iam.get_role(RoleName="worker")["Role"]["Arn"]
    create_function(lambda_, "hello", arn)
    assert expect.function_role(lambda_, iam, "hello", "worker") is None
    found = failure(expect.function_role, lambda_, iam, "hello", "other")
    assert found.found == f"the role {arn}"
    assert found.expected.endswith(":role/other")


def test_permissions_that_are_missing_are_named(role):
    iam = role(allow("dynamodb:PutItem"), allow("sqs:SendMessage", "*"))
    needed = [("dynamodb:PutItem", TABLE), ("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:queue")]
    assert expect.permissions(iam, "worker", needed, "Look.") is None
    found = failure(expect.permissions, iam, "worker", [*needed, ("dynamodb:GetItem", TABLE)], "Look.")
    assert found.expected == "permission in worker for all that is done with it"
    assert found.found == f"no permission for dynamodb:GetItem on {TABLE}"


class Invoked:
    """A Lambda client whose function answers so."""

    def __init__(self, answer, error=None):
        self.answer = {
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            **({"FunctionError": error} if error else {}),
        }

    def invoke(self, **_):
        return self.answer


LATE = {"errorType": "TooLate", "errorMessage": "it is late"}


@pytest.mark.parametrize(
    ("answer", "failed", "error"), [("fine", None, None), (LATE, "Unhandled", "TooLate"), (LATE, None, None)]
)
def test_a_function_answers_or_fails_as_it_should(answer, failed, error):
    assert expect.answer(Invoked(answer, failed), "worker", {}, error, "Look.") is None


@pytest.mark.parametrize(
    ("answer", "failed", "error", "expected", "found"),
    [
        ("fine", None, "TooLate", "the error TooLate from worker", 'the answer "fine"'),
        (LATE, "Unhandled", None, "an answer from worker", "the function failed with TooLate: it is late"),
        (
            LATE,
            "Unhandled",
            "Other",
            "the error Other from worker",
            "the function failed with TooLate: it is late",
        ),
    ],
)
def test_another_answer_of_a_function_is_shown(answer, failed, error, expected, found):
    shown = failure(expect.answer, Invoked(answer, failed), "worker", {}, error, "Look.")
    assert (shown.expected, shown.found) == (expected, found)
