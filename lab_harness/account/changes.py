"""What the learner changes in the account, as it happens, and which of a lab's checks that can affect."""

import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from lab_harness.account.concern import Concern
from lab_harness.account.service import Part
from lab_harness.account.services import known
from lab_harness.account.state import account_state, differences
from lab_harness.account.trace import REQUESTS, sets_going
from lab_harness.aws import Clients
from lab_harness.emulators.base import Call, Emulator
from lab_harness.lab.labs import Check, Lab
from lab_harness.lab.parameters import PROBES

READS = re.compile(
    r"(Get|List|Describe|Head|BatchGet|TransactGet|Lookup|Test|Filter|Simulate|Select|Search|Validate)\w*"
    r"|Query|Scan|StartQuery|(GET|HEAD|OPTIONS) .*"
)
BREATH = 0.05  # seconds between two questions for calls, so that a program which makes many is seen a few times only
# Without a call log: seconds between two looks at the account, which grow by a tenth of the time without a change
INTERVAL, LONGEST_INTERVAL = 1.0, 3.0
ALL = Concern()
SETTLING = 2.0  # seconds without a stir until what the checks' probes have left behind is complete


@dataclass(frozen=True)
class Change:
    """What happened in the account.

    `services` are those in which the learner changed something, by boto3's names. `sets_going` says that the learner
    sent, invoked, started or requested something, which may have effects in other services.
    """

    services: frozenset[str]
    sets_going: bool

    @property
    def learner(self) -> bool:
        """Whether the learner did something; otherwise only functions or checks did."""
        return bool(self.services) or self.sets_going

    def __or__(self, other: "Change") -> "Change":
        return Change(self.services | other.services, self.sets_going or other.sets_going)


def affected(lab: Lab, change: Change) -> frozenset[str]:
    """The names of the checks that may have another outcome after a change; none of them stands apart.

    There may be none at all, which `run_checks` would take for all. What was set going is taken to reach every service
    of the lab that holds more than what somebody configured.
    """
    services = frozenset(lab.file.services)
    left_behind = _that_keep(services) | {*PROBES} if change.sets_going else frozenset()
    touched = change.services | left_behind
    reads: dict[str, frozenset[str]] = {}
    for check in lab.all_checks:  # needs are always declared earlier
        # A check on the end of a chain needs the checks on its links, and whatever breaks a link is seen at the end.
        reads[check.name] = _reads(check, services).union(*(reads[name] for name in check.needs))
    return frozenset(check.name for check in lab.all_checks if not check.apart and reads[check.name] & touched)


def _reads(check: Check, services: frozenset[str]) -> frozenset[str]:
    """What a check itself looks at. Any of the lab's services may stand behind a request or a mail."""
    named = frozenset(check.parameters.values())
    return named | services if named & {*PROBES} else named


def _that_keep(services: frozenset[str]) -> frozenset[str]:
    """Those that keep what is sent to them, or what something that runs leaves there."""
    return frozenset(name for name in services if not known(name).configured)


class Changes:
    """What happens in the account after the moment this was made, in the services named, of what is of `concern`.

    From a call log it is known at once, and whose doing it is. Without one (on LocalStack) the account is looked at
    again and again, every `interval` seconds at first, and who changed it is not seen.
    """

    def __init__(
        self, clients: Clients, services: Collection[str], interval: float = INTERVAL, concern: Concern = ALL
    ) -> None:
        calls = clients.emulator.calls()
        self._watch: _Calls | _Looks
        if calls is None:
            self._watch = _Looks(clients, services, interval, concern)
        else:
            self._watch = _Calls(clients.emulator, services, calls, concern)

    def wait(self, seconds: float) -> Change | None:
        """What has happened since it was told last, as soon as something has; None where nothing does for so long.

        Raises EmulatorError when the emulator does not answer. Asked again once it does, it tells what was missed.
        """
        return self._watch.wait(seconds)

    def checking(self) -> AbstractContextManager[None]:
        """While checks run: what their probes do is not the learner's doing.

        Without a call log everything that runs meanwhile, and until it has settled, is taken for the probes' doing.
        What is built meanwhile is the learner's in any case.
        """
        return self._watch.checking()

    def acted(self) -> None:
        """The learner has just done something, such as running a cell.

        Without a call log it is looked for at once; and if checks run, something is reported to have been set going
        when they have ended, because what the learner left behind cannot be told from what they did.
        """
        self._watch.acted()


