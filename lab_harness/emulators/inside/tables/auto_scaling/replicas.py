"""Capacity of a global table: all replicas take all writes, so each must be on demand, or follow the load.

MiniStack makes a replica of any table, and scales none. A replica is scaled as the table was when it was made.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_reqs_bestpractices.html (2026)
"""

from collections.abc import Iterator
from typing import Any

import wrapt

from lab_harness.emulators.inside.tables import named_tables
from lab_harness.emulators.inside.tables.auto_scaling import alarms, operations, records, tables

UNFIT = "Table write capacity should either be Pay-Per-Request or AutoScaled."
BY_TEMPLATE = "LabScaledByTemplate"  # a replica whose template says how its writes are scaled


def change(dynamodb: Any) -> None:
    """Make MiniStack refuse other replicas, and scale those that it makes."""
    wrapt.wrap_function_wrapper(dynamodb, "_update_table", _update)


def _update(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import dynamodb

    table, updates = named_tables.table(args[0].get("TableName")), args[0].get("ReplicaUpdates") or []
    made = [each["Create"] for each in updates if each.get("Create")]
    if not table or not updates:
        return original(*args, **kwargs)
    name = table["TableName"]
    is_on_demand = args[0].get("BillingMode", tables.billing(table)) == tables.ON_DEMAND
    if not is_on_demand and not _follows(name) and not all(each.get(BY_TEMPLATE) for each in made):
        return dynamodb.error_response_json("ValidationException", UNFIT, 400)
    answer = original(*args, **kwargs)
    if answer[0] == 200:
        for each in made:
            _scale(name, each["RegionName"])
        for each in updates:
            if "Delete" in each:
                _forget(name, each["Delete"]["RegionName"])
    return answer


def _follows(name: str) -> bool:
    """Whether a policy scales what is written to a table."""
    return any(
        what.kind == "Write" and not what.index and records.policies_of(target) for target, what in _targets(name)
    )


def _targets(name: str) -> Iterator[tuple[dict[str, Any], tables.Scaled]]:
    for target in list(records.targets.values()):
        if (what := tables.scaled(target)) and what.table == name:
            yield target, what


def _scale(name: str, region: str) -> None:
    """Give a replica the targets and policies that the table has here."""
    from ministack.core.responses import get_account_id, request_scope

    here = [(target, what, records.policies_of(target)) for target, what in _targets(name)]
    with request_scope(get_account_id(), region):
        for target, what, policies in here:
            records.targets[records.key(target)] = target | {"ScalableTargetARN": records.target_arn()}
            for policy in policies:
                arn = records.policy_arn(policy)
                copy = {key: value for key, value in policy.items() if not key.startswith("Lab")}
                copy |= {"PolicyARN": arn, "Alarms": []}
                alarms.put(copy, what, tables.capacity(what) or 0)
                records.policies[records.name(policy)] = copy


def _forget(name: str, region: str) -> None:
    """Nothing scales a replica that is gone."""
    from ministack.core.responses import get_account_id, request_scope

    with request_scope(get_account_id(), region):
        for target, _ in list(_targets(name)):
            operations.forget(target)
