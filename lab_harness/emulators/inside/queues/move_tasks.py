"""Moves messages back from a dead-letter queue: StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask.

MiniStack has none of them. A task moves what waits to the queue that it is told, else to the queue from which each
message came. A moved message is a new one, with another id. What has become of a task is kept with its queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html (2026)
"""

import base64
import binascii
import contextvars
import json
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import wrapt

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers

TASKS = "labMoveTasks"  # the key in a queue of its tasks, newest first; MiniStack answers with keys of its own only
MOST_TASKS = 10  # that AWS tells of
FASTEST = 500  # messages a second, if a rate is given
OF_SOURCE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")  # what a task does besides
MISSING = "The resource that you specified for the {} parameter doesn't exist."
NO_DEAD_LETTERS = "Source queue must be configured as a Dead Letter Queue."
RUNS = "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
OTHER_KIND = "The source queue and destination queue must be of the same queue type."


def install() -> None:
    """Teach MiniStack these calls. This takes effect when it imports SQS, and what it knows of permissions."""
    wrapt.register_post_import_hook(_change_sqs, "ministack.services.sqs")
    wrapt.register_post_import_hook(_change_actions, "ministack.core.iam_actions")


def _change_sqs(sqs: Any) -> None:
    mover = Mover()
    sqs._HANDLERS.update(
        StartMessageMoveTask=mover.start, ListMessageMoveTasks=mover.tasks, CancelMessageMoveTask=mover.cancel
    )
    wrapt.wrap_function_wrapper(sqs, "reset", mover.forget)


def _change_actions(iam_actions: Any) -> None:
    wrapt.wrap_function_wrapper(iam_actions, "extract_resource_arn", _source)


