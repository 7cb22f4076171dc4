"""AWS's answers to a request for which nothing is left."""

import json
from collections.abc import Sequence
from typing import Any

from lab_harness.emulators.inside.tables.capacity.buckets import Limit

INCREASE = "Consider increasing your provisioning level"
EXCEEDED = "The level of configured provisioned throughput for"
HOT = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
THROUGHPUT, THROTTLING = "ProvisionedThroughputExceededException", "ThrottlingException"


def refused(limit: Limit) -> Any:
    """The refusal of a request by one limit."""
    error, message = _error(limit)
    reasons = [{"reason": limit.reason, "resource": limit.resource}]
    return _answer(error, {"message": message, "ThrottlingReasons": reasons})


def cancelled(limits: Sequence[Limit | None]) -> Any:
    """The refusal of a transaction: for each of its items the limit that keeps it back, or None."""
    reasons: list[dict[str, Any]] = []
    for limit in limits:
        if limit is None:
            reasons.append({"Code": "None"})
        else:
            error, message = _error(limit)
            code = "ThrottlingError" if error == THROTTLING else "ProvisionedThroughputExceeded"
            reasons.append({"Code": code, "Message": message})
    codes = ", ".join(each["Code"] for each in reasons)
    told = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    return _answer("TransactionCanceledException", {"Message": f"{told} [{codes}]", "CancellationReasons": reasons})


def _error(limit: Limit) -> tuple[str, str]:
    if limit.reason.startswith("Index"):
        whose = "one or more global secondary indexes of the table was exceeded."
        which = "for the under-provisioned global secondary indexes with the UpdateTable API"
        return THROUGHPUT, f"{EXCEEDED} {whose} {INCREASE} {which}"
    if "KeyRange" in limit.reason:
        return THROTTLING, HOT
    if "MaxOnDemand" in limit.reason:
        return THROTTLING, "Throughput exceeds the maximum OnDemandThroughput configured on table or index."
    return THROUGHPUT, f"{EXCEEDED} the table was exceeded. {INCREASE} with the UpdateTable API."


def _answer(error: str, told: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": error}
    return 400, headers, json.dumps({"__type": error, **told}).encode()
