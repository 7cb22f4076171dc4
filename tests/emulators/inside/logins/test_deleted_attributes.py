"""Tests for deleting attributes of a user pool's users on the embedded emulator."""

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.logins.test_user_attributes import given, refused
from tests.emulators.inside.logins.user_pools import Owners, claims


@pytest.fixture
def owners(clients):
    return Owners(clients)


@pytest.fixture
def by(owners):
    """Deletes attributes of the user ana: as herself, or as an administrator does."""
    owners.add(email="ana@example.com", given_name="Ana", nickname="A")
    token = owners.tokens()["AccessToken"]
    about = {"UserPoolId": owners.pool, "Username": "ana"}
    return {
        "user": lambda *names: owners.idp.delete_user_attributes(AccessToken=token, UserAttributeNames=names),
        "administrator": lambda *names: owners.idp.admin_delete_user_attributes(**about, UserAttributeNames=names),
    }


def attributes(owners):
    found = owners.idp.admin_get_user(UserPoolId=owners.pool, Username="ana")["UserAttributes"]
    return {each["Name"]: each["Value"] for each in found if each["Name"] != "sub"}


@pytest.mark.parametrize("who", ["user", "administrator"])
def test_deleted_attribute_is_gone_from_the_user_and_from_new_tokens(owners, by, who):
    by[who]("nickname", "family_name")  # of which she has one
    assert attributes(owners) == {"email": "ana@example.com", "given_name": "Ana"}
    assert "nickname" not in claims(owners.tokens()["IdToken"])
    by[who]()
    assert attributes(owners) == {"email": "ana@example.com", "given_name": "Ana"}


@pytest.mark.parametrize("who", ["user", "administrator"])
def test_nobody_is_left_without_what_the_pool_relies_on(by, who):
    refused("user.custom:tier: Attribute does not exist in the schema.", by[who], "custom:tier", "name")
    refused("user.sub: Attribute cannot be deleted.", by[who], "sub")


def test_required_attribute_stays(owners):
    schema = [{"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True}]
    pool = owners.idp.create_user_pool(PoolName="strict", Schema=schema)["UserPool"]["Id"]
    about = {"UserPoolId": pool, "Username": "ana"}
    owners.idp.admin_create_user(**about, UserAttributes=given(email="ana@example.com", name="Ana"))
    delete = owners.idp.admin_delete_user_attributes
    refused("user.email: Attribute cannot be deleted.", delete, **about, UserAttributeNames=["name", "email"])
    delete(**about, UserAttributeNames=["name"])
    found = owners.idp.admin_get_user(**about)["UserAttributes"]
    assert [each["Value"] for each in found if each["Name"] in ("email", "name")] == ["ana@example.com"]


def test_address_that_is_deleted_is_not_verified_when_it_comes_back(owners, by):
    about = {"UserPoolId": owners.pool, "Username": "ana"}
    owners.idp.admin_update_user_attributes(**about, UserAttributes=given(email_verified="true"))
    by["user"]("email")
    owners.idp.admin_update_user_attributes(**about, UserAttributes=given(email="eve@example.com"))
    assert claims(owners.tokens()["IdToken"])["email_verified"] is False


def test_who_deletes_is_known(owners, by):
    refused("unauthorized attribute", by["user"], "email_verified", code="NotAuthorizedException")
    delete = owners.idp.delete_user_attributes
    refused(
        "Invalid Access Token",
        delete,
        AccessToken="made.up.token",
        UserAttributeNames=["name"],
        code="NotAuthorizedException",
    )
    about = {"UserAttributeNames": ["name"]}
    with pytest.raises(ClientError, match="UserNotFoundException"):
        owners.idp.admin_delete_user_attributes(UserPoolId=owners.pool, Username="nobody", **about)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        owners.idp.admin_delete_user_attributes(UserPoolId="us-east-1_none", Username="ana", **about)
