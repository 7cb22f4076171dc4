"""Point-in-time recovery: a table restored as it was at a moment, within the days that it is kept for.

MiniStack restores the table as it is now, whether recovery was on or not, and takes any moment. A backup, which it does
restore, is said to come from the restored table itself.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html (2026)
"""

import json
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.tables import journal, named_tables

LONGEST = 35  # days for which changes can be kept, and are unless one asks for fewer
BEHIND = 300.0  # seconds from now back to the latest moment that can be restored
UNAVAILABLE = "PointInTimeRecoveryUnavailableException"


def install() -> None:
    """Make MiniStack do so. This takes effect when it imports DynamoDB."""
    hooks.change(
        {
            "dynamodb": {
                "_create_replica": _beginning_anew,
                "_update_continuous_backups": _switch,
                "_describe_continuous_backups": _describe,
                "_restore_table_to_point_in_time": _restore,
                "_restore_table_from_backup": _restore_backup,
                "_table_description": _with_summary,
            }
        }
    )


def _beginning_anew(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Let a replica be without the recovery of its table: each has its own."""
    name, table, region = args
    record = table.pop(journal.RECORD, None)
    try:
        return original(name, table, region)
    finally:
        if record:
            table[journal.RECORD] = record


def _switch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    data = args[0]
    asked = data.get("PointInTimeRecoverySpecification") or {}
    days = asked.get("RecoveryPeriodInDays", LONGEST)
    if not 1 <= days <= LONGEST:
        return _error("ValidationException", f"RecoveryPeriodInDays must be between 1 and {LONGEST}.")
    status, headers, body = original(*args, **kwargs)
    if status == 200:
        table = named_tables.table(data["TableName"])
        if asked.get("PointInTimeRecoveryEnabled"):
            journal.begin(table, days)
        else:
            journal.end(table)
        body = _described(body, table)
    return status, headers, body


def _describe(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    return status, headers, _described(body, named_tables.table(args[0]["TableName"])) if status == 200 else body


def _described(body: bytes, table: dict[str, Any]) -> bytes:
    """An answer about continuous backups, with the moments between which the table can be restored."""
    answer = json.loads(body)
    told = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if journal.is_kept(table):
        earliest, latest = journal.earliest(table), _latest(table)
        told |= {"RecoveryPeriodInDays": journal.days(table), "EarliestRestorableDateTime": earliest}
        told["LatestRestorableDateTime"] = latest
    return json.dumps(answer).encode()


def _latest(table: dict[str, Any]) -> float:
    return max(journal.earliest(table), clock.now() - BEHIND)


def _restore(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    data = args[0]
    source = named_tables.table(data.get("SourceTableName") or data.get("SourceTableArn") or "")
    if source is None:
        return original(*args, **kwargs)
    if not journal.is_kept(source):
        name = source["TableName"]
        return _error(UNAVAILABLE, f"Point in time recovery is not enabled for table '{name}'")
    earliest, latest = journal.earliest(source), _latest(source)
    moment = latest if data.get("UseLatestRestorableTime") else data.get("RestoreDateTime")
    if moment is None:
        return _error("ValidationException", "RestoreDateTime or UseLatestRestorableTime must be given.")
    if not int(earliest) <= (moment := float(moment)) <= latest:  # programs say the second
        told = "An invalid restore time was specified. RestoreDateTime must be between EarliestRestorableDateTime and "
        return _error("InvalidRestoreTimeException", f"{told}LatestRestorableDateTime.")
    items = journal.items_at(source, moment)
    status, headers, body = original(*args, **kwargs)
    if status == 200:
        restored = dynamodb._tables[data["TargetTableName"]]
        restored["items"] = items
        dynamodb._items_replaced(restored)
        restored["RestoreSummary"] = _summary(source["TableArn"], moment)
        body = _table_told(restored)
    return status, headers, body


def _restore_backup(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    status, headers, body = original(*args, **kwargs)
    if status == 200:
        data = args[0]
        backup = dynamodb._backups[data["BackupArn"]]
        restored = dynamodb._tables[data["TargetTableName"]]
        made = backup["BackupDetails"]["BackupCreationDateTime"]
        summary = _summary(backup["SourceTableDetails"]["TableArn"], made)
        restored["RestoreSummary"] = {"SourceBackupArn": data["BackupArn"], **summary}
        body = _table_told(restored)
    return status, headers, body


def _summary(source: str, moment: float) -> dict[str, Any]:
    return {"SourceTableArn": source, "RestoreDateTime": moment, "RestoreInProgress": False}


def _with_summary(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Tell of a restored table where it comes from, for as long as it is there."""
    told = original(*args, **kwargs)
    table = named_tables.table(args[0])
    return told | {"RestoreSummary": table["RestoreSummary"]} if "RestoreSummary" in table else told


def _table_told(table: dict[str, Any]) -> bytes:
    from ministack.services import dynamodb

    return json.dumps({"TableDescription": dynamodb._table_description(table["TableName"])}, default=str).encode()


def _error(code: str, message: str) -> Any:
    from ministack.services import dynamodb

    return dynamodb.error_response_json(code, message, 400)
