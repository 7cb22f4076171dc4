"""Deletes items when their time to live is over, and says so in their table's stream, as the service's own doing.

MiniStack looks once a minute of the computer's time, and writes no record. It takes any change of the setting, where
AWS wants what is on switched off first, and switches off only what is on; AWS's wait of an hour between is left out.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html (2026); the words are
those in https://github.com/go-to-k/cdkd/pull/932 and https://github.com/cloudposse/terraform-aws-dynamodb/issues/94.
"""

import json
import math
import threading
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock, falling_due
from lab_harness.emulators.inside.scopes import within

SERVICE = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
REAPER = "dynamodb-ttl-reaper"  # MiniStack's thread that looks for what has expired
ANOTHER = "TimeToLive is active on a different AttributeName: current AttributeName is {}"
TOO_OLD = 5 * 365 * 86_400  # seconds: what expired so long ago is left alone, as a mistake

_expiring: ContextVar[bool] = ContextVar("expiring", default=False)


def install() -> None:
    """Make MiniStack do so. This takes effect when it imports DynamoDB."""
    wrapt.register_post_import_hook(_change_dynamodb, "ministack.services.dynamodb")
    wrapt.register_post_import_hook(_change_streams, "ministack.services.dynamodb_streams")
    refuse({"dynamodb": {"_update_ttl": _wrong}})


def _change_dynamodb(dynamodb: Any) -> None:
    wrapt.wrap_function_wrapper(dynamodb, "_build_change_record", _say_who)
    wrapt.wrap_function_wrapper(dynamodb, "_remove_item", _reap)
    falling_due.follow(TimeToLive(dynamodb))


def _change_streams(streams: Any) -> None:
    wrapt.wrap_function_wrapper(streams, "_get_records", _spell_as_the_api)


def _wrong(asked: dict[str, Any]) -> Any:
    """The refusal to switch on what is on, or off what is off."""
    from ministack.services import dynamodb

    name, wanted = dynamodb._normalize_table_name(asked.get("TableName")), asked.get("TimeToLiveSpecification") or {}
    if name not in dynamodb._tables or not wanted.get("AttributeName"):
        return None
    kept = dynamodb._ttl_settings.get(name) or {}
    is_on, attribute = kept.get("TimeToLiveStatus") == "ENABLED", kept.get("AttributeName")
    words = ""
    if is_on and attribute != wanted["AttributeName"]:
        words = ANOTHER.format(attribute)
    elif is_on == bool(wanted.get("Enabled")):
        words = f"TimeToLive is already {'enabled' if is_on else 'disabled'}"
    return dynamodb.error_response_json("ValidationException", words, 400) if words else None


def _say_who(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    record = original(*args, **kwargs)
    return record | {"userIdentity": SERVICE} if _expiring.get() else record


def _reap(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Remove an item; what MiniStack's own thread removes has expired."""
    if threading.current_thread().name != REAPER or _expiring.get():
        return original(*args, **kwargs)
    table, *keys = args
    _, _, _, region, account, _ = table["TableArn"].split(":", 5)
    return _expire(account, region, table, keys)


def _expire(account: str, region: str, table: dict[str, Any], keys: Any) -> Any:
    from ministack.core.responses import request_scope
    from ministack.services import dynamodb

    with within(_expiring, True), request_scope(account, region):
        old = dynamodb._remove_item(table, *keys)
        if old is not None:
            dynamodb._emit_stream_event(table["TableName"], "REMOVE", old, None)
        return old


def _spell_as_the_api(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Write who it was as GetRecords does; a function's event has the same in small letters."""
    status, headers, body = original(*args, **kwargs)
    if status != 200 or b"userIdentity" not in body:
        return status, headers, body
    answer = json.loads(body)
    for record in answer["Records"]:
        if who := record.get("userIdentity"):
            record["userIdentity"] = {"Type": who["type"], "PrincipalId": who["principalId"]}
    return status, headers, json.dumps(answer, ensure_ascii=False).encode()


class TimeToLive(falling_due.Source):
    """The items of tables with a time to live."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    def due(self) -> float:
        """When the next item expires."""
        now = clock.now()
        return min((expires for *_, expires in self._items() if expires > now), default=math.inf)

    def happen(self) -> list[str]:
        """Delete what has expired."""
        expired, now = [], clock.now()
        with self._dynamodb._lock:
            for account, region, table, keys, expires in self._items():
                if now - TOO_OLD <= expires <= now:
                    _expire(account, region, table, keys)
                    expired.append(f"item of {table['TableName']} expired")
        return expired

    def _items(self) -> list[tuple[str, str, dict[str, Any], tuple[Any, Any], float]]:
        """Each item with a time to live: its account, region, table and keys, and when it expires."""
        found = []
        for (account, region, name), setting in list(self._dynamodb._ttl_settings.all_items()):
            table = self._dynamodb._tables.get_scoped(account, region, name)
            if not table or setting.get("TimeToLiveStatus") != "ENABLED":
                continue
            for partition, rows in list(table["items"].items()):
                for sort, item in list(rows.items()):
                    value = (item.get(setting.get("AttributeName")) or {}).get("N")
                    if value is not None:
                        found.append((account, region, table, (partition, sort), float(value)))
        return found