def _source(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The resource of a call about tasks: the queue whose messages are moved."""
    found = original(*args, **kwargs)
    if args[0] != "sqs" or found != "*":
        return found
    with suppress(ValueError, KeyError, TypeError, AttributeError):  # another call, or no JSON
        asked = json.loads(args[4] or b"{}")
        return asked.get("SourceArn") or _handle(asked["TaskHandle"])["sourceArn"]
    return found


def _error(code: str, message: str, status: int = 400) -> Exception:
    from ministack.services import sqs

    error: Exception = sqs._Err(code, message, status)
    return error


def _invalid(message: str) -> Exception:
    return _error("InvalidParameterValue", message)


def _handle(text: Any) -> dict[str, str]:
    """What a task's handle says; ValueError where it is none."""
    try:
        found = json.loads(base64.b64decode(str(text), validate=True))
        return {"taskId": str(found["taskId"]), "sourceArn": str(found["sourceArn"])}
    except (binascii.Error, KeyError, TypeError) as error:
        raise ValueError("no handle") from error


def _queue(arn: Any, parameter: str) -> dict[str, Any]:
    from ministack.services import sqs

    found: dict[str, Any] | None = sqs._queue_by_arn(str(arn or ""))
    if found is None:
        raise _error("ResourceNotFoundException", MISSING.format(parameter), 404)
    return found


def _sources(dead_letters: str) -> list[str]:
    """The ARNs of the queues whose dead-letter queue this is."""
    from ministack.services import sqs

    found = []
    for queue in sqs._queues.values():
        with suppress(ValueError, TypeError, KeyError):
            if json.loads(queue["attributes"]["RedrivePolicy"])["deadLetterTargetArn"] == dead_letters:
                found.append(queue["attributes"]["QueueArn"])
    return found


def _allowed(action: str, resource: str) -> None:
    if words := answers.caller(action, resource):
        raise _error("AccessDeniedException", words)


class Mover:
    """The tasks that run in one emulator, each in a thread of its own; they do not outlive it."""

    def __init__(self) -> None:
        self._running: dict[str, threading.Event] = {}  # by the task's handle: set when it is to stop
        self._starting = threading.Lock()

    def start(self, data: dict[str, Any], _url: str) -> dict[str, str]:
        """Answer StartMessageMoveTask."""
        from ministack.services import sqs

        source = _queue(data.get("SourceArn"), "SourceArn")
        arn, destination, rate = data["SourceArn"], data.get("DestinationArn"), data.get("MaxNumberOfMessagesPerSecond")
        if not _sources(arn):
            raise _invalid(NO_DEAD_LETTERS)
        if destination and _queue(destination, "DestinationArn")["is_fifo"] != source["is_fifo"]:
            raise _invalid(OTHER_KIND)
        if destination == arn:
            raise _invalid("Source queue arn and destination queue arn cannot be the same.")
        if rate is not None and not 1 <= int(rate) <= FASTEST:
            reason = f"You must enter a number that's between 1 and {FASTEST}."
            raise _invalid(f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: {reason}")
        for action in OF_SOURCE:
            _allowed(action, arn)
        for each in [destination] if destination else _sources(arn):
            _allowed("sqs:SendMessage", each)
        with self._starting:
            if any(task["TaskHandle"] in self._running for task in source.get(TASKS, [])):
                raise _invalid(RUNS)
            task = _new_task(sqs.new_uuid(), arn, destination, rate, len(_waiting(source)))
            source[TASKS] = [task, *source.get(TASKS, [])][:MOST_TASKS]
            stop = self._running[task["TaskHandle"]] = threading.Event()
        target = partial(contextvars.copy_context().run, self._run, task, source, stop)
        threading.Thread(target=target, daemon=True).start()
        return {"TaskHandle": task["TaskHandle"]}

    def tasks(self, data: dict[str, Any], _url: str) -> dict[str, Any]:
        """Answer ListMessageMoveTasks."""
        source, most = _queue(data.get("SourceArn"), "SourceArn"), int(data.get("MaxResults") or 1)
        if not 1 <= most <= MOST_TASKS:
            raise _invalid(f"Value {most} for parameter MaxResults is invalid. Reason: Must be between 1 and 10.")
        return {"Results": [self._told(task) for task in source.get(TASKS, [])[:most]]}

    def cancel(self, data: dict[str, Any], _url: str) -> dict[str, int]:
        """Answer CancelMessageMoveTask: what is moved stays moved."""
        handle = data.get("TaskHandle")
        try:
            source = _queue(_handle(handle)["sourceArn"], "SourceArn")
        except ValueError:
            raise _invalid(f"Value {handle} for parameter TaskHandle is invalid.") from None
        found = [task for task in source.get(TASKS, []) if task["TaskHandle"] == handle]
        if not found:
            raise _error("ResourceNotFoundException", "Task does not exist.", 404)
        if not (stop := self._running.get(str(handle))):
            raise _invalid("Only active tasks can be cancelled.")
        found[0]["Status"] = "CANCELLING"
        stop.set()
        return {"ApproximateNumberOfMessagesMoved": found[0]["ApproximateNumberOfMessagesMoved"]}

    def forget(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Stop all tasks, as the account is emptied."""
        for stop in list(self._running.values()):
            stop.set()
        return original(*args, **kwargs)

    def _told(self, task: dict[str, Any]) -> dict[str, Any]:
        """A task as AWS tells of it: only of one that runs the handle."""
        active = task["TaskHandle"] in self._running
        if not active and task["Status"] in ("RUNNING", "CANCELLING"):  # the emulator ended meanwhile
            task["Status"] = "CANCELLED"
        hidden = {"TaskHandle"} if task["Status"] != "RUNNING" else set()
        return {key: value for key, value in task.items() if value is not None and key not in hidden}

    def _run(self, task: dict[str, Any], source: dict[str, Any], stop: threading.Event) -> None:
        try:
            task["Status"] = self._move_all(task, source, stop)
        except LookupError as error:
            task["Status"], task["FailureReason"] = "FAILED", str(error.args[0])
        finally:
            self._running.pop(task["TaskHandle"], None)

    def _move_all(self, task: dict[str, Any], source: dict[str, Any], stop: threading.Event) -> str:
        """Move so many messages as waited at first; returns the task's status at the end."""
        pause = 1 / int(task["MaxNumberOfMessagesPerSecond"]) if task.get("MaxNumberOfMessagesPerSecond") else 0
        for _ in range(task["ApproximateNumberOfMessagesToMove"]):
            if stop.wait(pause):
                return "CANCELLED"
            waiting = _waiting(source)
            if not waiting:
                break
            _move(waiting[0], source, task.get("DestinationArn"))
            task["ApproximateNumberOfMessagesMoved"] += 1
        return "COMPLETED"


def _new_task(name: str, arn: str, destination: str | None, rate: Any, waiting: int) -> dict[str, Any]:
    handle = base64.b64encode(json.dumps({"taskId": name, "sourceArn": arn}).encode()).decode()
    return {
        "TaskHandle": handle,
        "Status": "RUNNING",
        "SourceArn": arn,
        "DestinationArn": destination,
        "MaxNumberOfMessagesPerSecond": rate if rate is None else int(rate),
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": waiting,
        "StartedTimestamp": int(clock.now() * 1000),
    }


def _waiting(queue: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that nobody has in work."""
    now = clock.now()
    return [message for message in queue["messages"] if message["visible_at"] <= now]


def _move(message: dict[str, Any], source: dict[str, Any], destination: str | None) -> None:
    """Send a message anew; LookupError, with the reason that AWS gives, where it has nowhere to go."""
    from ministack.services import sqs

    sqs._ensure_msg_fields(message)
    arn = destination or message["sys"].get("DeadLetterQueueSourceArn")
    if not arn:
        raise LookupError("CouldNotDetermineMessageSource")
    target = sqs._queue_by_arn(arn)
    if target is None:
        raise LookupError("AWS.SimpleQueueService.NonExistentQueue")
    now = clock.now()
    fresh = {"id": sqs.new_uuid(), "sent_at": now, "visible_at": now + sqs.queue_delay(target), "receive_count": 0}
    sent = {
        **message,
        **fresh,
        "receipt_handle": None,
        "first_receive_at": None,
        "sys": sqs._build_send_sys_attrs(now, {}),
    }
    sent.pop("enqueued_at", None)
    if target["is_fifo"]:
        target["fifo_seq"] += 1
        sent["seq"] = str(target["fifo_seq"]).zfill(20)
    with suppress(ValueError):  # somebody has deleted it meanwhile
        source["messages"].remove(message)
        target["messages"].append(sent)
        sqs.esm_wake.set()
