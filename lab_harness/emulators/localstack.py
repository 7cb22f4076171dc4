"""LocalStack as the emulator: found the way LocalStack's own tools find it, never started by us.

https://docs.localstack.cloud/aws/integrations/app-frameworks/localstack-sdks/python/
"""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any, ClassVar

from lab_harness.emulators.base import Mail, listed
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.exchange import call_json
from lab_harness.errors import EmulatorError, EmulatorNotReady, WrongEmulator

TESTED_VERSION = "4.14.0"
START_COMMAND = "docker compose up --detach --wait"
TOKEN_EXIT_CODE = 55  # what a LocalStack newer than 4.14.0 ends with when it is given no token


class LocalStack:
    """A LocalStack that somebody runs, normally by `docker compose up`."""

    name = "localstack"
    learner = checks = DUMMY  # It believes anybody.
    marks: ClassVar[dict[str, str]] = {}
    place = "terminal"

    def __init__(self, endpoint: str | None = None) -> None:
        self.endpoint = (endpoint or _configured_endpoint()).rstrip("/")
        self.notices: list[str] = []
        self.trouble: list[str] = []

    def listen(self) -> None:
        """LocalStack has nothing to tell."""

    def acknowledge(self) -> None:
        """Nor does it keep anything."""

    def start(self) -> str:
        """Check that a LocalStack we know answers, and return its endpoint."""
        try:
            health = self._health()
        except EmulatorNotReady as error:
            raise EmulatorNotReady(f"LocalStack does not answer at {self.endpoint}. {_why_not_running()}") from error
        version = str(health.get("version", "unknown"))
        if _numbers(version) < _numbers(TESTED_VERSION):
            raise WrongEmulator(
                f"LocalStack {version} answers at {self.endpoint}, but the course needs {TESTED_VERSION} or newer. "
                f"The course's docker-compose.yml has it: stop the old one, then run: {START_COMMAND}"
            )
        return self.endpoint

    def stop(self, insist: bool = False) -> bool:
        raise EmulatorError("LocalStack is not ours to stop. Run: docker compose down")

    def reset(self) -> None:
        raise EmulatorError("This LocalStack cannot be emptied from outside. Run: docker compose restart localstack")

    def healthy(self) -> bool:
        try:
            self._health()
        except EmulatorError:
            return False
        return True

    def version(self) -> str:
        return str(self._health()["version"])

    def services(self) -> list[str]:
        return sorted(name for name, state in self._health()["services"].items() if state != "disabled")

    def supports(self, service: str) -> bool:
        return listed(service, self.services())

    def inbox(self) -> list[Mail]:
        if self._health()["services"].get("ses") != "running":
            return []  # Nothing was sent: LocalStack loads its mail service with the first mail.
        messages = call_json(f"{self.endpoint}/_aws/ses")["messages"]
        return [_mail(message) for message in messages]

    def calls(self, since: int = 0, wait: float = 0.0) -> None:
        """LocalStack keeps no call log that can be read."""

    def deeds(self, since: int = 0) -> None:
        """LocalStack tells only what it was asked, not who did what."""

    def denials(self, since: float = 0.0) -> None:
        """LocalStack tells only what it was asked, not who did what."""

    def runs(self, function: str) -> None:
        """LocalStack's logs do not tell who wrote a line."""

    def _health(self) -> dict[str, Any]:
        health: dict[str, Any] = call_json(f"{self.endpoint}/_localstack/health")
        return health


def _configured_endpoint() -> str:
    from localstack_client import config  # takes a tenth of a second

    endpoint: str = config.get_service_endpoint("sts")
    return endpoint


def _numbers(version: str) -> tuple[int, ...]:
    """A version's leading numbers, for comparing: "2026.3.1.dev2" → (2026, 3, 1)."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _mail(message: dict[str, Any]) -> Mail:
    body = message.get("Body") or {}
    to = (message.get("Destination") or {}).get("ToAddresses") or [""]
    time = _utc(message["Timestamp"]) if message.get("Timestamp") else 0.0
    return Mail(to[0], message.get("Subject", ""), body.get("text_part") or "", time)


def _utc(text: str) -> float:
    """A time that LocalStack writes in UTC without saying so, in seconds since 1970."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _why_not_running() -> str:
    """What to do about it, from what Docker tells of the course's container."""
    if _compose_exit_code() == TOKEN_EXIT_CODE:
        return (
            f"Its container ended with code {TOKEN_EXIT_CODE}: LocalStack newer than {TESTED_VERSION} needs a token. "
            f"Set LOCALSTACK_AUTH_TOKEN, or unset LOCALSTACK_TAG to use {TESTED_VERSION}, then run: {START_COMMAND}"
        )
    return f"Start it with: {START_COMMAND}"


def _compose_exit_code() -> int | None:
    docker = shutil.which("docker")
    if docker is None:
        return None
    command = [docker, "compose", "ps", "--all", "--format", "json", "localstack"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, env=os.environ)
        return int(json.loads(done.stdout.strip().splitlines()[0])["ExitCode"])
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, IndexError, TypeError):
        return None  # Docker is there but tells nothing: say only what we know.
