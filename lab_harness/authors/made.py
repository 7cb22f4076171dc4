"""What checks make for themselves, remembered until it is taken away, however the process ends that runs them.

Nothing in a probe tells that it is one, for a function could tell it from a customer's request. So what a check makes
is remembered here, before it is made. What it must take away again is owed until it has (`owe`); where it never comes
to that, as after `kill -9`, the next run of the lab's checks takes it away, in any process. The names of what was made
(`remember`) tell others that it is not the learner's.

Where no run says what is remembered where, as in a grader's room, all of it is kept in memory.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lab_harness.authors.memory import FILE, REMEMBERED, Memory, Owed

_names: deque[str] = deque(maxlen=REMEMBERED)  # by this process
_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)
_shown: list[Path] = []  # the file of the course whose account this process shows


@cache
def _here() -> Memory:
    """What is owed by this process alone."""
    return Memory()


@contextmanager
def remembered_in(home: Path, account: str, lab: str) -> Iterator[Memory]:
    """While this lasts, what is made is remembered in a course's `.lab`: by which lab's checks, in which account."""
    with Memory(home / FILE, account, lab) as memory:
        token = _memory.set(memory)
        try:
            yield memory
        finally:
            _memory.reset(token)


def show_from(home: Path) -> None:
    """From now on `made_names` knows also what other processes' checks make in the account of this course."""
    _shown[:] = [home / FILE]


def remember(name: str) -> str:
    """Note the name of something that a check makes for itself, and return it.

    For example:

        instance = remember(ec2.run_instances(**launch)["Instances"][0]["InstanceId"])
    """
    _names.append(name)
    if memory := _memory.get():
        memory.remember(name)
    return name


def owe(kind: str, name: str, **details: Any) -> Owed:
    """Remember something that a check is about to make until it has taken it away.

    `kind` is CloudFormation's name of a resource's type. Where the check's process is killed, the next run of the lab's
    checks takes it away.

        queue = owe("AWS::SQS::Queue", name)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        ...
        queue.take_away(sqs.delete_queue, QueueUrl=url)
    """
    return (_memory.get() or _here()).owe(kind, name, details)


def owed(kind: str) -> list[Owed]:
    """What of a kind this lab's checks must take away still, the latest first; also what a killed run has left."""
    return [each for each in (_memory.get() or _here()).owed() if each.kind == kind]


def is_made(name: str) -> bool:
    """Whether a check has made what has this name."""
    return name in _names or any(name in _names_in(file) for file in _shown)


def made_names() -> frozenset[str]:
    """The names of all that checks have made."""
    return frozenset(_names).union(*map(_names_in, _shown))


def _names_in(file: Path) -> frozenset[str]:
    """The names in a file, which is read again once it has changed."""
    try:
        found = file.stat()
    except OSError:
        return frozenset()
    return _names_as_of(file, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1)
def _names_as_of(file: Path, _changed: int, _size: int) -> frozenset[str]:
    with Memory(file) as memory:
        return memory.names()
