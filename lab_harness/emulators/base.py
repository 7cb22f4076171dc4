"""What every emulator offers to the rest of the harness."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab_harness.emulators.credentials import Credentials
from lab_harness.iam import contexts

ACCOUNT, REGION = contexts.ACCOUNT, contexts.REGION
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,}")  # what may be a resource's name, or a part of one
NO_CALL_LOG = (
    "There is no call log here: LocalStack keeps none, and an embedded emulator that belongs to another folder shows "
    "its own only there."
)
CLOCK = "clock"  # the service under which the call log has that time was moved
# and those under which it has requests to a distribution and to a user pool's login page, which are no AWS calls
DISTRIBUTION, LOGIN_PAGE = "distribution", "login-page"
LONGEST_ADVANCE = 366 * 86_400.0  # seconds by which its time is moved at once
FARTHEST = 10 * LONGEST_ADVANCE  # seconds ahead of the computer's time: it never goes back, and dates have an end
AT_EDGE = "us-east-1."  # begins the name of the log that a function has of its runs at CloudFront's edge
METRICS_OF_PROBES = "Checks/Lambda"  # the namespace in which the embedded emulator counts what checks have run


@dataclass(frozen=True)
class Mail:
    """One mail that the emulator sent, as it would stand in the recipient's inbox; `time` is seconds since 1970.

    `by` is who published it: a caller as of a call, or "events <rule>", and then `event` is what the rule matched, with
    its source, detail-type and detail. Where the emulator does not tell, `by` is empty. `probe`: it is a check's doing.
    """

    to: str
    subject: str
    text: str
    time: float = field(default=0.0, compare=False)
    by: str = field(default="", compare=False)
    event: Mapping[str, Any] | None = field(default=None, compare=False)
    probe: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Call:
    """One AWS call: `caller` is "learner", "checks" or "function <name>"; `time` is seconds since 1970.

    `probe`: it is a check's doing, its own or that of a function which a check has set going. `about` are the words in
    it that may be a resource's name. `denied` is AWS's sentence where the caller had no permission.
    """

    number: int
    time: float
    service: str
    operation: str
    caller: str
    status: int
    seconds: float
    probe: bool = False
    about: tuple[str, ...] = ()
    denied: str = ""


@dataclass(frozen=True)
class Deed:
    """What the emulator saw: a function's `run`, with its event, an item's `write`, with its key, what was `denied`.

    `by` is the caller, as of a call, or what the emulator itself did it for: "sqs <queue>", "states <machine>",
    "events <rule>", "execute-api <API's id>", "logs <log group>", "cloudfront <distribution's id>". `name` is the
    function's or the table's, `detail` is JSON.
    """

    number: int
    time: float
    kind: str
    name: str
    by: str
    detail: str


@dataclass(frozen=True)
class Denial:
    """What was refused for want of a permission, or by a statement that denies it; `message` is AWS's sentence.

    `by` is as of a deed. `role` is the ARN of the role that the principal used, if any. `kind` is the kind of policy in
    which nothing allows the action, or in which what `denies` it stands. `statements` are those that were looked at:
    each with its kind, its policy's name, what it says, and why it does not allow the action. `probe`: it is a check's
    doing.
    """

    time: float
    by: str
    principal: str
    role: str
    action: str
    resource: str
    kind: str
    message: str
    denies: Mapping[str, Any] | None
    statements: Sequence[Mapping[str, Any]]
    probe: bool


@dataclass(frozen=True)
class Run:
    """One run of a function, as Lambda itself logged it: who had it run, its event as JSON, its lines, when it began.

    `time` is seconds since 1970. `probe`: a check has set it going, if only by way of a queue or an execution.
    """

    by: str
    event: str
    lines: list[str]
    time: float
    probe: bool = False


@dataclass(frozen=True)
class Moved:
    """How far the emulator's time was moved: its time now, in seconds since 1970, and what fell due, with how often."""

    now: float
    ahead: float  # seconds by which it is ahead of the computer's time
    happened: Mapping[str, int] = field(default_factory=dict)


