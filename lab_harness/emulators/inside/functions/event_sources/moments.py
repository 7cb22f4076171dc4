"""The moments of event source mappings, for a clock that is moved; and what makes a check's messages due now.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html (2026)
"""

from collections.abc import Callable, Iterable

from lab_harness.emulators.inside.functions.event_sources import batches
from lab_harness.emulators.inside.functions.event_sources.poller import Poller
from lab_harness.emulators.inside.moving_time import falling_due

JUST_RECEIVED = 0.05  # seconds in which a batch gets from the queue to its function


class Moments(falling_due.Source):
    """When mappings go on: a hidden message is seen again, a window or a pause ends."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller

    def due(self) -> float:
        """When the next source changes by itself."""
        return self._poller.due()

    def happen(self) -> list[str]:
        """Have the poller look."""
        from ministack.core.concurrency import esm_wake

        if self._poller.is_behind():
            esm_wake.set()
        return []

    def busy(self) -> bool:
        """Whether the poller has still to look. Time that is moved waits for the functions' runs anyway."""
        return self._poller.is_behind()

    def hasten(self, name: str, own: Callable[[Iterable[str]], bool]) -> int:
        """End the wait of the hidden messages in a queue that are the check's `own`; returns how many these are.

        What a function has at present is left alone. The rest is the queue's and the mapping's usual course.
        """
        from ministack.core.concurrency import esm_wake
        from ministack.services import sqs

        with self._poller.turn:
            queue = sqs._queues.get(sqs._queue_url(name))
            if queue is None or self._poller.gives(f"sqs {name}"):
                return 0
            timeout = float(queue["attributes"].get("VisibilityTimeout", 30))
            with sqs._queues_lock:
                now = batches.now()
                hidden = [
                    each
                    for each in queue["messages"]
                    if now < each["visible_at"] < now - JUST_RECEIVED + timeout and own([each["id"]])
                ]
                for each in hidden:
                    each["visible_at"] = now
        if hidden:
            esm_wake.set()
        return len(hidden)
