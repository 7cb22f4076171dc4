"""Tumbling windows: the state that a function hands on from batch to batch, until the window's time is over.

A lane keeps `window`, when its window began, and `state`. A state of more than 1 MB ends the window early; the rest of
its time begins with an empty one: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html (2026)
"""

import json
from datetime import UTC, datetime
from typing import Any

LARGEST_STATE = 1024 * 1024  # bytes
WINDOW, STATE = "window", "state"


def length(mapping: dict[str, Any]) -> int:
    """How many seconds a mapping's windows last; 0 if it has none."""
    return int(mapping.get("TumblingWindowInSeconds") or 0)


def start(moment: float, seconds: int) -> float:
    """When the window began to which a moment belongs."""
    return moment - moment % seconds


def described(kept: dict[str, Any], mapping: dict[str, Any], shard: str, final: bool, early: bool) -> dict[str, Any]:
    """What an event says of its window."""
    begin = kept[WINDOW]
    return {
        "window": {"start": _told(begin), "end": _told(begin + length(mapping))},
        "state": kept.get(STATE) or {},
        "shardId": shard,
        "eventSourceARN": mapping["EventSourceArn"],
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": early,
    }


def _told(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def state_of(body: Any) -> dict[str, Any] | None:
    """The state that a function's answer hands on; None where there is none, which counts as a failure."""
    state = body.get(STATE) if isinstance(body, dict) else None
    return state if isinstance(state, dict) else None


def too_large(state: dict[str, Any]) -> bool:
    """Whether a state is more than Lambda keeps."""
    return len(json.dumps(state)) > LARGEST_STATE


def end(kept: dict[str, Any], early: bool) -> None:
    """Begin with an empty state; the window itself is over unless that happens early."""
    kept.pop(STATE, None)
    if not early:
        kept.pop(WINDOW, None)
