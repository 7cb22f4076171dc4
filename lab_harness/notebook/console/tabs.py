"""Which tabs suit a lab."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from botocore.exceptions import ReadTimeoutError

from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.apis import show as apis
from lab_harness.notebook.console.buckets import show as buckets
from lab_harness.notebook.console.calls import show as calls
from lab_harness.notebook.console.inbox import show as inbox
from lab_harness.notebook.console.instances import show as instances
from lab_harness.notebook.console.logs import show as logs
from lab_harness.notebook.console.machines import show as machines
from lab_harness.notebook.console.metrics import show as metrics
from lab_harness.notebook.console.parts import Blocks
from lab_harness.notebook.console.queues import show as queues
from lab_harness.notebook.console.rules import show as rules
from lab_harness.notebook.console.tables import show as tables
from lab_harness.notebook.console.timeline import show as timeline


@dataclass(frozen=True)
class Tab:
    """One tab of the console. `show` looks at the account as it is now; EmulatorNotReady where nothing answers."""

    id: str
    title: str
    show: Callable[[Clients], Blocks]


class _Kind(NamedTuple):
    id: str
    title: str
    services: frozenset[str]  # a lab that uses one of them has this tab; none: every lab
    show: Callable[[Lab, Clients], Blocks]


# From what sets something going to what comes of it.
KINDS = (
    _Kind("machines", "State machines", frozenset({"stepfunctions"}), machines),
    _Kind("apis", "APIs", frozenset({"apigateway", "apigatewayv2"}), apis),
    _Kind("instances", "Instances", frozenset({"ec2"}), instances),
    _Kind("rules", "Rules", frozenset({"events"}), rules),
    _Kind("queues", "Queues", frozenset({"sqs"}), queues),
    _Kind("tables", "Tables", frozenset({"dynamodb"}), tables),
    _Kind("buckets", "Buckets", frozenset({"s3"}), buckets),
    _Kind("inbox", "Inbox", frozenset({"sns"}), inbox),
    _Kind("logs", "Logs", frozenset({"lambda"}), logs),
    _Kind("metrics", "Metrics", frozenset({"lambda"}), metrics),
    _Kind("timeline", "Timeline", frozenset(), timeline),
    _Kind("calls", "AWS calls", frozenset(), calls),
)


def tabs(lab: Lab) -> tuple[Tab, ...]:
    """The tabs that suit a lab, by the services that it uses."""
    used = set(lab.file.services)
    suiting = (kind for kind in KINDS if not kind.services or kind.services & used)
    return tuple(Tab(kind.id, kind.title, partial(_show, kind, lab)) for kind in suiting)


def _show(kind: _Kind, lab: Lab, clients: Clients) -> Blocks:
    try:
        return kind.show(lab, clients)
    except (*UNREACHABLE, ReadTimeoutError) as error:
        raise EmulatorNotReady("The emulator stopped answering. Start it again with: lab start") from error
