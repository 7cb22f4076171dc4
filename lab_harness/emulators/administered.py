"""An embedded emulator for those who may administer it, whichever process it belongs to."""

import hmac
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from lab_harness.emulators.base import Call, Deed, Denial, Mail, Moved, Run, as_calls, listed
from lab_harness.emulators.credentials import proof
from lab_harness.emulators.exchange import ANSWER_DEADLINE, TOKEN_HEADER
from lab_harness.errors import EmulatorError

MOVING_DEADLINE = 60.0  # seconds; what falls due may run for as long as a function may


class Administered(ABC):
    """What an embedded emulator tells, and does, on its administration's routes."""

    name = "embedded"
    place = "terminal"

    def __init__(self) -> None:
        self._services: list[str] = []
        self._said: list[str] = []
        self._incidents: list[str] = []
        self.trouble: list[str] = []

    @property
    @abstractmethod
    def marks(self) -> dict[str, str]:
        """The headers that open its administration."""

    @abstractmethod
    def _admin(self, method: str, name: str, timeout: float = ANSWER_DEADLINE) -> Any:
        """What it answers on one route. Raises EmulatorError where it does not answer, or not to us."""

    @property
    def notices(self) -> list[str]:
        return [*self._said, *self._incidents, *self.trouble]

    def listen(self) -> None:
        with suppress(EmulatorError):
            told = self._admin("GET", f"notices?place={self.place}", timeout=2.0)
            self._incidents += [text for text in told["incidents"] if text not in self._incidents]
            self.trouble = told["trouble"]

    def acknowledge(self) -> None:
        with suppress(EmulatorError):
            self._admin("POST", f"notices?place={self.place}", timeout=2.0)

    def reset(self) -> None:
        """Empty the account, the inbox and the call log."""
        self._admin("POST", "reset")

    def healthy(self) -> bool:
        question = secrets.token_hex(16)
        try:  # Another program at its port, maybe another user's, does not know the token: only whom it was sent to.
            told = self._admin("GET", f"health?question={question}", timeout=2.0)
            return bool(told["emulator"] == self.name) and hmac.compare_digest(
                str(told["proof"]), self._proof(question)
            )
        except (EmulatorError, LookupError, TypeError):
            return False

    def _proof(self, question: str) -> str:
        return proof(self.marks[TOKEN_HEADER], question)

    def version(self) -> str:
        return str(self._admin("GET", "health")["version"])

    def services(self) -> list[str]:
        """The services; asked for only once, because each check needs them, and they are the same in each emulator."""
        self._services = self._services or list(self._admin("GET", "health")["services"])
        return self._services

    def supports(self, service: str) -> bool:
        return listed(service, self.services())

    def inbox(self) -> list[Mail]:
        names = {field.name for field in fields(Mail)}
        return [
            Mail(**{name: value for name, value in row.items() if name in names}) for row in self._admin("GET", "inbox")
        ]

    def calls(self, since: int = 0, wait: float = 0.0) -> list[Call] | None:
        return as_calls(self._admin("GET", f"calls?since={since}&wait={wait:.3f}", ANSWER_DEADLINE + wait))

    def deeds(self, since: int = 0) -> tuple[int, list[Deed]] | None:
        answer = self._admin("GET", f"deeds?since={since}")
        return answer["last"], [Deed(**deed) for deed in answer["deeds"]]

    def denials(self, since: float = 0.0) -> list[Denial] | None:
        rows = self._admin("GET", "deeds?kind=denied")["deeds"]
        return [Denial(row["time"], row["by"], **json.loads(row["detail"])) for row in rows if row["time"] >= since]

    def runs(self, function: str) -> list[Run] | None:
        rows = self._admin("GET", f"runs?{urlencode({'function': function})}")
        return [_run(row) for row in rows]

    def now(self) -> float:
        return float(self._admin("GET", "clock")["now"])

    def advance(self, seconds: float) -> Iterator[Moved]:
        asked = {"seconds": repr(float(seconds))}
        while asked:
            answer = self._admin("POST", f"clock?{urlencode(asked)}", MOVING_DEADLINE)
            asked = {"seconds": repr(answer["left"]), "more": "1"} if answer["left"] else {}
            yield Moved(answer["now"], answer["ahead"], answer["happened"])

    def hasten(self, queue: str = "") -> int:
        return int(self._admin("POST", f"hasten?{urlencode({'queue': queue})}")["due"])

    def going(self) -> int:
        return int(self._admin("GET", "going")["count"])

    def _say(self, notice: str) -> None:
        if notice not in self._said:
            self._said.append(notice)


def _run(row: dict[str, Any]) -> Run:
    """A run from its JSON; one that an earlier version logged does not say whether it is a probe's."""
    probe = row.get("probe", row["by"] == "checks")
    return Run(row["by"], row["event"], row["lines"], row["time"] / 1000, probe)
