"""What a stream has collected for its bucket, kept with the stream, and the thread that delivers what is due.

A buffer is due when its first record is as old as the interval, by the emulator's time, or when it is as large as the
size; what of the two comes first.
"""

import base64
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import wrapt

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.streams.delivery_streams import objects, settings, transforming
from lab_harness.emulators.inside.streams.delivery_streams.transforming import Record

KEY = "lab_buffer"  # in MiniStack's destination, with which it is saved: since when, how large, and the records
MEGABYTE = 1024 * 1024
NEVER = float("inf")
READING = ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords")

log = logging.getLogger("lab_harness.delivery_streams")
Found = tuple[tuple[str, str, str], dict[str, Any], dict[str, Any]]  # account, region and name; stream; destination


def install() -> None:
    """Change MiniStack. This takes effect when its modules are imported."""
    buffers = Buffers()
    hooks.change(
        {
            "firehose": {"_deliver_records_to_s3": buffers.collect, "_restore_state": buffers.go_on},
            "kinesis": {"put_record_internal": _feed},
        }
    )
    wrapt.register_post_import_hook(buffers.begin, "ministack.services.firehose")


def _may_read(stream: dict[str, Any]) -> bool:
    """Whether a stream's role may read the stream of Kinesis that feeds it, if there is one."""
    source = stream.get("kinesis_source") or {}
    needed = READING if source else ()
    arn, role = source.get("KinesisStreamARN", ""), source.get("RoleARN", "")
    return not any(answers.role(role, objects.by(stream), action, arn) for action in needed)


def _feed(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Hand on what DynamoDB writes to a stream of Kinesis, as MiniStack does with what callers write."""
    from ministack.services import firehose

    arn, key, data = args
    taken = original(*args, **kwargs)
    if taken:
        firehose.ingest_from_kinesis_source(arn, [(key, data)])
    return taken


class Buffers:
    """The buffers of one emulator's streams."""

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._changed = clock.Event()

    def begin(self, _firehose: Any) -> None:
        """Deliver what is due from now on."""
        clock.Thread(target=self._run, daemon=True).start()

    def go_on(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Go on with what an emulator before this one had collected."""
        original(*args, **kwargs)
        self._changed.set()

    def collect(self, _original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
        """Take records for a destination, in place of delivering them."""
        stream, destination, records = args
        if not _may_read(stream):
            return
        with self._turn:
            buffer = destination.setdefault(KEY, {"since": clock.now(), "size": 0, "records": []})
            buffer["records"] += [[name, base64.b64encode(data).decode(), clock.now()] for name, data in records]
            buffer["size"] += sum(len(data) for _, data in records)
            destination["records"].clear()  # MiniStack would keep them for ever
        self._changed.set()

    def _run(self) -> None:
        while True:
            self._changed.clear()
            with suppress(RuntimeError):  # the streams have changed meanwhile: look again
                for found in list(self._there()):
                    if self._due(found[2]) <= clock.now():
                        self._deliver(found)
                due = min((self._due(destination) for _, _, destination in self._there()), default=NEVER)
                self._changed.wait(None if due == NEVER else max(0.0, due - clock.now()))

    def _there(self) -> Iterator[Found]:
        """The buffers that hold something."""
        from ministack.services import firehose

        for key, stream in list(firehose._streams.all_items()):
            for destination in stream["destinations"]:
                if KEY in destination:
                    yield key, stream, destination

    def _due(self, destination: dict[str, Any]) -> float:
        with self._turn:
            buffer, hints = destination[KEY], settings.hints(destination["config"])
            if buffer["size"] >= hints["SizeInMBs"] * MEGABYTE:
                return 0.0
            return float(buffer["since"]) + hints["IntervalInSeconds"]

    def _deliver(self, found: Found) -> None:
        from ministack.core.responses import request_scope

        (account, region, _), stream, destination = found
        with self._turn:
            taken = destination.pop(KEY)["records"]
        records = [Record(name, base64.b64decode(data), arrived) for name, data, arrived in taken]
        try:
            with request_scope(account, region):
                objects.write(stream, destination, transforming.transformed(stream, destination, records))
        except Exception:
            log.exception("What %s has collected could not be delivered.", stream["name"])