class Emulator(Protocol):
    """Where AWS comes from. Methods raise `EmulatorError` when the emulator cannot be reached."""

    name: str
    place: str  # where its notices are shown: "terminal" or "panel"

    @property
    def notices(self) -> list[str]:
        """What the user should know: how it was started, what happened to files, what cannot be saved now."""

    def listen(self) -> None:
        """Learn what is to be known by now; `notices` holds it."""

    def acknowledge(self) -> None:
        """Somebody has seen the notices, in this place: what happened once need not be told there again."""

    @property
    def endpoint(self) -> str:
        """http://127.0.0.1:<port>; empty until started."""

    @property
    def learner(self) -> Credentials:
        """What the learner's calls are signed with."""

    @property
    def checks(self) -> Credentials:
        """What the checks' calls are signed with."""

    @property
    def marks(self) -> dict[str, str]:
        """The headers by which plain requests of the checks' are known."""

    def start(self) -> str:
        """Make sure it runs, starting it where that is ours to do, and return its endpoint."""

    @property
    def trouble(self) -> list[str]:
        """What of what was built could not be saved when that was last tried, as sentences; part of the notices."""

    def stop(self, insist: bool = False) -> bool:
        """Stop it, keeping its state; False when it was not running. `trouble` says what was lost with it.

        Where it is to `insist` on that, it runs on instead, and EmulatorError says why.
        """

    def reset(self) -> None:
        """Empty the whole account."""

    def healthy(self) -> bool:
        """Whether it answers."""

    def version(self) -> str:
        """The version of what answers."""

    def services(self) -> list[str]:
        """The services it has, by its own names for them."""

    def supports(self, service: str) -> bool:
        """Whether it has a service, by boto3's name for it ("lambda", "stepfunctions", "apigatewayv2")."""

    def inbox(self) -> list[Mail]:
        """The mails it sent, oldest first."""

    def calls(self, since: int = 0, wait: float = 0.0) -> list[Call] | None:
        """The AWS calls after the one with this number, oldest first; None where it shows no call log.

        Where there are none yet it waits so many seconds, at most 30, for the next. Numbers grow by one with each
        call, and through a restart; where one is left out, calls were lost or the account was emptied.
        """

    def deeds(self, since: int = 0) -> tuple[int, list[Deed]] | None:
        """The number of the last deed, and the deeds after the one numbered `since`; None where none are recorded."""

    def denials(self, since: float = 0.0) -> list[Denial] | None:
        """What was refused since this time for want of a permission, oldest first; None where that is not recorded."""

    def now(self) -> float:
        """The emulator's time, in seconds since 1970: the computer's, and as far ahead as it was moved."""

    def advance(self, seconds: float) -> Iterator[Moved]:
        """Move the emulator's time; in parts, of which each says how far it came. What falls due happens on the way.

        An emulator whose time cannot be moved waits instead, and raises UsageError where that would be long.
        """

    def hasten(self, queue: str = "") -> int:
        """Make due now what checks wait for, and nothing else; how many things these are.

        That is the end of each Wait state, and of each pause before a retry, in the executions that checks have
        started, and the messages of theirs in a queue which nobody could receive again yet. 0 where there are none, or
        where the emulator cannot.
        """

    def going(self) -> int:
        """How much goes on that checks have set going: functions' runs, events until their last try is over.

        0 where it is all over, but for what waits in queues and executions; and where the emulator does not tell.
        """

    def runs(self, function: str) -> list[Run] | None:
        """The runs that the function's log tells of in Lambda's own lines; None where lines tell no author."""


# boto3's name for a service → MiniStack's name, where the two differ; LocalStack uses boto3's.
MINISTACK_NAMES = {"stepfunctions": "states", "cloudwatch": "monitoring", "efs": "elasticfilesystem"}


def listed(service: str, services: list[str]) -> bool:
    """Whether boto3's service is among the names that an emulator lists."""
    return service in services or MINISTACK_NAMES.get(service, service) in services


def as_calls(rows: list[dict[str, Any]]) -> list[Call]:
    """Calls from their JSON; a call that was cut off has status 0."""
    return [Call(**{"status": 0, **row, "about": tuple(row.get("about", ()))}) for row in rows]
