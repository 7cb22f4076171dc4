"""What calls to an emulator are signed with: the learner's secret, kept in `.lab`, and the checks', which is not.

A signed call can run code on this machine, so the embedded emulator believes no call without a signature. The
secrets themselves are never sent. The learner and the checks have one access key id, so that a function cannot tell
from an event who called.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ACCESS_KEY_ID = "test"  # MiniStack's administrator, whose account is ACCOUNT
KEPT_IN = "secret-key"  # the file in `.lab`
SHORTEST_SECRET = 32  # characters; a file that a crash cut short holds fewer


@dataclass(frozen=True)
class Credentials:
    """An access key."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


DUMMY = Credentials("test", "test")  # what LocalStack, which believes anybody, is given


def new_secret() -> str:
    """A secret that nobody can guess."""
    return secrets.token_hex(32)


def read_learners(home: Path) -> Credentials | None:
    """The learner's credentials, as a course keeps them in this folder; None where it has none yet."""
    try:
        secret = (home / KEPT_IN).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    # A crash may leave a file of the right length and of zeros, which anybody could guess.
    return Credentials(ACCESS_KEY_ID, secret) if len(secret) >= SHORTEST_SECRET and secret.isalnum() else None


def learners(home: Path) -> Credentials:
    """The learner's credentials; made where a course has none yet. Only one process at a time may call this."""
    if found := read_learners(home):
        return found
    file = home / KEPT_IN
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
        opened.write(new_secret())
    return learners(home)


def of_checks(token: str) -> Credentials:
    """The checks' credentials, which nobody can make who has not the token of the emulator's administration."""
    return Credentials(ACCESS_KEY_ID, hmac.new(token.encode(), b"checks", hashlib.sha256).hexdigest())


def proof(token: str, question: str) -> str:
    """What only who has the administration's token can answer to a question that was made up for this once."""
    key = hmac.new(token.encode(), b"proof", hashlib.sha256).digest()  # so that it is no other secret of the token's
    return hmac.new(key, question.encode(), hashlib.sha256).hexdigest()


def of_environment() -> Credentials:
    """The credentials that this process was given, as by `lab env`."""
    return Credentials(
        os.environ.get("AWS_ACCESS_KEY_ID") or DUMMY.access_key_id,
        os.environ.get("AWS_SECRET_ACCESS_KEY") or DUMMY.secret_access_key,
    )
