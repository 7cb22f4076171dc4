"""Tests for the policies of functions and their aliases on the embedded emulator: each has its own statements."""

import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"
MAY = {"FunctionName": "hello", "StatementId": "api", "Action": "lambda:InvokeFunction"}


@pytest.fixture
def lambda_(hello):
    """A client of an account whose function hello has the aliases one and two."""
    lambda_ = hello("def lambda_handler(event, context): pass")["lambda"]
    for alias in ("one", "two"):
        lambda_.create_alias(FunctionName="hello", Name=alias, FunctionVersion="$LATEST")
    return lambda_


def resources(lambda_, **qualifier):
    policy = json.loads(lambda_.get_policy(FunctionName="hello", **qualifier)["Policy"])
    return [each["Resource"] for each in policy["Statement"]]


def test_function_and_aliases_have_statements_of_the_same_id(lambda_):
    qualifiers = {"": {}, ":one": {"Qualifier": "one"}, ":two": {"Qualifier": "two"}}
    for qualifier in qualifiers.values():
        lambda_.add_permission(**MAY, **qualifier, Principal="apigateway.amazonaws.com")
        with pytest.raises(ClientError, match="already exists"):
            lambda_.add_permission(**MAY, **qualifier, Principal="apigateway.amazonaws.com")
    for end, qualifier in qualifiers.items():
        assert resources(lambda_, **qualifier) == [f"{ARN}{end}"]
    lambda_.remove_permission(FunctionName="hello", StatementId="api")
    assert [resources(lambda_, Qualifier=alias) for alias in ("one", "two")] == [[f"{ARN}:one"], [f"{ARN}:two"]]
    lambda_.remove_permission(FunctionName="hello", StatementId="api", Qualifier="one")
    assert resources(lambda_, Qualifier="two") == [f"{ARN}:two"]
    with pytest.raises(ClientError, match="No policy"):
        resources(lambda_, Qualifier="one")


def test_policy_of_no_function_is_not_found(lambda_):
    with pytest.raises(ClientError, match="not found"):
        lambda_.get_policy(FunctionName="none")