class _Calls:
    """The changes that a call log tells of."""

    def __init__(self, emulator: Emulator, services: Collection[str], made: list[Call], concern: Concern) -> None:
        self._emulator, self._concern = emulator, concern
        self._services = frozenset(services)
        self._last = made[-1].number if made else 0
        self._asked = 0.0

    def wait(self, seconds: float) -> Change | None:
        deadline = time.monotonic() + seconds
        while True:
            time.sleep(max(0.0, self._asked + BREATH - time.monotonic()))
            self._asked = time.monotonic()
            rest = max(0.0, deadline - self._asked)
            change = self._change(self._emulator.calls(self._last, rest) or [])
            if change or not rest:
                return change

    def checking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def acted(self) -> None: ...

    def _change(self, calls: list[Call]) -> Change | None:
        if not calls:
            return None
        missed = self._last not in (0, calls[0].number - 1)
        self._last = calls[-1].number
        change = Change(self._services, True) if missed else None
        for call in calls:
            if self._concern.about(call.about) and (made := _made_by(call, self._services)):
                change = change | made if change else made
        return change


def _made_by(call: Call, services: frozenset[str]) -> Change | None:
    """What a call changed; None where it only looked, or failed."""
    request = call.service in REQUESTS
    going = sets_going(call)
    builds = known(call.service).builds
    if call.status >= 400 and not request:  # A request that is answered 500 may well have run a function.
        return None
    if READS.fullmatch(call.operation) and not going and not builds:
        return None
    if call.caller != "learner":
        return Change(frozenset(), False)
    touched = services if builds else services & {call.service}
    return Change(_that_keep(touched) if going else touched, going)


class _Looks:
    """The changes between one look at the account and the next."""

    def __init__(self, clients: Clients, services: Collection[str], interval: float, concern: Concern) -> None:
        self._clients, self._concern = clients, concern
        self._services = [service for service in services if clients.emulator.supports(service)]
        self._interval = interval
        self._state = account_state(clients, self._services, concern.about_text)
        self._looked = self._changed = time.monotonic()
        self._soon = threading.Event()
        self._runs = 0  # of checks, in progress
        self._settled = 0.0  # when what the last run left behind is complete, as far as is known
        self._owed = False  # the learner did something of which nothing was told yet

    def wait(self, seconds: float) -> Change | None:
        deadline = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            pause = min(max(self._interval, (now - self._changed) / 10), LONGEST_INTERVAL)
            due = self._looked + pause
            if not self._soon.wait(max(0.0, min(due, deadline) - now)) and deadline < due:
                return None
            self._soon.clear()
            if change := self._look():
                return change

    @contextmanager
    def checking(self) -> Iterator[None]:
        self._runs += 1
        try:
            yield
        finally:
            self._settled = time.monotonic() + SETTLING
            self._runs -= 1
            self._look_soon()

    def acted(self) -> None:
        self._owed = self._owed or self._probed(time.monotonic())
        self._look_soon()

    def _look_soon(self) -> None:
        self._changed = time.monotonic()
        self._soon.set()

    def _probed(self, moment: float) -> bool:
        """Whether what was set going then may have been set going by checks."""
        return self._runs > 0 or moment < self._settled

    def _look(self) -> Change | None:
        self._looked = time.monotonic()
        state = account_state(self._clients, self._services, self._concern.about_text)
        changed = differences(self._state, state)
        self._state = {**self._state, **state}
        if any(changed.values()):
            self._changed = time.monotonic()
        left, probed = changed[Part.LEFT], self._probed(self._looked)
        if left and probed:
            self._settled = max(self._settled, time.monotonic() + SETTLING)
        learners = frozenset() if probed else left
        owed = self._owed and not self._runs
        self._owed = self._owed and not owed
        change = Change(changed[Part.BUILT] | _that_keep(learners), bool(learners) or owed)
        return change if change.learner or left else None
