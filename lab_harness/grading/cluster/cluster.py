"""Grades submissions on a Dask cluster, with the same grades as `pool` gives on this machine.

Only a notebook's bytes and the lab's name are sent, and a grade comes back; students' names stay here. If a worker is
lost, the scheduler gives its submissions to another one.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from lab_harness.course import Course
from lab_harness.errors import ClusterError, HarnessError, UsageError
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.pool import ROOM_SECONDS, longest_first
from lab_harness.handing_in.cells import read_cells
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.versions import versions_of
from lab_harness.lab.file import Limits
from lab_harness.lab.labs import load_lab

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Task

    from lab_harness.grading.cluster.worker import Terms

PATIENCE = 10.0  # seconds in which a scheduler must answer, and have a worker
ANSWER, LEAVE = 10.0, 2.0  # seconds
LOOK = 5.0  # seconds between two looks at whether there are workers, while no grade comes
DESERTED = 60.0  # seconds without any, after which the run ends
LOOK_DEADLINE = 180.0  # seconds for each worker to look at itself, which may take it to start everything once
TRIES = 2 * 2  # a room that ends without a word is tried again, and so is what a lost worker was grading
AGAIN = "What is graded is kept: give the same command to go on."
AHEAD = 256  # submissions that the scheduler is given at a time: it keeps their notebooks in memory


def grade_all(
    submissions: Iterable[Submission],
    course: Course,
    *,
    scheduler: str,
    limits: Limits | None = None,
    sandbox: bool = True,
) -> Iterator[Grade]:
    """The grade of each submission, as `pool.grade_all` gives it, from the workers of this scheduler.

    A worker grades as many submissions at a time as it has threads, and begins others while these only wait. Raises
    ClusterError if the cluster cannot be reached, or a worker has other versions than this machine.
    """
    good, unfit = _sort_out(submissions, course)
    with _connected(scheduler) as client:
        yield from unfit
        from lab_harness.grading.cluster.worker import Terms

        labs = {each.lab: versions_of(load_lab(each.lab, course)) for each in good}
        terms = Terms(labs, limits, sandbox)
        _look_at_workers(client, terms)
        yield from _grades(client, good, terms, _longest_silence(good, course, limits))


def _sort_out(submissions: Iterable[Submission], course: Course) -> tuple[list[Submission], list[Grade]]:
    """The submissions to send, those that take longest first, and the grades of those that cannot be graded."""
    good, unfit = [], []
    known = cache(partial(load_lab, course=course))
    for each in longest_first(submissions, course):
        try:
            known(each.lab)
            read_cells(each.path)
            good.append(each)
        except Rejected as error:
            unfit.append(Grade(each.student, each.lab, Status.REJECTED, str(error)))
        except HarnessError as error:
            unfit.append(Grade(each.student, each.lab, Status.BROKEN, str(error)))
    return good, unfit


@contextmanager
def _connected(scheduler: str) -> "Iterator[Client]":
    try:
        from distributed import Client, Security
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise UsageError(
            "--dask needs dask.distributed; in the course's folder, pip install --editable '.[dask]' brings it."
        ) from error
    try:
        get_address_host_port(scheduler)
    except ValueError as error:
        raise UsageError(f"{scheduler} is no address of a Dask scheduler; they look like tcp://host:8786.") from error
    if scheduler.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise UsageError(f"{scheduler} needs certificates; Dask's configuration names them, see docs/grading.md.")
    _silence()
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise ClusterError(
            f"No Dask scheduler answers at {scheduler}. `dask scheduler` starts one and prints its address."
        ) from error
    try:
        yield client
    finally:
        with suppress(Exception):  # A cluster that is silent, or gone, cannot take leave.
            client.close(timeout=LEAVE)


def _silence() -> None:
    """Let Dask and its libraries log nothing: what goes wrong is told in one message, without tracebacks."""
    # Its configuration gives some of Dask's loggers a level of their own, so that of their parent is not enough.
    for name in ("asyncio", "tornado", "distributed", *list(logging.root.manager.loggerDict)):
        if name.partition(".")[0] in ("asyncio", "tornado", "distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _look_at_workers(client: "Client", terms: "Terms") -> None:
    """Raise ClusterError unless there is a worker and each may grade. A later worker is checked by its first task."""
    from lab_harness.grading.cluster.worker import look_at, refusal

    address = client.scheduler.address
    deadline = time.monotonic() + PATIENCE
    while not _count_workers(client):
        if time.monotonic() > deadline:
            raise ClusterError(f"The scheduler {address} has no workers; `dask worker {address}` starts one.")
        time.sleep(0.1)
    try:
        all_found = client.sync(client._run, look_at, terms, on_error="return", callback_timeout=LOOK_DEADLINE)
    except TimeoutError as error:
        raise ClusterError(f"The cluster at {address} does not answer. {AGAIN}") from error
    for address, found in all_found.items():
        problems = found if isinstance(found, list) else [f"{type(found).__name__}: {found}"]
        if problems:
            raise ClusterError(refusal(address, problems))


def _grades(client: "Client", submissions: Iterable[Submission], terms: "Terms", patience: float) -> Iterator[Grade]:
    from lab_harness.grading.cluster.worker import grade_one

    under_way: dict[str, Submission] = {}
    ended: SimpleQueue[Task] = SimpleQueue()

    def send(submission: Submission) -> None:
        task = client.submit(grade_one, submission.path.read_bytes(), submission.lab, terms, pure=False)
        under_way[task.key] = submission
        task.add_done_callback(ended.put)

    waiting = iter(submissions)
    for each in islice(waiting, AHEAD):
        send(each)
    while under_way:
        task = _next(ended, client, patience)
        yield _grade(task, under_way.pop(task.key))
        for each in islice(waiting, 1):
            send(each)


def _next(ended: "SimpleQueue[Task]", client: "Client", patience: float) -> "Task":
    """The next task that ends. Raises ClusterError if that takes too long, or there are no workers any more."""
    began = seen = time.monotonic()
    while True:
        with suppress(Empty):
            return ended.get(timeout=LOOK)
        now = time.monotonic()
        if _count_workers(client):
            seen = now
        if now - seen > DESERTED:
            raise ClusterError(f"The cluster at {client.scheduler.address} has no workers any more. {AGAIN}")
        if now - began > patience:
            raise ClusterError(f"The cluster at {client.scheduler.address} gives no grades any more. {AGAIN}")


def _count_workers(client: "Client") -> int:
    """How many workers the scheduler has; 0 if it does not answer."""
    try:
        return len(client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER)["workers"])
    except Exception:  # Whatever it is: what the client raises differs by how the scheduler went.
        return 0


def _longest_silence(submissions: Iterable[Submission], course: Course, limits: Limits | None) -> float:
    """The seconds within which a working cluster gives at least one grade.

    Whatever a submission does, its worker stops it `ROOM_SECONDS` after its own limit.
    """
    labs = {each.lab for each in submissions}
    longest = max(((limits or load_lab(lab, course).file.limits).notebook_seconds for lab in labs), default=0.0)
    return TRIES * (ROOM_SECONDS + longest)


def _grade(task: "Task", submission: Submission) -> Grade:
    """The grade of a finished task. If a submission has ended its workers, its grade says so and the others go on."""
    from distributed import CancelledError, KilledWorker

    try:
        grade: Grade = task.result()
        return replace(grade, student=submission.student)
    except ClusterError:
        raise
    except CancelledError as error:
        raise ClusterError(f"The scheduler has gone. {AGAIN}") from error
    except KilledWorker:
        reason = "Every worker that graded this submission ended meanwhile."
    except Exception as error:
        reason = f"The worker could not grade this submission: {type(error).__name__}: {error}"
    return Grade(submission.student, submission.lab, Status.BROKEN, reason)
