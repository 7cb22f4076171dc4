"""Shards are split, merged and counted anew; those that are closed by it are kept."""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.streams import closed_shards
from lab_harness.emulators.inside.streams.resharding.modes import ON_DEMAND, invalid, mode


def install() -> None:
    """Change MiniStack's Kinesis. This takes effect when its module is imported."""
    splitting = dict.fromkeys(("_split_shard", "_merge_shards"), _reshard)
    hooks.change({"kinesis": {**splitting, "_update_shard_count": _count, "_max_shard_index": _newest}})
    refuse({"kinesis": {"_merge_shards": _cannot_be_merged, "_update_shard_count": _too_many_or_few}})


def _cannot_be_merged(asked: dict[str, Any]) -> Any:
    """The refusal of two shards that are not neighbours."""
    from ministack.services import kinesis

    _, stream = kinesis._resolve_stream(asked)
    names = [asked.get("ShardToMerge"), asked.get("AdjacentShardToMerge")]
    shards = [(stream or {"shards": {}})["shards"].get(name) for name in names]
    if None in shards:
        return None
    first, second = sorted(shards, key=lambda each: int(each["starting_hash_key"]))
    if int(first["ending_hash_key"]) + 1 == int(second["starting_hash_key"]):
        return None
    return invalid(f"Shards {names[0]} and {names[1]} are not adjacent.")


def _too_many_or_few(asked: dict[str, Any]) -> Any:
    """The refusal of more than twice, or less than half as many shards as are open."""
    from ministack.services import kinesis

    _, stream = kinesis._resolve_stream(asked)
    wanted = int(asked.get("TargetShardCount") or 0)
    if stream is None or mode(stream) == ON_DEMAND or wanted < 1:
        return None
    there = len(stream["shards"])
    if wanted > 2 * there or 2 * wanted < there:
        bound = "over double" if wanted > there else "below half"
        return invalid(f"UpdateShardCount cannot scale {bound} current open shard count.")
    return None


def _newest(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    (stream,) = args
    return original({"shards": closed_shards.with_open(stream)})


def _reshard(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services import kinesis

    _, stream = kinesis._resolve_stream(args[0])
    before = dict(stream["shards"]) if stream else {}
    answer = original(*args, **kwargs)
    if stream:
        _close(stream, before)
    return answer


def _close(stream: dict[str, Any], before: closed_shards.Shards) -> None:
    """Keep what is no longer among the open shards as closed."""
    from ministack.core.concurrency import esm_wake
    from ministack.services import kinesis

    for name, shard in before.items():
        if name not in stream["shards"]:
            shard |= {"ending_sequence_number": kinesis._next_sequence_number(), "closed_at": clock.now()}
            closed_shards.of(stream)[name] = shard
    esm_wake.set()


def _count(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Have so many shards of one size: those that stay as they are stay open."""
    from ministack.services import kinesis

    _, stream = kinesis._resolve_stream(args[0])
    before = dict(stream["shards"]) if stream else {}
    number = kinesis._max_shard_index(stream) + 1 if stream else 0
    status, headers, body = original(*args, **kwargs)
    if status != 200 or not stream:
        return status, headers, body
    same, shards = {_range(shard): name for name, shard in before.items()}, {}
    for shard in stream["shards"].values():
        if (name := same.get(_range(shard))) is not None:
            shards[name] = before[name]
            continue
        first, *rest = [name for name, each in before.items() if _overlap(_range(each), _range(shard))]
        shard |= {"parent_shard_id": first, "adjacent_parent_shard_id": rest[0] if rest else None}
        shards[f"shardId-{number:012d}"] = shard
        number += 1
    stream["shards"] = shards
    _close(stream, before)
    return status, headers, body


def _range(shard: dict[str, Any]) -> tuple[int, int]:
    return int(shard["starting_hash_key"]), int(shard["ending_hash_key"])


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
