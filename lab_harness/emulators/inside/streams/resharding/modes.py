"""Streams on demand: Kinesis itself has their shards, four at first. A stream's mode can be changed."""

import json
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse

ON_DEMAND, FIRST_SHARDS = "ON_DEMAND", 4  # a new stream on demand has so many
FIXED = (
    "Request is invalid. The stream {name} is in {mode} capacity mode; shards of a stream on demand are Kinesis's own."
)


def install() -> None:
    """Change MiniStack's Kinesis. This takes effect when its module is imported."""
    hooks.change({"kinesis": {"_create_stream": _create}})
    refuse({"kinesis": dict.fromkeys(("_split_shard", "_merge_shards", "_update_shard_count"), _is_on_demand)})
    wrapt.register_post_import_hook(_change_requests, "ministack.services.kinesis")


def mode(stream: dict[str, Any] | None) -> str:
    """The capacity mode of a stream, or of a request for one."""
    return str(((stream or {}).get("StreamModeDetails") or {}).get("StreamMode", "PROVISIONED"))


def invalid(message: str, code: str = "InvalidArgumentException") -> Any:
    """AWS's answer to what cannot be."""
    from ministack.services import kinesis

    return kinesis.error_response_json(code, message, 400)


def _is_on_demand(asked: dict[str, Any]) -> Any:
    from ministack.services import kinesis

    name, stream = kinesis._resolve_stream(asked)
    if mode(stream) != ON_DEMAND:
        return None
    return invalid(FIXED.format(name=name, mode=ON_DEMAND), "ValidationException")


def _create(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    asked = args[0]
    return original({**asked, "ShardCount": FIRST_SHARDS} if mode(asked) == ON_DEMAND else asked)


def _change_requests(kinesis: Any) -> None:
    wrapt.wrap_function_wrapper(kinesis, "handle_request", _update_mode)


async def _update_mode(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Answer UpdateStreamMode, which MiniStack lacks; the shards stay as they are."""
    from ministack.services import kinesis

    _, _, headers, body, *_ = args
    if not headers.get("x-amz-target", "").endswith(".UpdateStreamMode"):
        return await original(*args, **kwargs)
    asked = json.loads(body or b"{}")
    _, stream = kinesis._resolve_stream(asked)
    if stream is None:
        return invalid(f"Stream {asked.get('StreamARN')} not found", "ResourceNotFoundException")
    stream["StreamModeDetails"] = {"StreamMode": asked["StreamModeDetails"]["StreamMode"]}
    return kinesis.json_response({})
