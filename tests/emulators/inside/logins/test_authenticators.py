"""Tests for codes of authenticators on the embedded emulator: each counts once, and guessing is slow."""

import time

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.logins import totp
from tests.emulators.inside.logins.test_sign_in import enrol, guarded, respond
from tests.emulators.inside.logins.user_pools import another
from tests.emulators.inside.tables.test_point_in_time import advance

__all__ = ["guarded"]  # the fixture
LATER = 600  # seconds to another code


def answer(owners, session, code):
    return respond(owners, "SOFTWARE_TOKEN_MFA", session, SOFTWARE_TOKEN_MFA_CODE=code)


def refused(owners, session, code, words):
    with pytest.raises(ClientError, match=words):
        answer(owners, session, code)


def wrong(secret):
    """A code that is none of the next minutes'."""
    now, code = time.time(), "000000"
    while code in {totp.code(secret, now + ahead) for ahead in range(-60, 2 * LATER, 30)}:
        code = another(code)
    return code


def test_code_counts_once(guarded, embedded):
    secret = enrol(guarded)
    first = totp.code(secret, time.time())
    used = "ExpiredCodeException.*software token has already been used once"
    refused(guarded, guarded.sign_in()["Session"], first, used)
    second, session = totp.code(secret, time.time() + 30), guarded.sign_in()["Session"]
    assert answer(guarded, session, second)["AuthenticationResult"]
    refused(guarded, guarded.sign_in()["Session"], second, used)
    advance(embedded, LATER)
    refused(guarded, guarded.sign_in()["Session"], second, "CodeMismatch")
    assert answer(guarded, guarded.sign_in()["Session"], totp.code(secret, time.time() + LATER))


def test_guessing_codes_locks_out_for_ever_longer_whatever_passwords_come_between(guarded, embedded):
    secret = enrol(guarded)
    for _ in range(5):
        refused(guarded, guarded.sign_in()["Session"], wrong(secret), "CodeMismatch")
    locked, session = "NotAuthorized.*attempts exceeded", guarded.sign_in()["Session"]
    refused(guarded, session, totp.code(secret, time.time() + 30), locked)
    advance(embedded, 1.5)
    refused(guarded, session, wrong(secret), "CodeMismatch")
    advance(embedded, 1.5)
    refused(guarded, session, totp.code(secret, time.time() + 30), locked)
    advance(embedded, 1)
    assert answer(guarded, session, totp.code(secret, time.time() + 30))["AuthenticationResult"]
    refused(guarded, guarded.sign_in()["Session"], wrong(secret), "CodeMismatch")
    refused(guarded, guarded.sign_in()["Session"], wrong(secret), "CodeMismatch")


def test_lock_is_over_after_a_quarter_of_an_hour(guarded, embedded):
    secret = enrol(guarded)
    for _ in range(5):
        refused(guarded, guarded.sign_in()["Session"], wrong(secret), "CodeMismatch")
    advance(embedded, 901)
    for _ in range(4):
        refused(guarded, guarded.sign_in()["Session"], wrong(secret), "CodeMismatch")
    assert answer(guarded, guarded.sign_in()["Session"], totp.code(secret, time.time() + 901))["AuthenticationResult"]
