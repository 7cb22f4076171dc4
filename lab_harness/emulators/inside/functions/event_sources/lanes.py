"""Records in their order: a lane of a shard gives its function one batch at a time, and goes on when that is done.

What fails is tried again, from the first record that failed, as often and as long as the mapping says; halved before,
if it says so. Until then everything behind it waits, in this lane:
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html (2026)
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lab_harness.emulators.inside.functions.event_sources import batches, failures, windows
from lab_harness.emulators.inside.functions.event_sources.batches import NEVER, REPORT, Batch, BatchResult, Filling
from lab_harness.emulators.inside.functions.event_sources.shards import Record, Shard
from lab_harness.emulators.inside.moving_time.clock import SCALE

RETRY_WAITS = (3.0, 300.0)  # AWS's seconds before a retry: the first, doubled each time, and the longest; it tells none
DONE = "done"  # the key of the last sequence number of which nothing is left to do


@dataclass
class Part(Batch):
    """A batch, or what is left of it, or the end of a window."""

    lane: "Lane"
    shard: str
    records: list[Record]
    upto: str  # the last sequence number that it covers, with what its filter left out
    retries: int = 0
    runs: int = 0
    waited: float = 0.0  # AWS's seconds that passed in no time here
    final: bool = False
    early: bool = False
    answer: BatchResult | None = None  # the last one

    def some(self, start: int, end: int | None = None, **changed: Any) -> "Part":
        """Some of its records; the last of them cover all that it covers."""
        records = self.records[start:end]
        return replace(self, records=records, upto=self.upto if end is None else records[-1].number, **changed)


@dataclass
class Lane:
    """A lane of a shard. `kept` is what is saved of it: how far it is, and its window."""

    mapping: dict[str, Any]
    kept: dict[str, Any]
    has: Callable[[Record], bool]
    busy: bool = False
    due: float = NEVER
    _parts: list[Part] = field(default_factory=list)  # what is to be done before more is read
    _resting: float = 0.0
    _failures: int = 0  # one after another
    _since: float | None = None  # when the first record was seen of a batch that is not full yet

    def next(self, shard: Shard, moment: float) -> Part | None:
        """The batch that is due, if any; then the lane is busy until it is settled."""
        self.due = NEVER if self.busy else self._resting
        if self.busy or moment < self._resting:
            return None
        self.due = NEVER
        if not self._parts and (part := self._read(shard, moment)):
            self._parts.append(part)
        while self._parts and (expired := self._expired(self._parts[0], moment)):
            self._leave(expired, failures.TOO_OLD)
            self.due = moment  # for what is behind it
        if not self._parts:
            return None
        part = self._parts[0]
        part.event, part.ids = self._event(part), [each.number for each in part.records]
        self.busy = True
        return part

    def is_done(self, shard: Shard) -> bool:
        """Whether all of the shard's records have been done or left out."""
        return not self.busy and not self._parts and int(self.kept[DONE] or 0) >= int(shard.last() or 0)

    def _event(self, part: Part) -> dict[str, Any]:
        event: dict[str, Any] = {"Records": [each.event for each in part.records]}
        if windows.WINDOW in self.kept:
            event |= windows.described(self.kept, self.mapping, part.shard, part.final, part.early)
        return event

    def _read(self, shard: Shard, moment: float) -> Part | None:
        """A batch of the records that are next; None as long as it may become fuller."""
        filling, upto, full = Filling(int(self.mapping.get("BatchSize") or 100)), self.kept[DONE], False
        seconds = windows.length(self.mapping)
        if not seconds:
            windows.end(self.kept, early=False)
        for record in shard.after(upto):
            mine = self.has(record) and batches.matching(self.mapping, [record.event])
            full = bool(mine) and (not filling.takes(record.event) or self._beyond(record, seconds))
            if full:
                break
            upto = record.number
            if mine:
                filling.add(record, record.event)
        if filling.records:
            full = full or len(filling.records) == filling.most
            return self._filled(shard, filling, upto, moment, full or self._over(seconds, moment))
        self.kept[DONE] = upto
        return self._end(shard, moment, seconds, full)

    def _filled(self, shard: Shard, filling: Filling, upto: str, moment: float, full: bool) -> Part | None:
        self._since = moment if self._since is None else self._since
        self.due = self._since + float(self.mapping.get("MaximumBatchingWindowInSeconds") or 0)
        if not full and moment < self.due:
            return None
        self._since, self.due = None, NEVER
        return Part({}, [], self, shard.name, filling.records, upto)

    def _beyond(self, record: Record, seconds: int) -> bool:
        """Whether a record belongs to a later window than the one that is open; if none is, its own is opened."""
        if not seconds:
            return False
        return bool(windows.start(record.arrived, seconds) > self.kept.setdefault(
            windows.WINDOW, windows.start(record.arrived, seconds)
        ))  # fmt: skip

    def _over(self, seconds: int, moment: float) -> bool:
        return bool(seconds) and moment >= self.kept.get(windows.WINDOW, moment) + seconds

    def _end(self, shard: Shard, moment: float, seconds: int, beyond: bool) -> Part | None:
        """The end of the window that is open, if its time is over."""
        if windows.WINDOW not in self.kept:
            return None
        if beyond or self._over(seconds, moment):
            return Part({}, [], self, shard.name, [], self.kept[DONE], final=True)
        self.due = self.kept[windows.WINDOW] + seconds
        return None

    def _expired(self, part: Part, moment: float) -> Part | None:
        """The records at a part's begin that are older than the mapping takes; None if there are none."""
        oldest = int(self.mapping.get("MaximumRecordAgeInSeconds") or -1)
        if oldest < 0 or part.final:
            return None
        count = sum(moment + part.waited - each.arrived > oldest for each in part.records)
        return (part.some(0, count) if count < len(part.records) else part) if count else None

    def _leave(self, part: Part, condition: str) -> None:
        """Give up what stands at the begin, and tell the mapping's destination."""
        first = self._parts.pop(0)
        if len(part.records) < len(first.records):
            self._parts.insert(0, first.some(len(part.records)))
        failures.tell(self.mapping, part, condition)
        self._failures, self._resting = 0, 0.0
        self.kept[DONE] = part.upto

    def settle(self, part: Part, answer: BatchResult) -> bool:
        """Go on after a part, or with what is left of it. Returns whether all of it has been done."""
        self.busy = False
        part.answer, part.runs = answer, part.runs + (not answer.throttled)
        failed = self._first_failure(part, answer)
        if failed is None or failed > 0:
            self._keep_state(answer)
        if failed is None:
            self._succeeded(part)
        elif answer.throttled:
            self._rest(part)
        else:
            self._failed(part, failed)
        return failed is None

    def _first_failure(self, part: Part, answer: BatchResult) -> int | None:
        """The place of the first record that is to be tried again; None if all are done."""
        if answer.failed:
            return 0
        body, numbers = answer.result.get("body"), [each.number for each in part.records]
        if windows.WINDOW in self.kept and not part.final and windows.state_of(body) is None:
            return 0
        if part.final or REPORT not in (self.mapping.get("FunctionResponseTypes") or []):
            return None
        ids = batches.reported(body, numbers)
        return 0 if ids is None else min((numbers.index(each) for each in ids), default=None)

    def _keep_state(self, answer: BatchResult) -> None:
        state = windows.state_of(answer.result.get("body")) if windows.WINDOW in self.kept else None
        if state is not None:
            self.kept[windows.STATE] = state

    def _succeeded(self, part: Part) -> None:
        self._parts.pop(0)
        self._failures, self._resting = 0, 0.0
        self.kept[DONE] = part.upto
        if part.final:
            windows.end(self.kept, part.early)
        elif windows.WINDOW in self.kept and windows.too_large(self.kept.get(windows.STATE) or {}):
            self._parts.insert(0, Part({}, [], self, part.shard, [], part.upto, final=True, early=True))

    def _failed(self, part: Part, at: int) -> None:
        """Put what is left in the part's place: from the record on that failed, or in halves, and with its retries."""
        halves = bool(self.mapping.get("BisectBatchOnFunctionError")) and (at > 0 or len(part.records) > 1)
        self._parts[:1] = [part.some(at, retries=part.retries + (not halves))]
        if at > 0:
            self.kept[DONE] = part.records[at - 1].number
            self._failures = 0
        elif halves:
            middle = len(part.records) // 2
            self._parts[:1] = [part.some(0, middle), part.some(middle)]
        most = int(self.mapping.get("MaximumRetryAttempts", -1))
        if not part.final and 0 <= most < self._parts[0].retries:
            self._leave(self._parts[0], failures.TOO_OFTEN)
        else:
            self._rest(self._parts[0])

    def _rest(self, part: Part) -> None:
        wait = min(RETRY_WAITS[0] * 2**self._failures, RETRY_WAITS[1])
        self._failures = min(self._failures + 1, 30)
        part.waited += wait * (1 - SCALE)
        self._resting = batches.now() + wait * SCALE
