"""Looks at the emulator: whether it starts, answers, and is what boto3 reaches."""

import os
import shutil
import time
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from lab_harness import emulators
from lab_harness.aws import using_emulator
from lab_harness.emulators.base import Emulator
from lab_harness.emulators.embedded import RESTART, USUAL_PORT, Embedded
from lab_harness.emulators.localstack import START_COMMAND
from lab_harness.emulators.process import is_free
from lab_harness.errors import (
    OWN_FOLDER,
    CourseError,
    EmulatorNotReady,
    ForeignEndpoint,
    HarnessError,
    UsageError,
    WrongEmulator,
    advice,
)
from lab_harness.lab.labs import all_labs
from lab_harness.learner.doctor.finding import Finding, Machine

SLOW = 0.5  # seconds, for an answer that takes milliseconds
EMBEDDED = "use the embedded emulator: lab open --emulator embedded"
OTHER = f"Start LocalStack ({START_COMMAND}), or {EMBEDDED}"
FIXES: dict[type[HarnessError], str] = {
    UsageError: "Set LAB_EMULATOR to embedded or localstack, or unset it.",
    ForeignEndpoint: f"Unset AWS_ENDPOINT_URL and LOCALSTACK_HOST, or {EMBEDDED}",
    CourseError: OWN_FOLDER,
    EmulatorNotReady: OTHER,
    WrongEmulator: OTHER,
}


def orphans(machine: Machine) -> Iterator[Finding]:
    """Whether emulators of this course run that no command can find; they are ended. Nothing is said of none."""
    if not machine.course.home.is_dir():
        return
    for number in Embedded(machine.course.home).end_orphans():
        found = f"an emulator of this course that no command could find (process {number}) was ended"
        yield Finding("Orphans", "note", f"{found}; what it had saved is kept")


def emulator(machine: Machine) -> Iterator[Finding]:
    """Whether the emulator runs, or can be started, and answers at once."""
    began = time.monotonic()
    try:
        machine.chosen = chosen = emulators.choose(machine.course.home, machine.asked)
        ran = chosen.healthy()
        chosen.start()
        ready = time.monotonic()
        version = chosen.version()
    except HarnessError as error:
        match error:
            case CourseError(__cause__=OSError() as cause):
                fix = advice(cause)
            case _:
                fix = FIXES.get(type(error), RESTART)
        yield Finding("Emulator", "problem", str(error).removesuffix(f" {fix}"), fix)
        return
    machine.answers = chosen
    seconds = time.monotonic() - ready
    started = "" if ran else f"; it started within {ready - began:.1f} s"
    found = f"{chosen.name} {version} answers at {chosen.endpoint} within {1000 * seconds:.0f} ms{started}"
    if seconds < SLOW:
        yield Finding("Emulator", "ok", found)
    else:
        yield Finding("Emulator", "note", found, "See what keeps this machine busy: a virus scanner, for example.")
    yield from (Finding("Emulator", "note", notice) for notice in chosen.notices)


def port(machine: Machine) -> Iterator[Finding]:
    """Which port the embedded emulator has, and why not the usual one."""
    if not machine.answers or machine.answers.name != "embedded":
        return
    number = urlsplit(machine.answers.endpoint).port
    if number != USUAL_PORT and not is_free(USUAL_PORT):
        yield Finding("Port", "note", f"{number}, since another program has the usual {USUAL_PORT}")
    else:
        yield Finding("Port", "ok", str(number))


def services(machine: Machine) -> Iterator[Finding]:
    """Whether the emulator has the services of all labs."""
    if not machine.answers:
        return
    has = cache(machine.answers.supports)
    lacking = {lab.id: [name for name in lab.file.services if not has(name)] for lab in all_labs(machine.course)}
    told = "; ".join(f"{lab} uses {', '.join(names)}" for lab, names in lacking.items() if names)
    if told:
        fix = f"Nothing, if you can do without: those parts are reported as unsupported. Or {EMBEDDED}"
        yield Finding("Services", "note", f"{machine.answers.name} lacks some: {told}", fix)
    else:
        yield Finding("Services", "ok", "all that the labs use")


def round_trip(machine: Machine) -> Iterator[Finding]:
    """Whether a client that is made as learners make it reaches the emulator, and not AWS."""
    if machine.answers:
        yield _plain_call(machine.answers)


def _plain_call(answers: Emulator) -> Finding:
    with using_emulator(answers):
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        # So that the call log does not take it for the learner's call.
        os.environ["AWS_SECRET_ACCESS_KEY"] = answers.checks.secret_access_key
        sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5))
        if sqs.meta.endpoint_url != answers.endpoint:
            fix = "Restart the kernel, and give boto3 no endpoint of your own."
            return Finding("boto3", "problem", f"it would call {sqs.meta.endpoint_url}, so nothing was sent", fix)
        try:
            sqs.list_queues()
        except (BotoCoreError, ClientError) as error:
            return Finding("boto3", "problem", f"{type(error).__name__}: {error}", RESTART)
    return Finding("boto3", "ok", "its calls reach the emulator, not AWS")


def docker(machine: Machine) -> Iterator[Finding]:
    """Whether LocalStack could be started here; nothing is said where it was not chosen."""
    if not machine.chosen or machine.chosen.name != "localstack":
        return
    if shutil.which("docker"):
        yield Finding("Docker", "ok", f"there; this starts LocalStack: {START_COMMAND}")
    else:
        fix = f"Install it to start LocalStack with the course's docker-compose.yml, or {EMBEDDED}"
        yield Finding("Docker", "note", "not installed", fix)
