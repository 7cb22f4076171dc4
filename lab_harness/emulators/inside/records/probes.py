"""Knows what the checks' probes have set going, along the whole chain: what is shown to learners is their own doing.

`deeds` tells who did something directly: a queue had a function run. Whether a check or the learner had sent the
message is known here. What nobody is known to have set going, such as what a schedule does, is not a probe's doing.
"""

import contextvars
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import wrapt

from lab_harness.emulators.base import METRICS_OF_PROBES
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.scopes import within

MOST_MESSAGES = 20_000  # those of probes that are remembered; no queue of a lab holds as many
RUN_FUNCTION = "_execute_function_with_config_scope"
METRICS = "AWS/Lambda"

probing: ContextVar[bool] = ContextVar("probing", default=False)  # whether the current code does something for a check


@contextmanager
def probed(probe: bool) -> Iterator[None]:
    """Within it what is done is, or is not, a check's doing."""
    with within(probing, probe):
        yield


_under_way: set[object] = set()  # by a mark of its own each


@contextmanager
def under_way() -> Iterator[None]:
    """From its beginning to its end something goes on, for a check if `probing` says so; it may end in another thread.

    That is a function while it runs, and an event until its last try is over. Requests do not count: one whose sender
    was killed may never end.
    """
    mark = object()
    if probing.get():
        _under_way.add(mark)
    try:
        yield
    finally:
        _under_way.discard(mark)


def how_much_is_under_way() -> int:
    """How much goes on that checks have set going. Where it is 0 no function writes anything more for them.

    But what waits in a queue may set more going, and what an execution has yet to do.
    """
    return len(_under_way)


class Probes:
    """The messages and records that probes have sent, by id; on its way to a dead-letter queue a message keeps its."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, None] = OrderedDict()
        self._noting = threading.Lock()

    def install(self) -> None:
        """Watch MiniStack. This takes effect when its modules are imported."""
        for name, watch in (
            ("sqs", self._watch_queues),
            ("kinesis", self._watch_numbers("_next_sequence_number")),
            ("dynamodb", self._watch_numbers("_next_stream_seq")),
            ("eventbridge", _watch_deliveries),
            ("cloudwatch", _count_apart),
        ):
            wrapt.register_post_import_hook(watch, f"ministack.services.{name}")

    def note(self, message: str) -> None:
        """Remember a message if it is being sent for a check."""
        if not probing.get():
            return
        with self._noting:
            self._messages[message] = None
            if len(self._messages) > MOST_MESSAGES:
                self._messages.popitem(last=False)

    def have_sent(self, messages: Iterable[str]) -> bool:
        """Whether all of these are messages of probes; a batch with one of the learner's is the learner's."""
        return all(message in self._messages for message in messages)

    def _watch_queues(self, sqs: Any) -> None:
        @wrapt.patch_function_wrapper(sqs, "new_uuid")  # a message's id, before a function can have it
        def new_id(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
            found = original(*args, **kwargs)
            self.note(found)
            return found

        @wrapt.patch_function_wrapper(sqs, "_ensure_msg_fields")  # by which topics, rules and buckets send
        def complete(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
            # A queue completes its messages again when somebody asks for them, for a check perhaps.
            if "first_receive_at" not in args[0]:
                self.note(args[0]["id"])
            return original(*args, **kwargs)

    def _watch_numbers(self, name: str) -> Any:
        """What watches a service that numbers the records of its streams, by the function that does."""

        def watch(module: Any) -> None:
            @wrapt.patch_function_wrapper(module, name)
            def next_number(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
                found = original(*args, **kwargs)
                self.note(found)
                return found

        return watch


def _watch_deliveries(eventbridge: Any) -> None:
    eventbridge.threading = _Threads(threading)


class _Threads(wrapt.ObjectProxy[Any]):
    """The module `threading` for MiniStack's rules: a function that one runs knows for whom; else it would forget."""

    def Thread(self, *, target: Any, args: Any = (), **more: Any) -> threading.Thread:  # noqa: N802
        """A thread; one that runs a function does so in the context in which it was made."""
        if target.__name__ == RUN_FUNCTION:
            return clock.Thread(target=contextvars.copy_context().run, args=(target, *args), **more)
        return threading.Thread(target=target, args=args, **more)


def _count_apart(cloudwatch: Any) -> None:
    """Let Lambda's metrics count what the learner has run, and no probes."""

    @wrapt.patch_function_wrapper(cloudwatch, "record_metric")
    def record(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        if args and args[0] == METRICS and probing.get():
            args = (METRICS_OF_PROBES, *args[1:])
        return original(*args, **kwargs)
