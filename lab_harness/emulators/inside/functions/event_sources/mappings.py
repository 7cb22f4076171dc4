"""Mappings as AWS makes and describes them: what a stream's has by default, what MiniStack forgets, the state it is in.

A mapping is ready at once, so only the answers that change one are in a state between two: Creating, Updating.
"""

import json
from typing import Any

import wrapt

from lab_harness.emulators.inside.functions.event_sources import shards, streams
from lab_harness.emulators.inside.functions.event_sources.poller import Poller

OF_STREAMS: dict[str, Any] = {
    "BatchSize": 100,
    "ParallelizationFactor": 1,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
}
FORGOTTEN = ("TumblingWindowInSeconds", "StartingPositionTimestamp")  # MiniStack stores all others


class Mappings:
    """The calls that make, change and delete the mappings which a poller has."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller

    def change(self, lambda_svc: Any) -> None:
        """Change MiniStack's Lambda."""
        wrapt.wrap_function_wrapper(lambda_svc, "_validate_event_source_arn", _of_a_consumer_too)
        wrapt.wrap_function_wrapper(lambda_svc, "_create_esm", self._create)
        wrapt.wrap_function_wrapper(lambda_svc, "_update_esm", self._update)
        wrapt.wrap_function_wrapper(lambda_svc, "_delete_esm", self._delete)
        wrapt.wrap_function_wrapper(lambda_svc, "_poll_loop", lambda *_: self._poller.run())

    def _create(self, original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        from ministack.core.concurrency import esm_wake
        from ministack.services import lambda_svc

        data = args[0]
        stream = ":sqs:" not in data.get("EventSourceArn", "")
        with self._poller.turn:
            status, headers, body = original({**OF_STREAMS, **data} if stream else data)
            if status != 202:
                return status, headers, body
            mapping = lambda_svc._esms[json.loads(body)["UUID"]]
            _remember(mapping, {**OF_STREAMS, **data} if stream else {})
            if stream:
                mapping["StateTransitionReason"] = "User action"
                streams.positions(mapping, shards.of(mapping["EventSourceArn"], ""))  # It begins here and now.
            esm_wake.set()
            return status, headers, _told(mapping, "Creating")

    def _update(self, original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        from ministack.core.concurrency import esm_wake
        from ministack.services import lambda_svc

        uuid, data = args
        with self._poller.turn:
            before = (lambda_svc._esms.get(uuid) or {}).get("Enabled", True)
            status, headers, body = original(uuid, data)
            if status != 200:
                return status, headers, body
            mapping = lambda_svc._esms[uuid]
            _remember(mapping, data)
        esm_wake.set()
        turned = "Enabling" if mapping.get("Enabled", True) else "Disabling"
        return 202, headers, _told(mapping, "Updating" if before == mapping.get("Enabled", True) else turned)

    def _delete(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        with self._poller.turn:
            return original(*args, **kwargs)


def _of_a_consumer_too(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """Take the ARN of a stream's consumer for that of the stream."""
    return original(shards.stream_of(args[0]))


def _remember(mapping: dict[str, Any], data: dict[str, Any]) -> None:
    mapping |= {name: data[name] for name in FORGOTTEN if name in data}


def _told(mapping: dict[str, Any], state: str) -> bytes:
    from ministack.services import lambda_svc

    return json.dumps({**lambda_svc._esm_response(mapping), "State": state}).encode()
