"""Event source mappings as on AWS: one poller for queues, streams and streams of tables.

`limits` refuses the mappings that AWS refuses, `mappings` makes them. The `poller` asks each mapping's source for
batches, runs the function and has the source settle. A source is a queue (`queues`) or a stream (`streams`), whose
`shards` are read in `lanes`; these know tumbling `windows`, and tell of `failures`. `moments` are for the clock.
"""

from collections.abc import Callable, Iterable
from typing import Any

import wrapt

from lab_harness.emulators.inside.functions.event_sources import limits, shards
from lab_harness.emulators.inside.functions.event_sources.mappings import Mappings
from lab_harness.emulators.inside.functions.event_sources.moments import Moments
from lab_harness.emulators.inside.functions.event_sources.poller import Poller
from lab_harness.emulators.inside.moving_time import falling_due

__all__ = ["EventSources"]


class EventSources:
    """The mappings of one emulator; `have_sent` says whether ids of records are all of probes."""

    def __init__(self, have_sent: Callable[[Iterable[str]], bool]) -> None:
        self._have_sent = have_sent
        self._poller = Poller(have_sent)
        self._moments = Moments(self._poller)

    def install(self) -> None:
        """Make MiniStack poll like this. It takes effect when it imports Lambda and DynamoDB."""
        mappings = Mappings(self._poller)

        def change(lambda_svc: Any) -> None:
            mappings.change(lambda_svc)
            falling_due.follow(self._moments)

        wrapt.register_post_import_hook(change, "ministack.services.lambda_svc")
        limits.install()
        wrapt.register_post_import_hook(shards.save_records, "ministack.services.dynamodb")

    def hasten(self, queue: str) -> int:
        """Make due now the hidden messages in a queue that are probes and that no function has; returns how many."""
        return self._moments.hasten(queue, self._have_sent)
