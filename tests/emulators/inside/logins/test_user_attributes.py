"""Tests for what the embedded emulator refuses of users' attributes, tokens' spans, domains and pools."""

import re

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.logins.user_pools import PASSWORD, Owners, claims


@pytest.fixture
def owners(clients):
    return Owners(clients)


def refused(words, call, *args, code="InvalidParameterException", **asked):
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        call(*args, **asked)
    assert caught.value.response["Error"]["Code"] == code


def given(**attributes):
    return [{"Name": name.replace("__", ":"), "Value": value} for name, value in attributes.items()]


def test_a_user_has_the_schemas_attributes_and_no_others(owners):
    words = "custom:tier: Attribute does not exist in the schema."
    refused(f"Attributes did not conform to the schema: {words}", owners.sign_up, **{"custom:tier": "gold"})
    refused(f"Attributes did not conform to the schema: {words}", owners.add, **{"custom:tier": "gold"})
    owners.add(email="ana@example.com")
    about = {"UserPoolId": owners.pool, "Username": "ana"}
    change = owners.idp.admin_update_user_attributes
    refused(f"user.{words}", change, **about, UserAttributes=given(custom__tier="gold"))
    added = [{"Name": "tier", "AttributeDataType": "String"}]
    owners.idp.add_custom_attributes(UserPoolId=owners.pool, CustomAttributes=added)
    change(**about, UserAttributes=given(custom__tier="gold"))
    assert claims(owners.tokens()["IdToken"])["custom:tier"] == "gold"


def test_nobody_changes_who_a_user_is(owners):
    owners.add(email="ana@example.com")
    token = owners.tokens()["AccessToken"]
    change = owners.idp.update_user_attributes
    refused("user.sub: Attribute cannot be updated.", change, AccessToken=token, UserAttributes=given(sub="another"))
    about = {"UserPoolId": owners.pool, "Username": "ana", "UserAttributes": given(sub="another")}
    refused("user.sub: Attribute cannot be updated.", owners.idp.admin_update_user_attributes, **about)
    assert claims(owners.tokens()["IdToken"])["sub"] == claims(token)["sub"]


def test_users_do_not_say_that_their_address_is_verified(owners):
    words = "A client attempted to write unauthorized attribute"
    refused(words, owners.sign_up, email="a@example.com", email_verified="true", code="NotAuthorizedException")
    owners.add(email="ana@example.com")
    signed_in = owners.tokens()
    assert claims(signed_in["IdToken"])["email_verified"] is False
    asked = {"AccessToken": signed_in["AccessToken"], "UserAttributes": given(email_verified="true")}
    refused(words, owners.idp.update_user_attributes, **asked, code="NotAuthorizedException")
    about = {"UserPoolId": owners.pool, "Username": "ana", "UserAttributes": given(email_verified="true")}
    owners.idp.admin_update_user_attributes(**about)
    assert claims(owners.tokens()["IdToken"])["email_verified"] is True


def test_an_address_and_a_number_look_like_one(owners):
    refused("Invalid email address format.", owners.sign_up, email="ana")
    refused("Invalid phone number format.", owners.sign_up, phone_number="0676 123")
    owners.sign_up(email="ana@example.com", phone_number="+436761234")


def test_a_user_is_confirmed_once(owners):
    owners.sign_up()
    about = {"UserPoolId": owners.pool, "Username": "ana"}
    owners.idp.admin_confirm_sign_up(**about)
    words = "User cannot be confirmed. Current status is CONFIRMED"
    refused(words, owners.idp.admin_confirm_sign_up, **about, code="NotAuthorizedException")


def test_a_sign_in_names_a_user_and_a_password(owners):
    owners.add()
    asked = {"ClientId": owners.client, "AuthFlow": "USER_PASSWORD_AUTH"}
    refused(
        "Missing required parameter PASSWORD", owners.idp.initiate_auth, **asked, AuthParameters={"USERNAME": "ana"}
    )
    only = {"PASSWORD": PASSWORD}
    refused("Missing required parameter USERNAME", owners.idp.initiate_auth, **asked, AuthParameters=only)


@pytest.mark.parametrize(
    ("lasting", "units"),
    [
        ({"AccessTokenValidity": 25}, {}),
        ({"IdTokenValidity": 4}, {"IdToken": "minutes"}),
        ({"RefreshTokenValidity": 3651}, {}),
        ({"RefreshTokenValidity": 59}, {"RefreshToken": "minutes"}),
    ],
)
def test_tokens_last_as_long_as_cognito_lets_them(owners, lasting, units):
    refused("Invalid range for token validity.", owners.new_client, **lasting, TokenValidityUnits=units)
    made = owners.new_client(AccessTokenValidity=5, TokenValidityUnits={"AccessToken": "minutes"})
    about = {"UserPoolId": owners.pool, "ClientId": made}
    change = owners.idp.update_user_pool_client
    refused("Invalid range for token validity.", change, **about, **lasting, TokenValidityUnits=units)


def test_a_pool_is_deleted_after_its_domain_which_is_a_name(owners):
    make = owners.idp.create_user_pool_domain
    refused("Member must satisfy regular expression pattern", make, UserPoolId=owners.pool, Domain="Our_Pets")
    refused("Domain cannot contain reserved word: cognito", make, UserPoolId=owners.pool, Domain="pets-cognito")
    make(UserPoolId=owners.pool, Domain="our-pets")
    words = "User pool cannot be deleted. It has a domain configured that should be deleted first."
    refused(words, owners.idp.delete_user_pool, UserPoolId=owners.pool)
    owners.idp.delete_user_pool_domain(UserPoolId=owners.pool, Domain="our-pets")
    owners.idp.delete_user_pool(UserPoolId=owners.pool)
