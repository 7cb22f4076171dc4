"""Takes messages out of a queue's own list, so that one which arrives meanwhile stays there.

MiniStack puts a new list of what stays in its place, as it deletes messages, drops old ones and moves failed ones.
Topics, rules, buckets and the poller of mappings send from other threads: what they put into the old list is lost.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.scopes import within

Queue = dict[str, Any]
DELETING = ("_act_delete_message", "_act_delete_message_batch", "_delete_messages_for_esm")
READING = ("_collect_msgs", "_refresh_counts", "_receive_messages_for_esm")

_turns = threading.RLock()  # for those who take messages out, and who looks through all of them
_deleting: ContextVar[ExitStack | None] = ContextVar("deleting", default=None)  # the copies for a call that deletes


def install() -> None:
    """Change MiniStack. This takes effect when it imports SQS."""
    wrappers = {
        **dict.fromkeys(DELETING, _delete),
        **dict.fromkeys(READING, _in_turn),
        **dict.fromkeys(("_expire_retained", "_dlq_sweep"), _drop),
        "_get_q": _find,
    }
    hooks.change({"sqs": wrappers})


def _in_turn(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    with _turns:
        return original(*args, **kwargs)


def _drop(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Drop messages of the queue that is given."""
    with _turns, _copied(args[0]) as copy:
        return original(copy, *args[1:], **kwargs)


def _delete(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Delete messages of a queue that MiniStack looks for itself."""
    with _turns, ExitStack() as copies, within(_deleting, copies):
        return original(*args, **kwargs)


def _find(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    found, copies = original(*args, **kwargs), _deleting.get()
    return found if copies is None else copies.enter_context(_copied(found))


@contextmanager
def _copied(queue: Queue) -> Iterator[Queue]:
    """A copy of a queue; what is no longer among its messages afterwards leaves the queue, too."""
    before = list(queue["messages"])
    copy = {**queue, "messages": before}
    yield copy
    if copy["messages"] is not before:
        stay = {id(each) for each in copy["messages"]}
        for each in before:
            if id(each) not in stay:
                with suppress(ValueError):  # somebody else has taken it out
                    queue["messages"].remove(each)
