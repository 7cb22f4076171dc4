"""The emulators that AWS can come from, and the choice between them."""

import os
from pathlib import Path

from lab_harness.emulators.attached import Attached
from lab_harness.emulators.base import Emulator
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.localstack import LocalStack
from lab_harness.errors import EmulatorError, EmulatorNotReady, UsageError, WrongEmulator
from lab_harness.local import require_local

NAMES = ("embedded", "localstack")


def choose(home: Path, name: str | None = None) -> Emulator:
    """The emulator to use, not yet started: the one named, else the one the environment points to.

    A name (or LAB_EMULATOR) decides; without one AWS_ENDPOINT_URL does, then LOCALSTACK_HOST, both read
    as LocalStack's own tools read them; without any of these it is the embedded one. `home` is the
    folder that keeps the embedded emulator's state.
    """
    name = name or os.environ.get("LAB_EMULATOR")
    if name not in (None, "", *NAMES):
        raise UsageError(f"There is no emulator {name!r}. Choose one of: {', '.join(NAMES)}.")
    if name == "embedded":
        return Embedded(home)
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if endpoint:
        require_local(endpoint)
    if name == "localstack":
        return _local(LocalStack(endpoint))
    if endpoint:
        return _at(endpoint, home)
    return _local(LocalStack()) if os.environ.get("LOCALSTACK_HOST") else Embedded(home)


def _local(emulator: LocalStack) -> LocalStack:
    require_local(emulator.endpoint)
    return emulator


def _at(endpoint: str, home: Path) -> Emulator:
    """The emulator that answers at an endpoint."""
    ours = Embedded(home)
    if ours.endpoint == endpoint.replace("//localhost:", "//127.0.0.1:"):
        return ours
    try:
        call_json(f"{endpoint}/_lab/health")
        return Attached(endpoint)
    except WrongEmulator:
        return LocalStack(endpoint)
    except EmulatorNotReady as error:
        raise EmulatorNotReady(
            f"AWS_ENDPOINT_URL is {endpoint}, but nothing answers there. "
            "Unset it to use the embedded emulator, or start the emulator that it names."
        ) from error


__all__ = ["NAMES", "Emulator", "EmulatorError", "choose"]
