"""What the poller and its sources have in common: the time, a batch, what came of it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab_harness.emulators.inside.moving_time import clock

now = clock.now
NEVER = float("inf")

# Lambda's event has at most 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (2026)
LARGEST_EVENT = 6 * 1024 * 1024  # bytes
OK, FAILED = "OK", "PROBLEM: Function call failed"  # AWS's results of a mapping's last batch
REPORT = "ReportBatchItemFailures"


@dataclass
class Batch:
    """Records that a function gets with one event. `ids` tells whose doing they are."""

    event: dict[str, Any]
    ids: list[str]


@dataclass(frozen=True)
class BatchResult:
    """What came of a batch: MiniStack's result of the run, the run's id and the function's version."""

    result: dict[str, Any]
    id: str = ""
    version: str = "$LATEST"

    @property
    def throttled(self) -> bool:
        """Whether the function was not run, for there are too many runs, or there is no function."""
        return bool(self.result.get("throttle"))

    @property
    def failed(self) -> bool:
        """Whether the function ended with an error, or was not run."""
        return bool(self.result.get("error"))


class Source(Protocol):
    """One mapping's source. `due` is when to look again even if nothing happens in it until then, or NEVER."""

    name: str  # the service and the resource: "sqs orders"
    due: float

    def receive(self) -> Iterator[Any]:
        """The batches that are due now. Whoever takes one settles it, later and in any thread."""

    def settle(self, batch: Any, answer: BatchResult) -> None:
        """Do with a batch what its function's answer asks for."""


@dataclass
class Filling:
    """An event's records, up to so many and to the size that Lambda takes."""

    most: int
    size: int = 0
    records: list[Any] = field(default_factory=list)

    def takes(self, record: dict[str, Any]) -> bool:
        """Whether there is room for a record; one that is too large by itself is let in, so that it does not block."""
        return not self.records or (
            len(self.records) < self.most and self.size + len(json.dumps(record)) <= LARGEST_EVENT
        )

    def add(self, kept: Any, record: dict[str, Any]) -> None:
        """Add what is to be kept of a record."""
        self.records.append(kept)
        self.size += len(json.dumps(record))


def matching(mapping: dict[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that fit one of the mapping's filters; all, if it has none."""
    from ministack.services import lambda_svc

    found: list[dict[str, Any]] = lambda_svc._apply_filter_criteria(records, mapping)
    return found


def reported(body: Any, ids: Iterable[str]) -> set[str] | None:
    """The ids that a function's answer reports as failed; None if its whole batch counts as failed.

    Nothing, an object without the list and a list that is empty or null report nothing. An answer that is no object,
    an item without an id and an id of no record make all fail:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (2026)
    """
    if body is None:
        return set()
    if not isinstance(body, dict):
        return None
    items = body.get("batchItemFailures") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    found, known = [item.get("itemIdentifier") for item in items], set(ids)
    return set(found) if all(isinstance(each, str) and each in known for each in found) else None
