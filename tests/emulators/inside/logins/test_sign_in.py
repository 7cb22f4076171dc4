"""Tests for signing in to user pools: lockout, sessions of challenges, authenticators."""

import time

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.logins import totp
from tests.emulators.inside.logins.srp import Proof
from tests.emulators.inside.logins.test_user_codes import refuses
from tests.emulators.inside.logins.user_pools import FLOWS, PASSWORD, Owners, another
from tests.emulators.inside.tables.test_point_in_time import advance

NEW = "Another-horse-9"


@pytest.fixture
def owners(clients):
    found = Owners(clients)
    found.add()
    return found


@pytest.fixture
def guarded(clients):
    """A pool that offers authenticators, and its user ana."""
    found = Owners(clients)
    found.add()
    require(found, "OPTIONAL")
    return found


def require(owners, how):
    owners.idp.set_user_pool_mfa_config(
        UserPoolId=owners.pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration=how
    )


def respond(owners, challenge, session, client=None, **given):
    return owners.idp.respond_to_auth_challenge(
        ClientId=client or owners.client, ChallengeName=challenge, Session=session,
        ChallengeResponses={"USERNAME": "ana"} | given,
    )  # fmt: skip


def enrol(owners, ahead=0):
    """Set up an authenticator for ana, and let it count; returns its secret."""
    token = owners.tokens()["AccessToken"]
    secret = owners.idp.associate_software_token(AccessToken=token)["SecretCode"]
    owners.idp.verify_software_token(AccessToken=token, UserCode=totp.code(secret, time.time() + ahead))
    owners.idp.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return secret


def test_guessing_locks_out_for_ever_longer(owners, embedded):
    for _ in range(5):
        refuses("Incorrect username or password", owners.sign_in, "ana", "Wrong-horse-9")
    refuses("Password attempts exceeded", owners.sign_in)
    advance(embedded, 1)
    for _ in range(3):  # 2, 4, 8 seconds
        refuses("Incorrect username or password", owners.sign_in, "ana", "Wrong-horse-9")
        refuses("Password attempts exceeded", owners.sign_in)
        advance(embedded, 60)
    assert owners.tokens()
    refuses("Incorrect username or password", owners.sign_in, "ana", "Wrong-horse-9")
    assert owners.tokens(), "a right password begins the count anew"


def test_lockout_is_forgotten_after_quarter_of_an_hour(owners, embedded):
    for _ in range(5):
        refuses("Incorrect username or password", owners.sign_in, "ana", "Wrong-horse-9")
    advance(embedded, 15 * 60)
    for _ in range(4):
        refuses("Incorrect username or password", owners.sign_in, "ana", "Wrong-horse-9")
    assert owners.tokens()


def test_temporary_password_is_changed_in_its_own_session(owners, embedded):
    owners.idp.admin_set_user_password(UserPoolId=owners.pool, Username="ana", Password=PASSWORD, Permanent=False)
    asked = owners.sign_in()
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    refuses("Invalid session for the user", respond, owners, "NEW_PASSWORD_REQUIRED", "made-up-session-of-mine")
    with pytest.raises(ClientError, match="InvalidPasswordException"):
        respond(owners, "NEW_PASSWORD_REQUIRED", asked["Session"], NEW_PASSWORD="short")
    other = owners.new_client()
    with pytest.raises(ClientError, match="Invalid session for the user"):
        respond(owners, "NEW_PASSWORD_REQUIRED", asked["Session"], other, NEW_PASSWORD=NEW)
    assert respond(owners, "NEW_PASSWORD_REQUIRED", asked["Session"], NEW_PASSWORD=NEW)["AuthenticationResult"]
    with pytest.raises(ClientError, match="Invalid session for the user"):
        respond(owners, "NEW_PASSWORD_REQUIRED", asked["Session"], NEW_PASSWORD=PASSWORD)
    assert owners.tokens(password=NEW)


def test_session_is_over_after_three_minutes(owners, embedded):
    owners.idp.admin_set_user_password(UserPoolId=owners.pool, Username="ana", Password=PASSWORD, Permanent=False)
    session = owners.sign_in()["Session"]
    advance(embedded, 181)
    with pytest.raises(ClientError, match="session is expired"):
        respond(owners, "NEW_PASSWORD_REQUIRED", session, NEW_PASSWORD=NEW)


