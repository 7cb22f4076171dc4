"""The shards of a Kinesis stream that were closed: they take no record any more, and are read to their end.

MiniStack knows a stream's open shards only, so these are kept beside them.
"""

from typing import Any

KEY = "lab_closed_shards"  # in MiniStack's stream, with which it is saved
Shards = dict[str, dict[str, Any]]


def of(stream: dict[str, Any]) -> Shards:
    """The closed shards of a stream, by their names."""
    found: Shards = stream.setdefault(KEY, {})
    return found


def with_open(stream: dict[str, Any]) -> Shards:
    """All shards of a stream, in the order in which they were made, so that parents stand before their children."""
    return dict(sorted({**of(stream), **stream["shards"]}.items()))


def parents(shard: dict[str, Any]) -> list[str]:
    """The names of the shards that a shard came from."""
    return [shard[key] for key in ("parent_shard_id", "adjacent_parent_shard_id") if shard.get(key)]


def children(stream: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The shards that came from a shard, as GetRecords and SubscribeToShard tell of them."""
    return [
        {
            "ShardId": child,
            "ParentShards": parents(shard),
            "HashKeyRange": {
                "StartingHashKey": shard["starting_hash_key"],
                "EndingHashKey": shard["ending_hash_key"],
            },
        }
        for child, shard in with_open(stream).items()
        if name in parents(shard)
    ]
