"""Codes of authenticator apps count once, and who guesses them waits ever longer; MiniStack lets all try for ever.

After five wrong codes in a row a user's codes are refused for a second, which doubles with each further one up to 15
minutes: AWS's lockout. https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html (2026)
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.logins.pool_functions import CognitoError
from lab_harness.emulators.inside.moving_time import clock

FREE_TRIES, LONGEST = 5, 15 * 60
GOOD_FOR = 120  # seconds after which a code is no longer right in any case
USED = ("Your software token has already been used once.", "ExpiredCodeException")
LOCKED = ("Password attempts exceeded", "NotAuthorizedException")


@dataclass
class Tries:
    """What was tried with an authenticator: how often in vain since the last right code, and which codes were right."""

    wrong: int = 0
    last: float = 0.0
    until: float = 0.0
    used: dict[str, float] = field(default_factory=dict)


def install() -> None:
    """Change MiniStack. This takes effect when it imports Cognito."""
    authenticators = Authenticators()
    hooks.change({"cognito": {"_totp_matches": authenticators.matches, "reset": authenticators.forget}})


class Authenticators:
    """The authenticators of an emulator, by the secret that each shares with Cognito."""

    def __init__(self) -> None:
        self._tries: dict[str, Tries] = {}
        self._one_at_a_time = threading.Lock()

    def matches(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> bool:
        """Whether a code is right; a `CognitoError` where it was so before, and where nobody may try now."""
        secret, code = args
        with self._one_at_a_time:
            tries, now = self._tries.setdefault(str(secret), Tries()), clock.now()
            if tries.until > now:
                raise CognitoError(*LOCKED)
            if now - tries.last >= LONGEST:
                tries.wrong = 0
            tries.used = {each: until for each, until in tries.used.items() if until > now}
            if code in tries.used:
                raise CognitoError(*USED)
            tries.last, right = now, bool(original(*args, **kwargs))
            if right:
                tries.wrong, tries.used[code] = 0, now + GOOD_FOR
            else:
                tries.wrong += 1
                tries.until = now + min(2 ** (tries.wrong - FREE_TRIES), LONGEST) if tries.wrong >= FREE_TRIES else 0.0
            return right

    def forget(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Forget all, as the account is emptied."""
        self._tries.clear()
        return original(*args, **kwargs)
