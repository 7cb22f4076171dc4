"""What tables and their global indexes have consumed, and how many requests they refused, minute by minute.

`capacity` writes it; `metrics` and `auto_scaling` read it. It is not saved: AWS's minutes are over by then, too.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from lab_harness.emulators.inside.moving_time import clock

MINUTE = 60
KEPT = 1440  # minutes: a day


@dataclass(frozen=True)
class Whose:
    """A table, or one of its global indexes, and `kind`, Read or Write."""

    table: str  # its ARN
    index: str  # its name; empty for the table itself
    kind: str


@dataclass
class Minute:
    """What happened within one minute."""

    consumed: float = 0.0
    requests: int = 0
    throttled: int = 0
    provisioned: float = 0.0  # units a second; 0 on demand


@dataclass
class Ledger:
    """The minutes of all tables."""

    minutes: dict[Whose, dict[int, Minute]] = field(default_factory=lambda: defaultdict(dict))


_ledger = Ledger()


def note(whose: Whose, units: float, provisioned: float, throttled: int = 0) -> None:
    """A request has consumed so many units just now, of so many a second; or it was refused."""
    minutes, now = _ledger.minutes[whose], this_minute()
    minute = minutes.setdefault(now, Minute())
    minute.consumed += units
    minute.requests += units > 0
    minute.throttled += throttled
    minute.provisioned = provisioned
    while len(minutes) > KEPT:
        del minutes[next(iter(minutes))]


def this_minute() -> int:
    """When the minute that goes on began, in seconds since 1970 of the emulator's time."""
    return int(clock.now() // MINUTE) * MINUTE


def minutes(whose: Whose) -> dict[int, Minute]:
    """The minutes in which something happened, by when they began."""
    return dict(_ledger.minutes.get(whose, {}))


def all_minutes() -> dict[Whose, dict[int, Minute]]:
    """The same of all tables and indexes."""
    return {whose: dict(minutes) for whose, minutes in list(_ledger.minutes.items())}


def forget() -> None:
    """Forget all, as the account is emptied."""
    _ledger.minutes.clear()


def of(table: dict[str, Any], kind: str, index: str = "") -> Whose:
    """Whose minutes those of a table, or of one of its global indexes, are."""
    return Whose(table["TableArn"], index, kind)
