"""Tests for updates of user pools and app clients: what is not named goes back to its default."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients

FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
STRONG = {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": False}}


@pytest.fixture
def idp(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)["cognito-idp"]


def test_update_of_a_pool_names_all_that_is_kept(idp):
    pool = idp.create_user_pool(
        PoolName="owners", AutoVerifiedAttributes=["email"], Policies=STRONG, UserPoolTags={"course": "labs"}
    )["UserPool"]["Id"]
    idp.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
    told = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert told["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert told["AutoVerifiedAttributes"] == ["email"]
    assert (told["Name"], told["UserPoolTags"]) == ("owners", {"course": "labs"})
    idp.update_user_pool(UserPoolId=pool, Policies=STRONG)
    told = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert told["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert not told["AutoVerifiedAttributes"]


def test_update_of_a_client_names_all_that_is_kept(idp):
    pool = idp.create_user_pool(PoolName="owners")["UserPool"]["Id"]
    made = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="site", ExplicitAuthFlows=FLOWS, CallbackURLs=["http://localhost/back"]
    )["UserPoolClient"]["ClientId"]
    there = {"UserPoolId": pool, "ClientId": made}
    idp.update_user_pool_client(**there, CallbackURLs=["http://localhost/back"])
    told = idp.describe_user_pool_client(**there)["UserPoolClient"]
    assert (told["ClientName"], told["CallbackURLs"]) == ("site", ["http://localhost/back"])
    assert "ALLOW_USER_PASSWORD_AUTH" not in told["ExplicitAuthFlows"]
    with pytest.raises(ClientError, match="USER_PASSWORD_AUTH flow not enabled"):
        given = {"USERNAME": "ana", "PASSWORD": "Correct-horse-9"}
        idp.initiate_auth(ClientId=made, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
    idp.update_user_pool_client(**there, ExplicitAuthFlows=FLOWS)
    told = idp.describe_user_pool_client(**there)["UserPoolClient"]
    assert (told["ExplicitAuthFlows"], told.get("CallbackURLs", [])) == (FLOWS, [])
