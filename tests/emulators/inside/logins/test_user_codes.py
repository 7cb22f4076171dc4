"""Tests for the codes of Cognito: random, sent to the inbox, over after their time."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from lab_harness.emulators.base import Mail
from tests.emulators.inside.logins.user_pools import Owners, another, code_in
from tests.emulators.inside.tables.test_point_in_time import advance

DAY, HOUR = timedelta(days=1).total_seconds(), timedelta(hours=1).total_seconds()


@pytest.fixture
def owners(clients):
    return Owners(clients)


def refuses(what, call, *given):
    with pytest.raises(ClientError, match=what):
        call(*given)


def test_code_arrives_by_mail_and_confirms(owners, embedded):
    told = owners.sign_up()["CodeDeliveryDetails"]
    assert (told["DeliveryMedium"], told["AttributeName"]) == ("EMAIL", "email")
    assert told["Destination"].startswith("a***")
    assert "ana@" not in told["Destination"]
    (mail,) = embedded.inbox()
    code = code_in(mail)
    assert mail == Mail("ana@example.com", "Your verification code", f"Your verification code is {code}.")
    refuses("UserNotConfirmedException", owners.sign_in)
    refuses("CodeMismatchException.*Invalid verification code provided", owners.confirm, another(code))
    owners.confirm(code)
    assert owners.tokens()["TokenType"] == "Bearer"
    attributes = owners.idp.admin_get_user(UserPoolId=owners.pool, Username="ana")["UserAttributes"]
    assert {"Name": "email_verified", "Value": "true"} in attributes


def test_each_user_gets_a_code_of_their_own(owners, embedded):
    for name in ("ana", "bea", "cleo", "dan"):
        owners.sign_up(name)
    assert len({code_in(mail) for mail in embedded.inbox()}) > 1


def test_code_ends_after_a_day_and_another_is_sent(owners, embedded):
    owners.sign_up()
    advance(embedded, DAY + 1)
    refuses("ExpiredCodeException.*please request a code again", owners.confirm, code_in(embedded.inbox()[0]))
    owners.idp.resend_confirmation_code(ClientId=owners.client, Username="ana")
    owners.confirm(code_in(embedded.inbox()[1]))
    assert owners.status() == "CONFIRMED"
    refuses("already confirmed", lambda: owners.idp.resend_confirmation_code(ClientId=owners.client, Username="ana"))


def test_old_code_is_worth_nothing_once_another_is_sent(owners, embedded):
    owners.sign_up()
    first = code_in(embedded.inbox()[0])
    for _ in range(3):  # one in a million is the same
        owners.idp.resend_confirmation_code(ClientId=owners.client, Username="ana")
    if first != code_in(embedded.inbox()[-1]):
        refuses("CodeMismatchException", owners.confirm, first)


def test_who_guesses_is_stopped_for_an_hour(owners, embedded):
    owners.sign_up()
    code = code_in(embedded.inbox()[0])
    for _ in range(5):
        refuses("CodeMismatchException", owners.confirm, another(code))
    refuses("LimitExceededException.*Attempt limit exceeded", owners.confirm, code)
    advance(embedded, HOUR + 1)
    owners.confirm(code)


def test_pool_that_verifies_nothing_sends_nothing(clients, embedded):
    owners = Owners(clients, AutoVerifiedAttributes=[])
    assert "CodeDeliveryDetails" not in owners.sign_up()
    assert embedded.inbox() == []
    refuses("ExpiredCodeException", owners.confirm, "123456")
    refuses(
        "Auto verification not turned on",
        lambda: owners.idp.resend_confirmation_code(ClientId=owners.client, Username="ana"),
    )


def test_phone_that_the_pool_verifies_gets_an_sms(clients, embedded):
    owners = Owners(clients, AutoVerifiedAttributes=["phone_number"])
    told = owners.sign_up("bea", phone_number="+34600000000")["CodeDeliveryDetails"]
    assert (told["DeliveryMedium"], told["AttributeName"]) == ("SMS", "phone_number")
    (sms,) = embedded.inbox()
    assert (sms.to, sms.subject) == ("+34600000000", "SMS")
    owners.confirm(code_in(sms), "bea")


def test_forgotten_password_is_reset_by_a_code_within_an_hour(owners, embedded):
    owners.add(email="ana@example.com", email_verified="true")

    def forgot():
        return owners.idp.forgot_password(ClientId=owners.client, Username="ana")["CodeDeliveryDetails"]

    def reset(code, password="Another-horse-9"):
        given = {"ClientId": owners.client, "Username": "ana", "Password": password}
        owners.idp.confirm_forgot_password(**given, ConfirmationCode=code)

    assert forgot()["AttributeName"] == "email"
    refuses("CodeMismatchException", reset, another(code_in(embedded.inbox()[-1])))
    advance(embedded, HOUR + 1)
    refuses("ExpiredCodeException", reset, code_in(embedded.inbox()[-1]))
    forgot()
    code = code_in(embedded.inbox()[-1])
    refuses("InvalidPasswordException", reset, code, "short")
    reset(code)
    assert owners.tokens(password="Another-horse-9")


def test_password_without_verified_address_cannot_be_reset(owners):
    owners.add(email="ana@example.com")
    refuses("no registered/verified email", lambda: owners.idp.forgot_password(ClientId=owners.client, Username="ana"))


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Sh0rt!", "Password not long enough"),
        ("correct-horse-9", "Password must have uppercase characters"),
        ("CORRECT-HORSE-9", "Password must have lowercase characters"),
        ("Correct-horse", "Password must have numeric characters"),
        ("Correcthorse9", "Password must have symbol characters"),
    ],
)
def test_password_policy_speaks_as_awss(owners, password, words):
    refuses(
        f"InvalidPasswordException.*Password did not conform with policy: {words}$", owners.sign_up, "ana", password
    )
