"""A stream as a mapping's source: its shards side by side, each divided into lanes by `ParallelizationFactor`.

How far a mapping has read is kept with it, by shard and lane, in MiniStack's `_kinesis_positions`, which is saved.
"""

import zlib
from collections.abc import Iterator
from typing import Any

from lab_harness.emulators.inside.functions.event_sources import batches, shards
from lab_harness.emulators.inside.functions.event_sources.batches import FAILED, NEVER, OK, BatchResult
from lab_harness.emulators.inside.functions.event_sources.lanes import DONE, Lane, Part
from lab_harness.emulators.inside.functions.event_sources.shards import Record, Shard


class Stream:
    """The stream of one mapping."""

    def __init__(self, mapping: dict[str, Any]) -> None:
        self._mapping = mapping
        service, resource = self._arn.split(":")[2], self._arn.split(":")[5]
        self.name = f"{service} {resource.split('/')[1]}"
        self.due = 0.0
        self._lanes: dict[tuple[str, int, int], Lane] = {}  # by shard, number of lanes and which it is

    @property
    def _arn(self) -> str:
        return str(self._mapping["EventSourceArn"])

    def receive(self) -> Iterator[Part]:
        """The batches that are due now: at most one for each lane that is not busy."""
        self.due = NEVER
        found = shards.of(self._arn, _role(self._mapping))
        kept = positions(self._mapping, found)
        there = {shard.name: shard for shard in found}
        for shard in found:  # parents stand before their children
            if any(not self._is_done(there[name]) for name in shard.parents if name in there):
                continue
            for lane in self._lanes_of(shard, kept[shard.name]):
                if part := lane.next(shard, batches.now()):
                    yield part
                self.due = min(self.due, lane.due)

    def _is_done(self, shard: Shard) -> bool:
        """Whether a shard's lanes have nothing left to do."""
        return all(lane.is_done(shard) for key, lane in self._lanes.items() if key[0] == shard.name)

    def _lanes_of(self, shard: Shard, kept: list[dict[str, Any]]) -> list[Lane]:
        """A shard's lanes; if their number is to change, the old ones as long as one of them is busy."""
        own = [lane for key, lane in self._lanes.items() if key[0] == shard.name]
        wanted = int(self._mapping.get("ParallelizationFactor") or 1)
        if len(own) == wanted or any(lane.busy for lane in own):
            return own
        if len(kept) != wanted:
            furthest = min((each[DONE] for each in kept), key=lambda number: int(number or 0))
            kept[:] = [{DONE: furthest} for _ in range(wanted)]
        self._lanes = {key: lane for key, lane in self._lanes.items() if key[0] != shard.name}
        for number in range(wanted):
            self._lanes[shard.name, wanted, number] = Lane(self._mapping, kept[number], Share(number, wanted))
        return [lane for key, lane in self._lanes.items() if key[0] == shard.name]

    def settle(self, batch: Part, answer: BatchResult) -> None:
        """Go on after the batch, or with what is left of it."""
        self._mapping["LastProcessingResult"] = OK if batch.lane.settle(batch, answer) else FAILED


class Share:
    """Whether a record is one of a lane's."""

    def __init__(self, number: int, of: int) -> None:
        self._number, self._of = number, of

    def __call__(self, record: Record) -> bool:
        """By the record's key, so that all records of one key are in one lane."""
        return zlib.crc32(record.key.encode()) % self._of == self._number


def _role(mapping: dict[str, Any]) -> str:
    from ministack.services import lambda_svc

    function = lambda_svc._functions.get(mapping["FunctionName"]) or {"config": {}}
    return str(function["config"].get("Role", ""))


def positions(mapping: dict[str, Any], found: list[Shard]) -> dict[str, list[dict[str, Any]]]:
    """How far a mapping has read each shard, by lane; a shard that is new since it was made is read from its begin."""
    from ministack.services import lambda_svc

    kept: Any = lambda_svc._kinesis_positions.get(mapping["UUID"])
    first = not isinstance(kept, dict) or not all(isinstance(each, list) for each in kept.values())
    if first:
        kept = {}
        lambda_svc._kinesis_positions[mapping["UUID"]] = kept
    for shard in found:
        if shard.name not in kept:
            kept[shard.name] = [{DONE: _beginning(mapping, shard) if first else ""}]
    return dict(kept)


def _beginning(mapping: dict[str, Any], shard: Shard) -> str:
    """The sequence number after which a mapping begins to read."""
    position = mapping.get("StartingPosition", "LATEST")
    if position == "AT_TIMESTAMP":
        return shard.before(float(mapping.get("StartingPositionTimestamp") or 0))
    return shard.last() if position == "LATEST" else ""
