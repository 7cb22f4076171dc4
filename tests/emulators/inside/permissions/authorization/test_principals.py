"""Tests for temporary keys on the embedded emulator: whose they are, how long they last, and what they never open."""

from datetime import UTC, datetime

import pytest

from tests.emulators.inside.permissions.authorization.test_calls import clients, denied, session, user
from tests.roles import policy

__all__ = ["clients"]  # the fixture

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
INVALID = "The security token included in the request is invalid."
ROLE = "arn:aws:iam::000000000000:role/{}"


def trusting(clients, name, principal):
    """A role that may do everything, and that a principal may assume."""
    trust = policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
    clients["iam"].create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    clients["iam"].put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(ALL))
    return ROLE.format(name)


def of(who, service, embedded):
    return who.client(service, endpoint_url=embedded.endpoint)


def assume(who, embedded, role, **given):
    asked = {"RoleArn": role, "RoleSessionName": "test"} | given
    return session(of(who, "sts", embedded).assume_role(**asked)["Credentials"])


def forget_user(iam, name):
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="given")
    iam.delete_user(UserName=name)


def test_temporary_key_of_a_deleted_user_does_not_open_what_its_namesake_may(clients, embedded):
    ana = user(clients, embedded, ALL)
    hers = session(of(ana, "sts", embedded).get_session_token()["Credentials"])
    assert of(hers, "sqs", embedded).list_queues()
    forget_user(clients["iam"], "ana")
    assert "not authorized" in denied(of(hers, "sqs", embedded).list_queues)[2]
    namesake = user(clients, embedded, ALL)
    assert denied(of(hers, "sqs", embedded).list_queues)[2] == INVALID
    assert of(namesake, "sqs", embedded).list_queues()


def test_session_of_a_deleted_role_does_not_open_what_its_namesake_may(clients, embedded):
    ana = user(clients, embedded, ALL)
    role = trusting(clients, "worker", "arn:aws:iam::000000000000:user/ana")
    worker = assume(ana, embedded, role)
    assert of(worker, "sqs", embedded).list_queues()
    clients["iam"].delete_role_policy(RoleName="worker", PolicyName="all")
    clients["iam"].delete_role(RoleName="worker")
    assert "not authorized" in denied(of(worker, "sqs", embedded).list_queues)[2]
    trusting(clients, "worker", "arn:aws:iam::000000000000:user/ana")
    assert denied(of(worker, "sqs", embedded).list_queues)[2] == INVALID
    assert of(assume(ana, embedded, role), "sqs", embedded).list_queues()


@pytest.mark.parametrize("call", ["get_session_token", "get_federation_token"])
def test_users_temporary_key_does_not_open_iam(clients, embedded, call):
    ana = user(clients, embedded, ALL)
    given = {"Name": "guest", "Policy": policy(ALL)} if call == "get_federation_token" else {}
    hers = session(getattr(of(ana, "sts", embedded), call)(**given)["Credentials"])
    assert of(hers, "sqs", embedded).list_queues()
    assert denied(of(hers, "iam", embedded).list_users)[2] == INVALID
    assert of(ana, "iam", embedded).list_users()["Users"]


def test_session_lasts_as_long_as_its_role_lets_it(clients, embedded):
    ana, sts = user(clients, embedded, ALL), "The requested DurationSeconds exceeds "
    role = trusting(clients, "worker", "arn:aws:iam::000000000000:user/ana")
    code, status, words = denied(lambda: assume(ana, embedded, role, DurationSeconds=7200))
    assert (code, status, words) == ("ValidationError", 400, f"{sts}the MaxSessionDuration set for this role.")
    clients["iam"].update_role(RoleName="worker", MaxSessionDuration=7200)
    worker = assume(ana, embedded, role, DurationSeconds=7200)
    other = trusting(clients, "other", role)
    clients["iam"].update_role(RoleName="other", MaxSessionDuration=7200)
    words = denied(lambda: assume(worker, embedded, other, DurationSeconds=7200))[2]
    assert words == f"{sts}the 1 hour session limit for roles assumed by role chaining."
    assert assume(worker, embedded, other, DurationSeconds=3600)


def test_time_in_a_condition_is_the_accounts(clients, embedded):
    moment = datetime.fromtimestamp(embedded.now() + 3600, UTC)
    later = {"DateGreaterThan": {"aws:CurrentTime": moment.isoformat()}}
    ana = user(clients, embedded, ALL | {"Condition": later})
    assert "not authorized" in denied(of(ana, "sqs", embedded).list_queues)[2]
    list(embedded.advance(3601))
    assert of(ana, "sqs", embedded).list_queues()
