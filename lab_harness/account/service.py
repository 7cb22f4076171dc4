"""What the labs must know of an AWS service: a module of `lab_harness/account/services` says it in one `SERVICE`.

    SERVICE = Service(
        name="ssm",
        deleters={"AWS::SSM::Parameter": _delete},
        rows=_rows,
        tabs=(ServiceTab("values", "Parameters", 55, Listing(("name", "type"), _values, "Parameters appear here.")),),
    )

A module there is found by itself: no list anywhere names it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from lab_harness.aws import Clients

SETTLING_TIME = 20.0  # seconds


class Part(StrEnum):
    """How something came into the account."""

    BUILT = "built"  # somebody configured it
    LEFT = "left"  # something that ran, or was sent, left it behind


class Row(NamedTuple):
    """One thing in the account, `what` as plain values."""

    part: Part
    name: str
    what: Any


Rows = Iterator[Row]
Deleter = Callable[[Clients, str], bool]


@dataclass(frozen=True)
class Listing:
    """A tab that is one table: a row for each thing that there is, its name first. `empty` says what will appear.

    A cell is a text, a number or a time. Rows that the lab asks for by name are shown first, those that checks made
    for themselves not at all.
    """

    columns: tuple[str, ...]
    rows: Callable[[Clients], Iterable[tuple[object, ...]]]
    empty: str


@dataclass(frozen=True)
class ServiceTab:
    """A tab of the panel's console, which each lab has that uses the service.

    `place` orders the tabs, from what sets something going to what comes of it. `shows` is a listing, or names the
    function that makes more than that: "package.module:function". It is imported when the tab is first opened.
    With `probes` the function shows what checks have done, too, where it is told `checks`.
    """

    id: str
    title: str
    place: int
    shows: Listing | str
    probes: bool = False


@dataclass(frozen=True)
class Service:
    """An AWS service, by boto3's name. What is left out, it does not need.

    `deleters` has for each type of resource, by CloudFormation's name, the function that deletes what has a name, with
    all that AWS wants gone before it, and returns whether it was there. Types without unique names: all of that name.

    `rows` reads what the account holds of the service, by calls that change nothing; where the emulator keeps no call
    log, two readings are compared to see what changed.

    `configured`: it holds only what somebody configured. What is sent to it does not stay, and what runs leaves
    nothing there. `builds`: it builds in any service, and goes on after it has answered; to wait for the end is to
    ask until it has come. `sets_going` names its operations that may have effects in other services, besides those
    whose name says so (see trace.py).
    """

    name: str
    deleters: Mapping[str, Deleter] = field(default_factory=dict)
    rows: Callable[[Clients], Rows] | None = None
    configured: bool = False
    builds: bool = False
    sets_going: tuple[str, ...] = ()
    tabs: tuple[ServiceTab, ...] = ()


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The values but those of these names, such as counts and times that change by themselves."""
    return {name: value for name, value in values.items() if name not in names}


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most SETTLING_TIME: what hangs longer is the emulator's to mend, not ours."""
    deadline = time.monotonic() + SETTLING_TIME
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
