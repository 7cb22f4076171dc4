"""Tests for identity pools: whose token becomes credentials of which role, and what those allow."""

import json
from datetime import timedelta

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.emulators.inside.logins.user_pools import Owners, claims
from tests.emulators.inside.tables.test_point_in_time import advance
from tests.waiting import wait_until

HOUR = timedelta(hours=1).total_seconds()
WHO = "cognito-identity.amazonaws.com"
ARN = "arn:aws:iam::000000000000:role/"
BUCKET = "arn:aws:s3:::pets"


class Identities:
    """A user pool with ana and bea, an identity pool with two roles, and a bucket with objects."""

    def __init__(self, emulator, **settings):
        self.aws, self.endpoint = Clients(emulator), emulator.endpoint
        self.owners = Owners(self.aws)
        for name in ("ana", "bea"):
            self.owners.add(name)
        self.provider = f"cognito-idp.us-east-1.amazonaws.com/{self.owners.pool}"
        provider = {"ProviderName": self.provider, "ClientId": self.owners.client}
        asked = {"AllowUnauthenticatedIdentities": True, "CognitoIdentityProviders": [provider]} | settings
        self.identity = self.aws["cognito-identity"]
        self.pool = self.identity.create_identity_pool(IdentityPoolName="pets", **asked)["IdentityPoolId"]
        self.role("member", "authenticated", f"{BUCKET}/private/${{{WHO}:sub}}/*")
        self.role("guest", "unauthenticated", f"{BUCKET}/public/*")
        self.roles()
        self.aws["s3"].create_bucket(Bucket="pets")
        self.aws["s3"].put_object(Bucket="pets", Key="public/cat.txt", Body=b"meow")
        config = Config(signature_version=UNSIGNED)
        self.anybody = boto3.client("cognito-identity", "us-east-1", endpoint_url=self.endpoint, config=config)

    def role(self, name, kind, resource, **trusted):
        condition = {"StringEquals": {f"{WHO}:aud": self.pool}, "ForAnyValue:StringLike": {f"{WHO}:amr": kind}}
        self.aws["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=trust(trusted or condition))
        allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self.aws["iam"].put_role_policy(RoleName=name, PolicyName="objects", PolicyDocument=document)

    def roles(self, **mapping):
        found = {"authenticated": f"{ARN}member", "unauthenticated": f"{ARN}guest"}
        mappings = {"RoleMappings": {f"{self.provider}:{self.owners.client}": mapping}} if mapping else {}
        self.identity.set_identity_pool_roles(IdentityPoolId=self.pool, Roles=found, **mappings)

    def logins(self, name, token=None):
        return {"Logins": {self.provider: token or self.owners.tokens(name)["IdToken"]}} if name else {}

    def credentials(self, name=None, **more):
        """An identity's id, and its credentials."""
        logins = self.logins(name)
        identity = self.anybody.get_id(IdentityPoolId=self.pool, **logins)["IdentityId"]
        return identity, self.anybody.get_credentials_for_identity(IdentityId=identity, **logins, **more)["Credentials"]

    def client(self, service, keys):
        return boto3.client(
            service, "us-east-1", endpoint_url=self.endpoint, aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretKey"], aws_session_token=keys["SessionToken"],
        )  # fmt: skip

    def who(self, name, **more):
        """The role that somebody gets."""
        keys = self.credentials(name, **more)[1]
        return self.client("sts", keys).get_caller_identity()["Arn"].split("/")[1]


def trust(condition):
    allow = {"Effect": "Allow", "Principal": {"Federated": WHO}, "Action": "sts:AssumeRoleWithWebIdentity"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Condition": condition}]})


@pytest.fixture
def identities(embedded):
    embedded.reset()
    return Identities(embedded)


def is_denied(call, **given):
    with pytest.raises(ClientError, match="AccessDenied"):
        call(Bucket="pets", **given)


def test_each_user_reaches_their_own_prefix_alone(identities):
    ana, keys = identities.credentials("ana")
    bea, others = identities.credentials("bea")
    assert identities.credentials("ana")[0] == ana != bea
    mine, theirs = identities.client("s3", keys), identities.client("s3", others)
    mine.put_object(Bucket="pets", Key=f"private/{ana}/cat.jpg", Body=b"picture")
    assert mine.get_object(Bucket="pets", Key=f"private/{ana}/cat.jpg")["Body"].read() == b"picture"
    is_denied(theirs.get_object, Key=f"private/{ana}/cat.jpg")
    is_denied(mine.put_object, Key=f"private/{bea}/cat.jpg", Body=b"x")
    is_denied(mine.put_object, Key=f"private/{ana}", Body=b"x")
    is_denied(mine.get_object, Key="public/cat.txt")
    assert identities.client("sts", keys).get_caller_identity()["Arn"].endswith("member/CognitoIdentityCredentials")


def test_guests_read_what_is_public(identities):
    guest = identities.client("s3", identities.credentials()[1])
    assert guest.get_object(Bucket="pets", Key="public/cat.txt")["Body"].read() == b"meow"
    is_denied(guest.put_object, Key="private/x/cat.jpg", Body=b"x")


def test_pool_without_guests_lets_none_in(embedded):
    embedded.reset()
    found = Identities(embedded, AllowUnauthenticatedIdentities=False)
    with pytest.raises(ClientError, match="Unauthenticated access is not supported"):
        found.credentials()
    assert found.who("ana") == "member"


def test_credentials_end_after_an_hour(identities, embedded):
    guest = identities.client("s3", identities.credentials()[1])
    advance(embedded, HOUR + 1)
    with pytest.raises(ClientError, match="ExpiredToken"):
        guest.get_object(Bucket="pets", Key="public/cat.txt")


def test_token_must_be_a_fresh_id_token_of_the_pools_client(identities, embedded):
    tokens = identities.owners.tokens()
    head, body, sign = tokens["IdToken"].split(".")
    identities.owners.client = identities.owners.new_client()
    other = identities.owners.tokens()["IdToken"]
    for token in (tokens["AccessToken"], f"{head}.{body}.{sign[::-1]}", "any", other):
        with pytest.raises(ClientError, match="NotAuthorizedException"):
            identities.anybody.get_id(IdentityPoolId=identities.pool, **identities.logins("ana", token))
    advance(embedded, HOUR + 301)
    with pytest.raises(ClientError, match=r"NotAuthorized.*Token expired"):
        identities.anybody.get_id(IdentityPoolId=identities.pool, **identities.logins("ana", tokens["IdToken"]))


def test_identity_is_nobody_elses(identities):
    ana, _ = identities.credentials("ana")
    for logins in ({}, identities.logins("bea")):
        with pytest.raises(ClientError, match="NotAuthorizedException"):
            identities.anybody.get_credentials_for_identity(IdentityId=ana, **logins)
    with pytest.raises(ClientError, match=r"ResourceNotFound.*not found"):
        identities.anybody.get_credentials_for_identity(IdentityId=f"us-east-1:{'0' * 8}")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {f"{WHO}:aud": "us-east-1:another-pool"}},
        {"ForAnyValue:StringLike": {f"{WHO}:amr": "unauthenticated"}},
        {"StringEquals": {f"{WHO}:sub": "us-east-1:somebody"}},
    ],
)
def test_role_that_trusts_others_is_given_to_nobody(identities, embedded, condition):
    identities.aws["iam"].update_assume_role_policy(RoleName="member", PolicyDocument=trust(condition))
    with pytest.raises(ClientError, match=r"InvalidIdentityPoolConfiguration.*Check assigned IAM roles"):
        identities.credentials("ana")
    wait_until(lambda: any(deed.kind == "denied" and deed.name == f"{ARN}member" for deed in embedded.deeds()[1]))
    assert identities.who(None) == "guest"


