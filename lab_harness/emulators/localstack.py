"""LocalStack as the emulator, or another that answers its health question: found as its own tools do, never started.

What it has counts, not its version: a service that it does not list is asked whether it is there.
https://docs.localstack.cloud/aws/integrations/app-frameworks/localstack-sdks/python/
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from lab_harness.emulators import probing
from lab_harness.emulators.base import Mail, Moved, listed
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.exchange import call_json
from lab_harness.errors import EmulatorError, EmulatorLacks, EmulatorNotReady, UsageError, WrongEmulator

TESTED_VERSION = "4.14.0"
UNTESTED = (
    "The course was tested with LocalStack {tested} and newer; {version} answers here. What it lacks is reported as "
    "unsupported, and what it does otherwise than AWS may fail."
)
START_COMMAND = "docker compose up --detach --wait"
TOKEN_EXIT_CODE = 55  # what a LocalStack newer than 4.14.0 ends with when it is given no token
LONGEST_WAIT, PROGRESS = 120.0, 5.0  # seconds: what is waited in place of moving time, and between two words of it


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
        self._asked: dict[str, bool] = {}  # whether it has a service that it does not list

    def listen(self) -> None:
        """LocalStack has nothing to tell."""

    def acknowledge(self) -> None:
        """Nor does it keep anything."""

    def start(self) -> str:
        """Check that it answers, and return its endpoint; what is untested is told as a notice."""
        try:
            version = str(self._health().get("version", "unknown"))
        except EmulatorNotReady as error:
            raise EmulatorNotReady(f"LocalStack does not answer at {self.endpoint}. {_why_not_running()}") from error
        self.notices = (
            []
            if _numbers(version) >= _numbers(TESTED_VERSION)
            else [UNTESTED.format(tested=TESTED_VERSION, version=version)]
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
        return str(self._health().get("version", "unknown"))

    def services(self) -> list[str]:
        return sorted(name for name, state in self._health()["services"].items() if state != "disabled")

    def supports(self, service: str) -> bool:
        states = self._health()["services"]
        if listed(service, list(states)):
            return bool(states.get(service) != "disabled")
        if service not in self._asked:
            self._asked[service] = probing.has(self.endpoint, service)
        return self._asked[service]

    def inbox(self) -> list[Mail]:
        if self._health()["services"].get("ses") == "available":
            return []  # Nothing was sent: LocalStack loads its mail service with the first mail.
        try:
            return [_mail(message) for message in call_json(f"{self.endpoint}/_aws/ses")["messages"]]
        except (WrongEmulator, LookupError, TypeError, AttributeError) as error:
            raise EmulatorLacks("It does not show the mails that it sent.") from error

    def calls(self, since: int = 0, wait: float = 0.0) -> None:
        """LocalStack keeps no call log that can be read."""

    def deeds(self, since: int = 0) -> None:
        """LocalStack tells only what it was asked, not who did what."""

    def denials(self, since: float = 0.0) -> None:
        """LocalStack tells only what it was asked, not who did what."""

    def now(self) -> float:
        """Its time is the computer's."""
        return time.time()

    def advance(self, seconds: float) -> Iterator[Moved]:
        """Wait: LocalStack's time cannot be moved. Raises UsageError where that would take more than two minutes."""
        if seconds > LONGEST_WAIT:
            raise UsageError(
                f"LocalStack's clock cannot be moved, and {seconds:.0f} s are more than the {LONGEST_WAIT:.0f} s "
                "that are waited in place of it. The embedded emulator can: unset AWS_ENDPOINT_URL, or choose it by "
                "LAB_EMULATOR=embedded."
            )
        over = time.monotonic() + seconds
        while (rest := over - time.monotonic()) > 0:
            time.sleep(min(rest, PROGRESS))
            yield Moved(time.time(), 0.0)
        yield Moved(time.time(), 0.0)

    def hasten(self, queue: str = "") -> int:
        """Messages come again, and executions go on, when LocalStack's time for it is over."""
        return 0

    def going(self) -> int:
        """LocalStack does not tell what its functions are doing."""
        return 0

    def runs(self, function: str) -> None:
        """LocalStack's logs do not tell who wrote a line."""

    def _health(self) -> dict[str, Any]:
        health = call_json(f"{self.endpoint}/_localstack/health")
        if not isinstance(health, dict) or not isinstance(health.get("services"), dict):
            raise WrongEmulator(f"{self.endpoint} answers, but tells no services: this is no emulator that we know.")
        return health


def empty_where_it_breaks(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Make ListLayers name no layers where LocalStack cannot: it breaks on one that lost all its versions.

    LocalStack 4.14.0 keeps such a layer's name, looks for its newest version, and answers 500 "list index out of range"
    to each ListLayers until the layer has a version again.
    """
    if "list index out of range" in parsed.get("Error", {}).get("Message", ""):
        http_response.status_code = 200
        parsed["Layers"] = []


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
