"""One global index at a time: a request that creates or deletes two of a table is refused, as on AWS.

MiniStack creates any number at once. A request may change the capacity of several.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html (2026)
"""

from typing import Any

from lab_harness.emulators.inside.constraints import refuse

ONLINE = {"Create", "Delete"}


def install() -> None:
    """Make MiniStack refuse it. This takes effect when it imports DynamoDB."""
    refuse({"dynamodb": {"_update_table": _several}})


def _several(data: dict[str, Any]) -> Any:
    from ministack.services.dynamodb import error_response_json

    updates = data.get("GlobalSecondaryIndexUpdates")
    if not isinstance(updates, list) or sum(_is_online(each) for each in updates) < 2:
        return None
    message = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    return error_response_json("LimitExceededException", message, 400)


def _is_online(update: Any) -> bool:
    return isinstance(update, dict) and bool(update.keys() & ONLINE)
