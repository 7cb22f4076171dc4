"""Tests for the functions of user pools: when they are called, with what, and what becomes of what they say."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.logins.test_user_codes import refuses
from tests.emulators.inside.logins.user_pools import PASSWORD, Owners, claims, code_in
from tests.emulators.inside.permissions.authorization.listener import FUNCTION, is_denied, permit
from tests.labs.helpers import zipped
from tests.roles import role

# Keeps each event as a tag of its own function, and does to the answer what the test says.
RECORDS = """
import boto3, json
def lambda_handler(event, context):
    seen = {"source": event["triggerSource"], "user": event["userName"], "client": event["callerContext"]["clientId"]}
    seen |= {"request": event["request"], "pool": event["userPoolId"]}
    table = boto3.client("dynamodb")
    table.put_item(TableName="seen", Item={"id": {"S": context.aws_request_id}, "event": {"S": json.dumps(seen)}})
    BODY
    return event
"""


@pytest.fixture
def account(embedded):
    embedded.reset()
    learner = Clients(embedded, as_learner=True)
    learner["dynamodb"].create_table(
        TableName="seen", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    return learner


def pool_with(account, body, *triggers, **settings):
    """A pool that calls the listener for these triggers; the function does this with the event."""
    account["lambda"].create_function(
        FunctionName="listener", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role(account),
        Code={"ZipFile": zipped(RECORDS.replace("BODY", body))},
    )  # fmt: skip
    account["lambda"].get_waiter("function_active_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    owners = Owners(account, LambdaConfig=dict.fromkeys(triggers, FUNCTION), **settings)
    permit(account, "cognito-idp", owners.arn)
    return owners


def seen(account):
    items = account["dynamodb"].scan(TableName="seen")["Items"]
    return [json.loads(item["event"]["S"]) for item in items]


def test_sign_up_asks_first_and_tells_afterwards(account, embedded):
    owners = pool_with(account, "pass", "PreSignUp", "PostConfirmation")
    owners.sign_up()
    (before,) = seen(account)
    assert (before["source"], before["user"], before["client"]) == ("PreSignUp_SignUp", "ana", owners.client)
    assert before["request"] == {"userAttributes": {"email": "ana@example.com"}, "validationData": {}}
    owners.confirm(code_in(embedded.inbox()[0]))
    (after,) = [each for each in seen(account) if each != before]
    assert after["source"] == "PostConfirmation_ConfirmSignUp"
    attributes = after["request"]["userAttributes"]
    assert (attributes["email_verified"], attributes["cognito:user_status"]) == ("true", "CONFIRMED")


def test_who_is_confirmed_at_once_is_told_of_too(account, embedded):
    owners = pool_with(
        account, 'event["response"].update(autoConfirmUser=True, autoVerifyEmail=True)', "PreSignUp", "PostConfirmation"
    )
    assert owners.sign_up()["UserConfirmed"]
    assert {each["source"] for each in seen(account)} == {"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}
    assert embedded.inbox() == []
    assert owners.tokens()


def test_function_that_raises_keeps_out_in_awss_words(account):
    owners = pool_with(account, 'raise Exception("Only owners may sign up")', "PreSignUp")
    refuses("UserLambdaValidationException.*PreSignUp failed with error Only owners may sign up\\.$", owners.sign_up)
    refuses("UserNotFound", owners.status)
    refuses("PreSignUp failed with error", owners.add)


def test_function_that_returns_something_else_is_no_answer(account):
    owners = pool_with(account, 'return "fine"', "PreSignUp")
    refuses("InvalidLambdaResponseException.*Unrecognizable lambda output", owners.sign_up)


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"])
def test_sign_in_is_refused_by_each_function_on_its_way(account, trigger):
    owners = pool_with(account, f'raise ValueError("No: {trigger}")', trigger)
    owners.add()
    refuses(f"UserLambdaValidationException.*{trigger} failed with error No: {trigger}\\.$", owners.sign_in)


def test_functions_around_a_sign_in_see_the_user(account):
    owners = pool_with(account, "pass", "PreAuthentication", "PostAuthentication")
    owners.add(email="ana@example.com")
    refuses("Incorrect username", owners.sign_in, "ana", "Wrong-horse-9")
    assert [each["source"] for each in seen(account)] == ["PreAuthentication_Authentication"]
    owners.tokens()
    after = [each for each in seen(account) if each["source"] == "PostAuthentication_Authentication"]
    assert after[0]["request"]["userAttributes"]["email"] == "ana@example.com"
    assert after[0]["request"]["newDeviceUsed"] is False


def test_claims_that_a_function_adds_are_in_the_token(account):
    owners = pool_with(
        account,
        'event["response"]["claimsOverrideDetails"] = {"claimsToAddOrOverride": {"pets": "2"}}',
        "PreTokenGeneration",
    )
    owners.add()
    assert claims(owners.tokens()["IdToken"])["pets"] == "2"


def test_user_of_an_older_system_comes_in_by_their_password(account):
    body = f"""if event["request"]["password"] != {PASSWORD!r}: raise Exception("unknown")
    event["response"].update(userAttributes={{"email": "old@example.com"}}, finalUserStatus="CONFIRMED")"""
    owners = pool_with(account, body, "UserMigration")
    refuses("UserNotFoundException", owners.sign_in, "old", "Wrong-horse-9")
    assert owners.tokens("old")
    assert owners.status("old") == "CONFIRMED"
    assert len(seen(account)) == 2
    assert owners.tokens("old")
    assert len(seen(account)) == 2, "who is here is asked for no more"


def test_code_is_sent_in_the_functions_words(account, embedded):
    body = """code = event["request"]["codeParameter"]
    event["response"].update(emailSubject="Welcome, " + event["userName"], emailMessage="Woof! " + code)"""
    owners = pool_with(account, body, "CustomMessage")
    owners.sign_up()
    (mail,) = embedded.inbox()
    assert (mail.subject, mail.text) == ("Welcome, ana", f"Woof! {code_in(mail)}")
    owners.idp.resend_confirmation_code(ClientId=owners.client, Username="ana")
    assert {each["source"] for each in seen(account)} == {"CustomMessage_SignUp", "CustomMessage_ResendCode"}
    owners.confirm(code_in(embedded.inbox()[1]))


def test_each_function_must_let_the_pool_call_it(account, embedded):
    owners = pool_with(account, "pass", "PostAuthentication")
    owners.add()
    account["lambda"].remove_permission(FunctionName="listener", StatementId="let-in")

    def is_refused():
        with pytest.raises(ClientError, match=r"UnexpectedLambda.*PostAuthentication invocation failed.*AccessDenied"):
            owners.sign_in()

    assert is_denied(embedded, is_refused)["principal"] == "cognito-idp.amazonaws.com"
    permit(account, "cognito-idp", owners.arn)
    assert owners.tokens()
    account["lambda"].remove_permission(FunctionName="listener", StatementId="let-in")
    is_denied(embedded, is_refused)
