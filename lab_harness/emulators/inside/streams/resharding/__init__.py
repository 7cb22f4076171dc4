"""Splits, merges and counts of shards as on AWS: a shard that is closed is read to its end, then its children.

MiniStack deletes it with all that is in it. It also gives a stream on demand one shard, where AWS gives four, and knows
no UpdateStreamMode. A subscriber who listens when a shard is closed is told of its children, and reads what came in the
last moment by subscribing to it once more.
https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html and
https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html (2026)
"""

from lab_harness.emulators.inside.streams.resharding import modes, reading, shards


def install() -> None:
    """Change MiniStack's Kinesis. This takes effect when its module is imported."""
    shards.install()
    reading.install()
    modes.install()  # decides first what a stream on demand does by itself
