"""The one poller of all event source mappings: asks each source for what is due, runs the functions, settles.

A round is short, for functions run in threads of their own. It wakes when something is written, when a batch is done,
and when a source says; else it would only look, now and then, whether a role may read again.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.functions.event_sources import batches
from lab_harness.emulators.inside.functions.event_sources.batches import FAILED, NEVER, Batch, BatchResult, Source
from lab_harness.emulators.inside.functions.event_sources.queues import Queue
from lab_harness.emulators.inside.functions.event_sources.streams import Stream
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.records.deeds import acting_as
from lab_harness.emulators.inside.records.probes import probed
from lab_harness.emulators.inside.scopes import within

IDLE, UNUSED = 1.0, 5.0  # seconds between two rounds if nothing happens: with mappings, and without any
BREATH = 0.01  # seconds between two rounds, however much happens
GONE = BatchResult({"error": True, "throttle": True})  # of a function that is deleted

log = logging.getLogger("lab_harness.event_sources")


class Poller:
    """Polls for one emulator. `have_sent` says whether ids of records are all of probes."""

    def __init__(self, have_sent: Callable[[Iterable[str]], bool]) -> None:
        self._have_sent = have_sent
        self._sources: dict[str, Source] = {}
        self._given: Counter[str] = Counter()  # batches that functions have, by the source's name
        self._looked = 0.0  # when, by the clock, it began its last look
        self._begun = False  # MiniStack begins to poll with the first mapping
        self.turn = threading.RLock()  # whoever changes mappings or sources has it

    def run(self, *_: Any) -> None:
        """Poll for ever, in MiniStack's place."""
        from ministack.core.concurrency import esm_wake

        self._begun = True
        while True:
            try:
                with self.turn:
                    esm_wake.clear()
                    pause = self.look()
            except Exception:
                log.exception("The event sources could not be polled.")
                pause = IDLE
            time.sleep(BREATH)
            esm_wake.wait(pause)

    def look(self) -> float:
        """Start all that is due. Returns the seconds until there may be more."""
        from ministack.services import lambda_svc

        with self.turn:
            self._looked = batches.now()
            there = {key[-1] for key in list(lambda_svc._esms._data)}
            self._sources = {uuid: source for uuid, source in self._sources.items() if uuid in there}
            for source in self._sources.values():
                source.due = NEVER  # of one that is not looked at: it is disabled, or its role may not read
            due = [self._look_at(*found) for found in lambda_svc._iter_all_esms() if found[2].get("Enabled", True)]
        return min(IDLE if there else UNUSED, max(0.0, min(due, default=batches.now() + UNUSED) - batches.now()))

    def due(self) -> float:
        """The next time at which a source changes by itself; NEVER if there is none."""
        with self.turn:
            return min((each.due for each in self._sources.values() if each.due > batches.now()), default=NEVER)

    def is_behind(self) -> bool:
        """Whether there is something that it has not looked at yet. What is due after a look, nobody takes."""
        from ministack.core.concurrency import esm_wake

        with self.turn:
            now = batches.now()
            is_due = self._looked < now and any(each.due <= now for each in self._sources.values())
            return self._begun and (esm_wake.is_set() or is_due)

    def gives(self, name: str) -> bool:
        """Whether a function has a batch of a source now, by the source's name."""
        with self.turn:
            return self._given[name] > 0

    def _look_at(self, account: str, region: str, mapping: dict[str, Any]) -> float:
        """Start what is due of one mapping. Returns when there may be more."""
        from ministack.core.responses import request_scope
        from ministack.services import lambda_svc

        source = self._sources.get(mapping["UUID"])
        if source is None:
            kind: Callable[[Any], Source] = Queue if ":sqs:" in mapping["EventSourceArn"] else Stream
            source = self._sources[mapping["UUID"]] = kind(mapping)
        try:
            with request_scope(account, region), acting_as(source.name):
                if mapping["FunctionName"] not in lambda_svc._functions:
                    return batches.now() + IDLE
                for batch in source.receive():
                    self._given[source.name] += 1
                    arguments = (source, batch, mapping, account, region)
                    clock.Thread(target=self._deliver, args=arguments, daemon=True).start()
        except Exception:
            log.exception("The mapping %s could not be polled.", mapping["UUID"])
            return batches.now() + IDLE
        return source.due

    def _deliver(self, source: Source, batch: Batch, mapping: dict[str, Any], account: str, region: str) -> None:
        from ministack.core.concurrency import esm_wake
        from ministack.core.responses import request_scope

        try:
            with ExitStack() as around:
                around.enter_context(request_scope(account, region))
                around.enter_context(acting_as(source.name))
                around.enter_context(probed(bool(batch.ids) and self._have_sent(batch.ids)))
                answer = self._answer(mapping, batch)
                with self.turn:
                    source.settle(batch, answer)
        except Exception:
            log.exception("A batch of the mapping %s could not be settled.", mapping["UUID"])
        finally:
            with self.turn:
                self._given[source.name] -= 1
                esm_wake.set()

    def _answer(self, mapping: dict[str, Any], batch: Batch) -> BatchResult:
        from ministack.services import lambda_svc

        try:
            record = invocations.called(mapping["FunctionArn"])
            if record is None:
                return GONE
            with within(invocations.request_id, lambda_svc.new_uuid()):
                result, _ = invocations.run(record, batch.event)
                return BatchResult(result, invocations.request_id.get(), record["config"].get("Version", "$LATEST"))
        except Exception:
            log.exception("The function of the mapping %s could not be run.", mapping["UUID"])
            mapping["LastProcessingResult"] = FAILED
            return GONE
