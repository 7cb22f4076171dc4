"""What tables held before, change by change, so that any moment of theirs can be had again.

Tables with point-in-time recovery have one, and those whose replicas lag. A journal is part of the table, so it is
saved with it and ends with it. MiniStack keeps none; all that changes an item goes by two of its functions.
"""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock

Table = dict[str, Any]
Keeper = Callable[[Table], tuple[list[Any], float] | None]

RECORD = "_recovery"  # in MiniStack's table: since when, for how many days, and the changes since then
DAY = 86_400

_keepers: list[Keeper] = []


def install() -> None:
    """Make MiniStack keep them. This takes effect when it imports DynamoDB."""
    hooks.change({"dynamodb": {"_set_item": _noting, "_remove_item": _noting}})
    keep(lambda table: (table[RECORD]["changes"], earliest(table)) if RECORD in table else None)


def keep(keeper: Keeper) -> None:
    """Keep changes for another: of a table, the list for them and the moment before which they are forgotten.

    Its answer is None for a table of which it wants none.
    """
    _keepers.append(keeper)


def _noting(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    table, *key = args[:3]
    for kept in filter(None, (keeper(table) for keeper in _keepers)):
        _note(*kept, table, *key)
    return original(*args, **kwargs)


def _note(changes: list[Any], oldest: float, table: Table, partition: Any, sort: Any) -> None:
    """Keep what is under this key, for it is about to change, and forget what changed before a moment."""
    before = table["items"].get(partition, {}).get(sort)
    changes.append([clock.now(), partition, sort, copy.deepcopy(before)])
    while changes[0][0] < oldest:
        del changes[0]


def begin(table: Table, days: int) -> None:
    """Keep what changes from now on, for so many days; if it is kept already, for so many from now on."""
    table.setdefault(RECORD, {"since": clock.now(), "changes": []})["days"] = days


def end(table: Table) -> None:
    """Forget it, and keep nothing more."""
    table.pop(RECORD, None)


def is_kept(table: Table) -> bool:
    """Whether a table's changes are kept."""
    return RECORD in table


def days(table: Table) -> int:
    """For how many days they are kept."""
    return int(table[RECORD]["days"])


def earliest(table: Table) -> float:
    """The earliest moment that can be had again, in seconds since 1970."""
    record = table[RECORD]
    return float(max(record["since"], clock.now() - record["days"] * DAY))


def items_at(table: Table, moment: float, record: str = RECORD) -> dict[Any, dict[Any, Any]]:
    """The items of a table as they were, by their keys, after one of its records."""
    items: dict[Any, dict[Any, Any]] = defaultdict(dict, copy.deepcopy(dict(table["items"])))
    for changed, partition, sort, before in reversed(table[record]["changes"]):
        if changed <= moment:
            break
        if before is None:
            items[partition].pop(sort, None)
        else:
            items[partition][sort] = copy.deepcopy(before)
    return defaultdict(dict, {partition: rows for partition, rows in items.items() if rows})
