"""Tests for changes of a user pool's groups."""

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.test_calls import denied, user

ROLE = "arn:aws:iam::000000000000:role/owners"


def test_group_keeps_what_its_update_does_not_name(embedded):
    embedded.reset()
    idp = Clients(embedded, as_learner=True)["cognito-idp"]
    pool = idp.create_user_pool(PoolName="owners")["UserPool"]["Id"]
    idp.create_group(UserPoolId=pool, GroupName="vets", Description="They heal", Precedence=5)
    told = idp.update_group(UserPoolId=pool, GroupName="vets", Precedence=0)["Group"]
    assert (told["Description"], told["Precedence"]) == ("They heal", 0)
    assert idp.get_group(UserPoolId=pool, GroupName="vets")["Group"]["Precedence"] == 0
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        idp.update_group(UserPoolId=pool, GroupName="cats", Precedence=1)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        idp.update_group(UserPoolId="us-east-1_none", GroupName="vets")


def test_groups_role_is_given_by_whom_who_may_pass_it(embedded):
    embedded.reset()
    clients = Clients(embedded, as_learner=True)
    pool = clients["cognito-idp"].create_user_pool(PoolName="owners")["UserPool"]["Id"]
    clients["cognito-idp"].create_group(UserPoolId=pool, GroupName="vets")
    may = {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"}
    hers = user(clients, embedded, may).client("cognito-idp", endpoint_url=embedded.endpoint)
    asked = {"UserPoolId": pool, "GroupName": "vets", "RoleArn": ROLE}
    assert "iam:PassRole" in denied(hers.update_group, **asked)[2]
    assert hers.update_group(UserPoolId=pool, GroupName="vets")["Group"]["GroupName"] == "vets"
