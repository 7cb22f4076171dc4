"""Tests for what to do about the errors that beginners' functions most often end with: each is a real run's."""

import pytest

from lab_harness.authors import functions, mishaps
from tests.labs.helpers import deploy, zipped
from tests.roles import ready

RIGHT = "def lambda_handler(event, context): return 1"
OTHERWISE = "Section 3 says what it returns."


@pytest.fixture(scope="module")
def clients(emulator):
    from lab_harness.aws import Clients

    if emulator.name == "embedded":
        emulator.reset()
    ready(emulator)
    return Clients(emulator)


@pytest.fixture(scope="module")
def function(clients):
    """A function whose code each test replaces."""
    clients["lambda"].create_function(
        FunctionName="mishaps", Runtime="python3.13", Handler="lambda_function.lambda_handler", Timeout=1,
        Role="arn:aws:iam::000000000000:role/worker", Code={"ZipFile": zipped(RIGHT)},
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="mishaps", WaiterConfig={"Delay": 0.1})
    yield "mishaps"
    clients["lambda"].delete_function(FunctionName="mishaps")


def body(*lines):
    return "\n    ".join(["def lambda_handler(event, context):", *lines])


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("import lambda_function2", "leave lambda_function2 out, or put it into the zip archive"),
        ("def lambda_handler(event, context) return 1", "mend the line that the error names"),
        ("def handler(event, context): return 1", "lambda_function.py has no function lambda_handler"),
        ("import time\n" + body("time.sleep(9)"), "ran out of its time"),
        ("def lambda_handler(event): return 1", "two arguments, event and context"),
        (body("return event['Body']"), "Nothing is called 'Body' where the handler looks for it"),
        (body("return event.get('x').get('id')"), "Something is None there"),
        (body("return {1, 2}"), "must be JSON"),
        ("import json, decimal\n" + body("return json.dumps(decimal.Decimal(1))"), "default=float"),
        (body("raise TypeError('Float types are not supported. Use Decimal types instead.')"), "parse_float=Decimal"),
        (body("return event + 1"), "ended with TypeError: the traceback"),
        (body("raise ValueError('no')"), "ended with ValueError"),
        ("class PetNotFound(Exception): pass\n" + body("raise PetNotFound('p-1')"), OTHERWISE),
        (RIGHT, OTHERWISE),
    ],
)
def test_each_error_has_its_advice_by_the_answer_and_by_the_log(clients, function, code, advice):
    deploy(clients, function, code)
    invocation = functions.invoke(clients["lambda"], function, {"name": "Ana"})
    assert advice in invocation.next_step(OTHERWISE)
    if clients.emulator.name == "embedded":  # LocalStack delivers logs later
        assert advice in functions.next_step(clients["logs"], function, OTHERWISE)


@pytest.mark.parametrize(
    ("evidence", "advice"),
    [
        ("Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'lambda_function'",
         "has no lambda_function.py at its top"),
        ("ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the PutItem operation: "
         "Requested resource not found", "PutItem found no such thing"),
        ("ClientError: An error occurred when calling the GetItem operation: The provided key element "
         "does not match the schema", "GetItem was given a Key that does not fit"),
        ("failed 81f73b9c KeyError('Body')", "Nothing is called 'Body' where"),
        ("failed 81f73b9c TypeError(\"string indices must be integers, not 'str'\")", "json.loads makes one of it"),
        ("TypeError: list indices must be integers or slices, not str", "go through what is in it"),
        ("ClientError('… not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:1:pets because",
         "does not allow sqs:SendMessage on arn:aws:sqs:us-east-1:1:pets:"),
        ("", OTHERWISE),
    ],
)  # fmt: skip
def test_evidence_of_other_kinds(evidence, advice):
    assert advice in mishaps.next_step(evidence, OTHERWISE)
