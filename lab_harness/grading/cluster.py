"""Grades submissions on a Dask cluster: the same work as `pool` does here, with the same grades.

A notebook's bytes and its lab's name go out, and a grade comes back; students' names stay here. What a lost worker
was grading the scheduler gives to another.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from lab_harness.course import Course
from lab_harness.errors import ClusterError, HarnessError, UsageError
from lab_harness.grading.cells import Rejected, read_cells
from lab_harness.grading.grade import Grade, Status, Submission
from lab_harness.grading.pool import longest_first
from lab_harness.grading.versions import versions_of
from lab_harness.lab_file import Limits
from lab_harness.labs import load_lab

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Task

    from lab_harness.grading.worker import Terms

PATIENCE = 10.0  # seconds in which a scheduler must answer, and have a worker
AHEAD = 256  # submissions that the scheduler is given at a time: it keeps their notebooks in memory


def grade_all(
    submissions: Iterable[Submission],
    course: Course,
    *,
    scheduler: str,
    limits: Limits | None = None,
    sandbox: bool = True,
) -> Iterator[Grade]:
    """The grade of each submission as `pool.grade_all` gives it, by the workers of this scheduler's cluster.

    A worker takes as many at a time as it has threads, and others while these wait. ClusterError where the cluster
    cannot be reached, and where one of its workers would grade by something else than is installed here.
    """
    good, unfit = _sort_out(submissions, course)
    with _connected(scheduler) as client:
        yield from unfit
        from lab_harness.grading.worker import Terms

        labs = {each.lab: versions_of(load_lab(each.lab, course)) for each in good}
        terms = Terms(labs, limits, sandbox)
        _look_at_workers(client, terms)
        yield from _grades(client, good, terms)


def _sort_out(submissions: Iterable[Submission], course: Course) -> tuple[list[Submission], list[Grade]]:
    """What is worth sending, the labs that take longest first, and the grades of what is not."""
    good, unfit = [], []
    for each in longest_first(submissions, course):
        try:
            load_lab(each.lab, course)
            read_cells(each)
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
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # What it says there we say in one message.
    try:
        client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise ClusterError(
            f"No Dask scheduler answers at {scheduler}. `dask scheduler` starts one and prints its address."
        ) from error
    with client:
        yield client


def _look_at_workers(client: "Client", terms: "Terms") -> None:
    """Insist on at least one worker, and that each may grade. One that comes later is looked at by its first task."""
    from lab_harness.grading.worker import look_at, refusal

    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        address = client.scheduler.address
        raise ClusterError(f"The scheduler {address} has no workers; `dask worker {address}` starts one.") from error
    for address, found in client.run(look_at, terms, on_error="return").items():
        problems = found if isinstance(found, list) else [f"{type(found).__name__}: {found}"]
        if problems:
            raise ClusterError(refusal(address, problems))


def _grades(client: "Client", submissions: Iterable[Submission], terms: "Terms") -> Iterator[Grade]:
    from distributed import as_completed

    from lab_harness.grading.worker import grade_one

    under_way: dict[str, Submission] = {}

    def send(submission: Submission) -> "Task":
        task = client.submit(grade_one, submission.path.read_bytes(), submission.lab, terms, pure=False)
        under_way[task.key] = submission
        return task

    waiting = iter(submissions)
    tasks = as_completed([send(each) for each in islice(waiting, AHEAD)], loop=client.loop)
    for task in tasks:
        yield _grade(task, under_way.pop(task.key))
        tasks.update([send(each) for each in islice(waiting, 1)])


def _grade(task: "Task", submission: Submission) -> Grade:
    """What became of a task: whatever one submission does to its workers, the others go on."""
    from distributed import CancelledError, KilledWorker

    try:
        grade: Grade = task.result()
        return replace(grade, student=submission.student)
    except ClusterError:
        raise
    except CancelledError as error:
        raise ClusterError("The scheduler has gone. What is graded is kept: give the same command to go on.") from error
    except KilledWorker:
        reason = "Every worker that graded this submission ended meanwhile."
    except Exception as error:
        reason = f"The worker could not grade this submission: {type(error).__name__}: {error}"
    return Grade(submission.student, submission.lab, Status.BROKEN, reason)
