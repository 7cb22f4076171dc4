"""Runs a lab's checks after the notebook has ended, and makes a fingerprint of what was built."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.errors import EmulatorError, EmulatorNotReady
from lab_harness.grading.room.emulator import PORT, RoomEmulator
from lab_harness.grading.room.lines import tell
from lab_harness.lab.file import MIB
from lab_harness.lab.labs import Check, Lab, load_lab
from lab_harness.results import CheckResult, LabReport, Outcome
from lab_harness.runner import run_checks

MOST_OF_A_FILE, MOST_CODE, LARGEST_PACKAGE = 1 * MIB, 32 * MIB, 50 * MIB  # of a function's code in a fingerprint
ATTEMPTS = 5  # of two seconds each in which an emulator must answer; an overloaded machine's may be slow
LONGEST_TEXT = 10_000  # characters of a result's; a function may answer with megabytes
VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)?"  # times
    r"|[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|\b[0-9a-f]{8,64}\b"  # UUIDs and the like
    r"|\b(?=\w*\d)[0-9a-z]{10}\b|\b(?=\w*\d)[A-Z0-9]{16,21}\b|\b[a-z]+-[0-9a-f]{8,17}\b|\b\d{10}(\.\d+)?\b"  # ids
)
# Members that differ each time a thing is made, in the words of the services.
VOLATILE_KEYS = {"CodeSha256", "CodeSize", "RevisionId", "LastModified", "CreationDate", "creationDate", "createdDate"}
VOLATILE_KEYS |= {"CreatedDate", "CreateDate", "CreationDateTime", "CreatedTimestamp", "LastModifiedTimestamp"}
VOLATILE_KEYS |= {"lastUpdatedDate", "creationTime", "LastUpdateDate", "UpdateDate", "ApiEndpoint", "revisionId"}


class Judge:
    """The labs' checks and their clients. Both are made once, before the fork, for an emulator at the usual port."""

    def __init__(self, course: Course, port: int = PORT) -> None:
        self.course = course
        self.emulator = RoomEmulator(port)
        self.clients = Clients(self.emulator)
        self._labs: dict[str, Lab] = {}

    def prepare(self, lab_id: str, rehearse: bool) -> None:
        """Load a lab's checks, and make clients of its services, so that what notebooks and checks read is read once.

        If the lab cannot be loaded, the error comes when it is graded. With `rehearse` each client of the checks makes
        a first call, although no emulator answers: the first call is slow.
        """
        from lab_harness.account.state import account_state

        with suppress(Exception):
            self.clients["http"]
            lab = self.lab(lab_id)
            asked = _services(lab)
            for service in asked.union(lab.file.services):
                self.clients[service].waiter_names  # noqa: B018  reads how waiters wait
                if rehearse and service in asked:
                    with suppress(EmulatorNotReady):
                        account_state(self.clients, [service])

    def lab(self, lab_id: str) -> Lab:
        """The lab, loaded once."""
        if lab_id not in self._labs:
            self._labs[lab_id] = load_lab(lab_id, self.course)
        return self._labs[lab_id]

    def judge(self, lab_id: str, port: int, token: str, results: int) -> None:
        """Run the checks and write each result to `results`; then that all are done, or why they stopped.

        Of work that is not complete a fingerprint follows; complete work is alike because it is right. This runs in a
        separate process.
        """
        self.emulator.open_with(port, token)
        if port != PORT:
            self.clients = Clients(self.emulator)
        lab = self.lab(lab_id)

        def finished(result: CheckResult) -> None:
            if result.outcome is Outcome.BROKEN:
                self._insist_on_answers()
            tell(results, {"result": _short(result.to_dict())})

        try:
            self._insist_on_answers()
            report = run_checks(lab, self.clients, finished=finished)
            tell(results, {"judged": True})
            if report.points < report.total_points:
                tell(results, {"fingerprint": fingerprint(self.clients, lab)})
        except (EmulatorError, MemoryError) as error:
            tell(results, {"stopped": str(error) or type(error).__name__})

    def _insist_on_answers(self) -> None:
        """Raise EmulatorNotReady if the emulator hangs: each check would wait long, and none is to blame."""
        if not any(self.emulator.healthy() for _ in range(ATTEMPTS)):
            raise EmulatorNotReady("The emulator hangs.")


def _services(lab: Lab) -> set[str]:
    """The services that a lab's checks use."""
    return {name for check in lab.all_checks for name in check.services}


def _short(values: dict[str, Any]) -> dict[str, Any]:
    """The values, with long texts shortened."""
    return {
        name: f"{value[:LONGEST_TEXT]}…" if isinstance(value, str) and len(value) > LONGEST_TEXT else value
        for name, value in values.items()
    }


def whole_report(lab: Lab, told: Iterable[dict[str, Any]], why_missing: str) -> LabReport:
    """A report with these results. A check without a result is BLOCKED, with the reason."""
    came = {result.name: result for result in map(CheckResult.from_dict, told)}

    def result(check: Check) -> CheckResult:
        blocked = CheckResult(check.name, check.title, check.task, Outcome.BLOCKED, check.points, next_step=why_missing)
        return came.get(check.name, blocked)

    return LabReport(lab.id, lab.title, "embedded", tuple(result(each) for each in lab.all_checks if not each.apart))


def fingerprint(clients: Clients, lab: Lab) -> str:
    """A digest of what was built, with the functions' code, without ids and times, which differ in each build."""
    from lab_harness.account.service import Part
    from lab_harness.account.state import account_state

    services = _services(lab)
    try:
        state = account_state(clients, services)
        rows: set[str] = {_lasting(text) for (_, part), texts in state.items() if part is Part.BUILT for text in texts}
        if "lambda" in services:
            rows |= set(_code_of_functions(clients))
    except Exception:  # Whatever a student has put in the account: a fingerprint is no reason to fail.
        return ""
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest() if rows else ""


def _lasting(text: str) -> str:
    return VOLATILE.sub("*", json.dumps(_without_volatile(json.loads(text)), sort_keys=True))


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_volatile(each) for key, each in value.items() if key not in VOLATILE_KEYS}
    return [_without_volatile(each) for each in value] if isinstance(value, list) else value


def _code_of_functions(clients: Clients) -> Iterable[str]:
    for function in clients["lambda"].list_functions()["Functions"]:
        name = function["FunctionName"]
        location = urlsplit(clients["lambda"].get_function(FunctionName=name)["Code"]["Location"])
        package = clients["http"].download(f"{location.path}?{location.query}", LARGEST_PACKAGE)
        yield f"{name} {zip_digest(package)}"


def zip_digest(package: bytes) -> str:
    """A digest of the files in a zip archive, without their times."""
    digest, left = hashlib.sha256(), MOST_CODE
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for name in sorted(archive.namelist()):
            digest.update(name.encode() + b"\0")
            with archive.open(name) as file:
                code = file.read(min(MOST_OF_A_FILE, left))
            digest.update(code)
            left -= len(code)
    return digest.hexdigest()