def test_pool_without_roles_gives_none(identities):
    identities.identity.set_identity_pool_roles(IdentityPoolId=identities.pool, Roles={})
    with pytest.raises(ClientError, match="InvalidIdentityPoolConfiguration"):
        identities.credentials("ana")


def test_groups_of_a_user_choose_the_role(identities):
    owners = identities.owners
    trusted = {"StringEquals": {f"{WHO}:aud": identities.pool}}
    for name, rank in (("vets", 1), ("staff", 5)):
        identities.role(name, "authenticated", f"{BUCKET}/*", **trusted)
        owners.idp.create_group(UserPoolId=owners.pool, GroupName=name, RoleArn=ARN + name, Precedence=rank)
        owners.idp.admin_add_user_to_group(UserPoolId=owners.pool, Username="ana", GroupName=name)
    told = claims(owners.tokens()["IdToken"])
    assert set(told["cognito:groups"]) == {"vets", "staff"}
    assert set(told["cognito:roles"]) == {f"{ARN}vets", f"{ARN}staff"}
    assert told["cognito:preferred_role"] == f"{ARN}vets"
    assert identities.who("ana") == "member", "a mapping is missing"
    identities.roles(Type="Token", AmbiguousRoleResolution="AuthenticatedRole")
    assert (identities.who("ana"), identities.who("bea")) == ("vets", "member")
    assert identities.who("ana", CustomRoleArn=f"{ARN}staff") == "staff"
    with pytest.raises(ClientError, match="NotAuthorized"):
        identities.who("bea", CustomRoleArn=f"{ARN}staff")
    identities.roles(Type="Token", AmbiguousRoleResolution="Deny")
    with pytest.raises(ClientError, match="NotAuthorized"):
        identities.who("bea")


@pytest.mark.parametrize(
    ("match", "value"), [("Equals", "ana"), ("StartsWith", "an"), ("Contains", "n"), ("NotEqual", "bea")]
)
def test_rules_choose_the_role_by_a_claim(identities, match, value):
    identities.role("vets", "authenticated", f"{BUCKET}/*")
    rule = {"Claim": "cognito:username", "MatchType": match, "Value": value, "RoleARN": f"{ARN}vets"}
    identities.roles(Type="Rules", AmbiguousRoleResolution="AuthenticatedRole", RulesConfiguration={"Rules": [rule]})
    assert (identities.who("ana"), identities.who("bea")) == ("vets", "member")


def test_token_that_nobody_can_verify_gives_no_credentials(embedded):
    embedded.reset()
    identities, other = Identities(embedded, SupportedLoginProviders={"graph.facebook.com": "1"}), "graph.facebook.com"
    for logins in ({other: "made up"}, {**identities.logins("ana")["Logins"], other: "made up"}):
        identity = identities.anybody.get_id(IdentityPoolId=identities.pool, Logins=logins)["IdentityId"]
        with pytest.raises(ClientError, match="own user pools"):
            identities.anybody.get_credentials_for_identity(IdentityId=identity, Logins=logins)
