"""An embedded emulator that another course folder runs."""

import time
from typing import Any

from lab_harness.emulators.administered import Administered
from lab_harness.emulators.credentials import Credentials, of_environment
from lab_harness.emulators.exchange import ANSWER_DEADLINE, call_json
from lab_harness.errors import EmulatorError


class Attached(Administered):
    """An embedded emulator that another course folder runs, used through its endpoint alone.

    Its administration (reset, inbox, call log) stays closed to us; AWS calls work with that folder's `lab env`.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.endpoint = endpoint.rstrip("/")

    @property
    def learner(self) -> Credentials:
        """What this process was given, as by that folder's `lab env`."""
        return of_environment()

    checks = learner

    @property
    def marks(self) -> dict[str, str]:
        """None: its token is closed to us, so it takes the checks for the learner."""
        return {}

    def start(self) -> str:
        call_json(f"{self.endpoint}/_lab/health")
        return self.endpoint

    def stop(self, insist: bool = False) -> bool:
        raise EmulatorError(f"The emulator at {self.endpoint} belongs to another folder; run lab stop there.")

    def healthy(self) -> bool:
        try:
            return bool(self._admin("GET", "health", timeout=2.0))
        except EmulatorError:
            return False

    def calls(self, since: int = 0, wait: float = 0.0) -> None:
        """Its call log is closed to us."""

    def deeds(self, since: int = 0) -> None:
        """What it saw happen is closed to us."""

    def denials(self, since: float = 0.0) -> None:
        """What it saw happen is closed to us."""

    def now(self) -> float:
        """Its clock is closed to us: the computer's time."""
        return time.time()

    def hasten(self, queue: str = "") -> int:
        """What waits there is closed to us."""
        return 0

    def going(self) -> int:
        """What goes on there is closed to us."""
        return 0

    def runs(self, function: str) -> None:
        """What it saw happen is closed to us."""

    def _admin(self, method: str, name: str, timeout: float = ANSWER_DEADLINE) -> Any:
        if name != "health":
            raise EmulatorError(f"The emulator at {self.endpoint} belongs to another folder; run this command there.")
        return call_json(f"{self.endpoint}/_lab/health", method, timeout=timeout)
