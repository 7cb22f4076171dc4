"""Tests for the functions of Cognito's user pools: only one that lets the pool call it is called."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.permissions.authorization.listener import FUNCTION, forbid, is_denied, permit, runs
from tests.labs.helpers import zipped

RETURNS = "def lambda_handler(event, context): return event"
PASSWORD = "Correct-horse-9"


def client_of(account, **triggers):
    """The ARN of a user pool whose triggers are these, and the id of a client of it."""
    pool = account["cognito-idp"].create_user_pool(PoolName="owners", LambdaConfig=triggers)["UserPool"]
    client = account["cognito-idp"].create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="site", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]  # fmt: skip
    return pool, client["ClientId"]


def test_sign_up_asks_a_function_that_lets_the_pool_call_it(account, embedded):
    account["lambda"].update_function_code(FunctionName="listener", ZipFile=zipped(RETURNS))
    account["lambda"].get_waiter("function_updated_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    pool, client = client_of(account, PreSignUp=FUNCTION)

    def sign_up(name):
        account["cognito-idp"].sign_up(ClientId=client, Username=name, Password=PASSWORD)

    def is_refused(name):
        with pytest.raises(
            ClientError, match=r"UnexpectedLambda.*PreSignUp invocation failed due to error AccessDenied"
        ):
            sign_up(name)

    assert is_denied(embedded, lambda: is_refused("ana"))["principal"] == "cognito-idp.amazonaws.com"
    permit(account, "cognito-idp", pool["Arn"])
    runs(embedded, lambda: sign_up("ana"))
    forbid(account)
    permit(account, "cognito-idp", f"{pool['Arn']}-other")
    is_denied(embedded, lambda: is_refused("bea"))
    (user,) = account["cognito-idp"].list_users(UserPoolId=pool["Id"])["Users"]
    assert user["Username"] == "ana"


def test_tokens_are_made_by_a_function_that_lets_the_pool_call_it(account, embedded):
    account["lambda"].update_function_code(FunctionName="listener", ZipFile=zipped(RETURNS))
    account["lambda"].get_waiter("function_updated_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    pool, client = client_of(account, PreTokenGenerationConfig={"LambdaArn": FUNCTION, "LambdaVersion": "V2_0"})
    account["cognito-idp"].admin_create_user(UserPoolId=pool["Id"], Username="ana", MessageAction="SUPPRESS")
    account["cognito-idp"].admin_set_user_password(
        UserPoolId=pool["Id"], Username="ana", Password=PASSWORD, Permanent=True
    )

    def log_in():
        given = {"USERNAME": "ana", "PASSWORD": PASSWORD}
        return account["cognito-idp"].initiate_auth(
            ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
        )

    def is_refused():
        with pytest.raises(ClientError, match=r"UnexpectedLambda.*PreTokenGeneration invocation failed"):
            log_in()

    is_denied(embedded, is_refused)
    permit(account, "cognito-idp", pool["Arn"])
    runs(embedded, log_in)
    forbid(account)
    is_denied(embedded, is_refused)
