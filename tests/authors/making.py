"""What the tests of the author API make in an account, and how they read a Failure."""

import json

import pytest

from lab_harness.authors import Failure
from tests.labs.helpers import zipped

LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def failure(ask, *arguments, **named):
    with pytest.raises(Failure) as caught:
        ask(*arguments, **named)
    return caught.value


def create_role(iam, name, trust=LAMBDA_TRUST):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def create_function(lambda_, name, role="arn:aws:iam::000000000000:role/worker"):
    code = {"ZipFile": zipped("")}
    lambda_.create_function(FunctionName=name, Runtime="python3.12", Handler="main.handler", Role=role, Code=code)


def create_table(dynamodb, *keys, name="PetOrders"):
    """A table with these keys: `("id", "HASH", "S")`."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind, _ in keys],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": type_} for attribute, _, type_ in keys],
    )
