"""Tests for addresses that users change: who has one proves it."""

import pytest

from tests.emulators.inside.logins.test_user_attributes import given, refused
from tests.emulators.inside.logins.user_pools import Owners, another, claims, code_in
from tests.emulators.inside.tables.test_point_in_time import advance

HOUR, DAY = 3600, 86_400


@pytest.fixture
def owners(clients):
    """A pool that verifies mail, and its user ana, whose address is verified."""
    found = Owners(clients)
    found.add(email="ana@example.com", email_verified="true")
    return found


@pytest.fixture
def token(owners):
    return {"AccessToken": owners.tokens()["AccessToken"]}


def is_verified(owners):
    return claims(owners.tokens()["IdToken"])["email_verified"]


def test_new_address_is_verified_by_the_code_that_is_sent_there(owners, token, embedded):
    assert is_verified(owners)
    told = owners.idp.update_user_attributes(**token, UserAttributes=given(email="new@example.com"))
    (where,) = told["CodeDeliveryDetailsList"]
    assert (where["AttributeName"], where["DeliveryMedium"], where["Destination"][:4]) == ("email", "EMAIL", "n***")
    (mail,) = embedded.inbox()
    assert mail.to == "new@example.com"
    assert not is_verified(owners)
    verify = owners.idp.verify_user_attribute
    code = code_in(mail)
    words = "Invalid verification code provided, please try again."
    refused(words, verify, **token, AttributeName="email", Code=another(code), code="CodeMismatchException")
    verify(**token, AttributeName="email", Code=code)
    assert is_verified(owners)
    again = {"AttributeName": "email", "Code": code}
    refused("please request a code again", verify, **token, **again, code="ExpiredCodeException")


def test_address_that_stays_the_same_stays_verified(owners, token, embedded):
    change = owners.idp.update_user_attributes
    told = change(**token, UserAttributes=given(email="ana@example.com", given_name="Ana"))
    assert (told["CodeDeliveryDetailsList"], embedded.inbox(), is_verified(owners)) == ([], [], True)


def test_administrator_may_vouch_for_an_address(owners):
    change, about = owners.idp.admin_update_user_attributes, {"UserPoolId": owners.pool, "Username": "ana"}
    change(**about, UserAttributes=given(email="new@example.com"))
    assert not is_verified(owners)
    change(**about, UserAttributes=given(email="newer@example.com", email_verified="true"))
    assert is_verified(owners)


def test_code_is_asked_for_anew_ends_and_bears_few_tries(owners, token, embedded):
    ask, verify = owners.idp.get_user_attribute_verification_code, owners.idp.verify_user_attribute
    about = {**token, "AttributeName": "email"}
    assert ask(**about)["CodeDeliveryDetails"]["AttributeName"] == "email"
    old = code_in(embedded.inbox()[-1])
    ask(**about)
    code = code_in(embedded.inbox()[-1])
    for wrong in (another(code), another(code), "é", "\ud800", code + code):
        refused("Invalid verification code", verify, **about, Code=wrong, code="CodeMismatchException")
    refused("Attempt limit exceeded", verify, **about, Code=code, code="LimitExceededException")
    advance(embedded, HOUR + 1)
    about |= {"AccessToken": owners.tokens()["AccessToken"]}
    if old != code:
        refused("Invalid verification code", verify, **about, Code=old, code="CodeMismatchException")
    verify(**about, Code=code)
    ask(**about)
    advance(embedded, DAY)
    about |= {"AccessToken": owners.tokens()["AccessToken"]}
    late = code_in(embedded.inbox()[-1])
    refused("please request a code again", verify, **about, Code=late, code="ExpiredCodeException")


def test_what_is_no_address_is_not_verified(owners, token):
    ask = owners.idp.get_user_attribute_verification_code
    refused("cannot be verified", ask, **token, AttributeName="given_name")
    refused("does not have the attribute", ask, **token, AttributeName="phone_number")
    refused("Invalid Access Token", ask, AccessToken="a.b.c", AttributeName="email", code="NotAuthorizedException")