def test_second_factor_is_asked_for_once_it_is_preferred(guarded):
    token = guarded.tokens()["AccessToken"]
    prefer = {"AccessToken": token, "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True}}
    refuses("has not verified", lambda: guarded.idp.set_user_mfa_preference(**prefer))
    secret = guarded.idp.associate_software_token(AccessToken=token)["SecretCode"]
    wrong = another(totp.code(secret, time.time() + 300))
    with pytest.raises(ClientError, match=r"EnableSoftwareTokenMFAException.*Code mismatch"):
        guarded.idp.verify_software_token(AccessToken=token, UserCode=wrong)
    guarded.idp.verify_software_token(AccessToken=token, UserCode=totp.code(secret, time.time()))
    assert "AuthenticationResult" in guarded.sign_in()
    guarded.idp.set_user_mfa_preference(**prefer)
    asked = guarded.sign_in()
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    with pytest.raises(ClientError, match=r"CodeMismatchException.*Invalid code received for user"):
        respond(guarded, "SOFTWARE_TOKEN_MFA", asked["Session"], SOFTWARE_TOKEN_MFA_CODE=wrong)
    given = {"SOFTWARE_TOKEN_MFA_CODE": totp.code(secret, time.time() + 30)}
    assert respond(guarded, "SOFTWARE_TOKEN_MFA", asked["Session"], **given)["AuthenticationResult"]["AccessToken"]


def test_code_alone_signs_nobody_in(guarded):
    secret = enrol(guarded)
    for session in ("made-up-session-of-mine", guarded.sign_in()["Session"]):
        name = "SOFTWARE_TOKEN_MFA" if session.startswith("made") else "MFA_SETUP"
        with pytest.raises(ClientError, match="Invalid session for the user"):
            respond(guarded, name, session, SOFTWARE_TOKEN_MFA_CODE=totp.code(secret, time.time()))


def test_code_goes_by_the_accounts_time(guarded, embedded):
    secret = enrol(guarded)
    advance(embedded, 3600)
    session = guarded.sign_in()["Session"]
    with pytest.raises(ClientError, match="CodeMismatchException"):
        respond(guarded, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=totp.code(secret, time.time()))
    given = {"SOFTWARE_TOKEN_MFA_CODE": totp.code(secret, time.time() + 3600)}
    assert respond(guarded, "SOFTWARE_TOKEN_MFA", session, **given)["AuthenticationResult"]


def test_pool_that_wants_a_second_factor_has_everybody_set_one_up(guarded):
    require(guarded, "ON")
    asked = guarded.sign_in()
    assert asked["ChallengeName"] == "MFA_SETUP"
    with pytest.raises(ClientError, match="Invalid session"):
        respond(guarded, "MFA_SETUP", asked["Session"])
    begun = guarded.idp.associate_software_token(Session=asked["Session"])
    done = guarded.idp.verify_software_token(
        Session=begun["Session"], UserCode=totp.code(begun["SecretCode"], time.time())
    )
    assert respond(guarded, "MFA_SETUP", done["Session"])["AuthenticationResult"]["AccessToken"]
    assert guarded.sign_in()["ChallengeName"] == "SOFTWARE_TOKEN_MFA"


def test_pool_without_authenticators_offers_none(owners):
    token = owners.tokens()["AccessToken"]
    refuses(
        "SoftwareTokenMFANotFound.*has not been enabled", lambda: owners.idp.associate_software_token(AccessToken=token)
    )
    refuses("Invalid session", lambda: owners.idp.associate_software_token(Session="x" * 30))


def by_srp(owners, client, password=PASSWORD):
    """Sign ana in without sending her password."""
    proof = Proof()
    given = {"USERNAME": "ana", "SRP_A": proof.first}
    told = owners.idp.initiate_auth(ClientId=client, AuthFlow="USER_SRP_AUTH", AuthParameters=given)
    assert told["ChallengeName"] == "PASSWORD_VERIFIER"
    answers = proof.answers(told["ChallengeParameters"], password, owners.pool)
    session = {"Session": told["Session"]} if "Session" in told else {}
    return owners.idp.respond_to_auth_challenge(
        ClientId=client, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers, **session
    )


def test_password_is_proven_without_being_sent(guarded):
    client = guarded.new_client(ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_SRP_AUTH"])
    assert by_srp(guarded, client)["AuthenticationResult"]["AccessToken"]
    refuses("Incorrect username or password", by_srp, guarded, client, "Wrong-horse-9")
    secret = enrol(guarded)
    asked = by_srp(guarded, client)
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    given = {"SOFTWARE_TOKEN_MFA_CODE": totp.code(secret, time.time() + 30)}
    assert respond(guarded, asked["ChallengeName"], asked["Session"], client, **given)["AuthenticationResult"]


def test_guessing_by_srp_locks_out_too(owners):
    client = owners.new_client(ExplicitAuthFlows=[*FLOWS, "ALLOW_USER_SRP_AUTH"])
    for _ in range(5):
        refuses("Incorrect username or password", by_srp, owners, client, "Wrong-horse-9")
    refuses("Password attempts exceeded", by_srp, owners, client)
