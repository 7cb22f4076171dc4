"""The keys with which calls to the embedded emulator may be signed: those of the learner, the checks and functions.

Keys that the account has issued, to IAM users or for sessions of STS or Cognito, count as the learner's doing; what
they may do is decided by the policies of whom they were issued to.
"""

import re
import secrets
from typing import NamedTuple

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.credentials import ACCESS_KEY_ID, Credentials, new_secret
from lab_harness.emulators.inside.access.requests import Request

LEARNER, CHECKS = "learner", "checks"
# MiniStack takes a key id of 12 digits for the administrator of the account with this number.
ADMINISTRATOR = re.compile(rf"{ACCESS_KEY_ID}|[0-9]{{12}}")


class Key(NamedTuple):
    """A secret, and who signs with it: "learner", "checks" or "function <name>"."""

    secret: str
    caller: str
    id: str = ACCESS_KEY_ID


class Keys:
    """The keys that one emulator accepts."""

    def __init__(self, learner: Credentials, checks: Credentials) -> None:
        self._administrators = [Key(learner.secret_access_key, LEARNER), Key(checks.secret_access_key, CHECKS)]
        self._functions: dict[str, Key] = {}  # by session token
        self._probed: set[str] = set()  # the session tokens of processes whose latest run is a check's doing

    def for_function(self, name: str, role: str) -> dict[str, str]:
        """A new key for one process of a function, of a session of its role, as environment variables."""
        token = secrets.token_urlsafe(48)
        key = Key(new_secret(), f"function {name}", f"ASIA{secrets.token_hex(8).upper()}")
        self._functions[token] = key
        _open_session(key, token, name, role)
        return {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_SESSION_TOKEN": token,
        }

    def forget_function(self, token: str) -> None:
        """Stop accepting the key of a process that has ended."""
        from ministack.services import sts

        if key := self._functions.pop(token, None):
            sts._sessions.pop(key.id, None)
        self._probed.discard(token)

    def runs_for(self, token: str, probe: bool) -> None:
        """Note whether the run that a process begins is a check's doing; then what it calls is so, too."""
        if probe and token in self._functions:
            self._probed.add(token)
        else:
            self._probed.discard(token)

    def is_probed(self, token: str) -> bool:
        """Whether what the process with this session token does is a check's doing."""
        return token in self._probed

    def find(self, access_key_id: str, session_token: str) -> list[Key]:
        """The keys with this id and session token; empty if there are none."""
        if key := self._functions.get(session_token):
            # The id says in whose name MiniStack acts, so it must be the key's own.
            return [key] if key.id == access_key_id else []
        if ADMINISTRATOR.fullmatch(access_key_id):
            return self._administrators
        return _issued(access_key_id, session_token)


def _open_session(key: Key, token: str, name: str, role: str) -> None:
    """Let MiniStack know in whose name a function calls: as on AWS, in its role's session of the function's name."""
    from ministack.services import sts

    role_name = role.rpartition("/")[2]
    sts.register_session(
        key.id,
        {
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{name[:64]}",
            "UserId": f"{sts._role_id(role)}:{name[:64]}",
            "SecretAccessKey": key.secret,
            "SessionToken": token,
            "AccountId": ACCOUNT,
            "PrincipalType": "AssumedRole",
        },
    )


def acts_for(request: Request) -> str:
    """The id of the key in whose name MiniStack acts for a request, wherever in it that is; empty if it sees none."""
    from ministack.core.router import extract_access_key_id

    if found := extract_access_key_id(request.headers, request.query):
        return str(found)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return ""
    from ministack.services.s3 import _request_access_key  # which a form to another service would load in vain

    return str(_request_access_key(request.method, "", request.headers, request.query, request.body) or "")


def has_expired(access_key_id: str) -> bool:
    """Whether this is the key of a session that has ended."""
    from ministack.services import sts

    found = sts._sessions.get(access_key_id)
    return found is not None and sts._session_expired(found)


def _issued(access_key_id: str, session_token: str) -> list[Key]:
    """The key with this id that the account has issued, as a list; empty if there is none."""
    from ministack.core.iam_evaluator import (
        AmbiguousAccessKeyError,
        ResolvedCredential,
        find_iam_access_key_account,
        is_root_access_key,
        resolve_credential,
    )
    from ministack.core.responses import _account_from_sts_session

    if is_root_access_key(access_key_id):  # With "test" for a secret: MiniStack takes any alphabet's digits for digits.
        return []
    if has_expired(access_key_id):  # by the emulator's time; MiniStack would go by the computer's
        return []
    try:
        account = _account_from_sts_session(access_key_id) or find_iam_access_key_account(access_key_id)
    except AmbiguousAccessKeyError:
        return []
    found = resolve_credential(access_key_id, account, session_token)
    return [Key(found.secret_access_key, LEARNER)] if isinstance(found, ResolvedCredential) else []
