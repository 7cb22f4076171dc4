"""The service as MiniStack calls one: its requests, its state, and emptying it."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response

from lab_harness.emulators.inside import constraints
from lab_harness.emulators.inside.tables.auto_scaling import records
from lab_harness.emulators.inside.tables.auto_scaling.operations import OPERATIONS, ApiError
from lab_harness.emulators.inside.tables.auto_scaling.tracking import tracking

UNKNOWN = "UnknownOperationException"
TYPE = "application/x-amz-json-1.1"


async def handle_request(_method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Any) -> Any:
    """Answer one request."""
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    do = OPERATIONS.get(operation)
    if do is None:
        return _error(UNKNOWN, f"The course's emulator does not know {operation or 'this operation'}.")
    try:
        asked = json.loads(body or b"{}")
        if problem := constraints.told("application-autoscaling", operation, asked):
            return _error("ValidationException", problem)
        return json_response(do(asked), content_type=TYPE)
    except ApiError as refused:
        return _error(refused.code, str(refused))
    except ValueError:
        return _error("SerializationException", "The request is no JSON.")


def _error(code: str, message: str) -> Any:
    return error_response_json(code, message, message_key="Message", content_type=TYPE)


def get_state() -> dict[str, Any]:
    """What is saved."""
    return {name: copy.deepcopy(store) for name, store in records.STORES.items()}


def load_persisted_state(state: Mapping[str, Any]) -> None:
    """Go on with what was saved."""
    for name, store in records.STORES.items():
        store.update(state.get(name, {}))
    if records.policies.has_any():
        tracking.begin()


def reset() -> None:
    """Forget all, as the account is emptied."""
    for store in records.STORES.values():
        store.clear()
