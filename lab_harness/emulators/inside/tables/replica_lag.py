"""Lets eventually consistent reads of a table miss the last moment, where its tag says for how many seconds.

AWS keeps three copies of a table. A read may ask one that has not the last writes yet, usually for less than a second:
nobody can see that when they want to. MiniStack has one copy, so that all reads see all writes. With the tag
`lab:replica-lag` a table's other copies, and its indexes, are so many seconds of the account's clock behind: each
eventually consistent read sees what was there then. Strongly consistent reads, transactions and streams see all.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html (2026)
"""

import math
import uuid
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.tables import journal, named_tables

TAG = "lab:replica-lag"
RECORD = "_lag"  # in MiniStack's table: the changes of the seconds by which its copies are behind
LONGEST = 3600.0  # seconds


def install() -> None:
    """Make MiniStack do so. This takes effect when it imports DynamoDB."""
    journal.keep(_kept)
    reads = dict.fromkeys(("_get_item", "_query", "_scan"), _behind)
    hooks.change({"dynamodb": {**reads, "_batch_get_item": _all_behind}})


def _kept(table: dict[str, Any]) -> tuple[list[Any], float] | None:
    if seconds := _seconds(table):
        return table.setdefault(RECORD, {"changes": []})["changes"], clock.now() - seconds
    table.pop(RECORD, None)
    return None


def _behind(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    data = args[0]
    if data.get("ConsistentRead"):
        return original(*args, **kwargs)
    with _Copies() as copies:
        return copies.named(original(data | {"TableName": copies.of(data.get("TableName"))}))


def _all_behind(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    asked = args[0].get("RequestItems")
    if not isinstance(asked, dict):
        return original(*args, **kwargs)
    with _Copies() as copies:
        moved = {}
        for name, each in asked.items():
            is_strong = not isinstance(each, dict) or each.get("ConsistentRead")
            moved[name if is_strong else copies.of(name)] = each
        return copies.named(original(args[0] | {"RequestItems": moved}))


class _Copies:
    """Copies of tables as they were, under names of their own, as long as one request is answered."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __enter__(self) -> "_Copies":
        return self

    def __exit__(self, *_: object) -> None:
        from ministack.services import dynamodb

        for name in self._names:
            dynamodb._tables.pop(name, None)

    def of(self, name: Any) -> Any:
        """The name of a copy, where the table of this name lags; else this name."""
        from ministack.services import dynamodb

        table = named_tables.table(name)
        if not table or RECORD not in table or not (seconds := _seconds(table)):
            return name
        behind = f"lag-{uuid.uuid4().hex}"
        kept = {key: value for key, value in table.items() if key not in (RECORD, dynamodb._INDEX_MEMBERS)}
        dynamodb._tables[behind] = {**kept, "items": journal.items_at(table, clock.now() - seconds, RECORD)}
        self._names[behind] = name
        return behind

    def named(self, answer: Any) -> Any:
        """An answer that names the tables by their own names."""
        status, headers, body = answer
        for behind, name in self._names.items():
            body = body.replace(behind.encode(), name.encode())
        return status, headers, body


def _seconds(table: dict[str, Any]) -> float:
    """By how many seconds a table's other copies are behind."""
    from ministack.services import dynamodb

    tags = dynamodb._tags.get(table["TableArn"])
    value = next((each["Value"] for each in tags if each["Key"] == TAG), "0") if tags else "0"
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), LONGEST) if math.isfinite(seconds) else 0.0
