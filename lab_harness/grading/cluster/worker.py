"""What runs on a worker of a Dask cluster: it checks that it may grade, and grades one submission."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock, Semaphore

from distributed import get_worker, secede

from lab_harness.course import find_course
from lab_harness.errors import ClusterError, HarnessError
from lab_harness.grading.cluster.grader_thread import GraderThread
from lab_harness.grading.grade import Grade
from lab_harness.grading.pool import IN_FLIGHT
from lab_harness.grading.room import sandbox
from lab_harness.grading.room.scratch import Scratch, remove_left_behind
from lab_harness.handing_in import versions
from lab_harness.lab.file import Limits
from lab_harness.lab.labs import load_lab

LOOK = 0.1  # seconds between two looks at whether another task may begin


@dataclass(frozen=True)
class Terms:
    """How workers have to grade: by which versions, with which limits, and whether within walls.

    `limits` stand in place of the labs' own.
    """

    versions: Mapping[str, Mapping[str, str]]  # by lab
    limits: Limits | None = None
    walled: bool = True


async def look_at(terms: Terms) -> list[str]:
    """`shortcomings`, in a thread, so that the worker's event loop does not stop."""
    return await asyncio.to_thread(shortcomings, terms)


def shortcomings(terms: Terms) -> list[str]:
    """Why this process may not grade on these terms; an empty list where it may."""
    found = [line for lab, wanted in terms.versions.items() for line in _differences(lab, wanted)]
    if not terms.walled:
        return found
    missing = sandbox.missing_protections()[:1] or sandbox.exposed([find_course().labs])
    return found + [f"it cannot wall submissions in: {problem}" for problem in missing]


def _differences(lab: str, wanted: Mapping[str, str]) -> list[str]:
    try:
        there = _versions_here(lab)
    except HarnessError as error:
        return [str(error)]
    names = [name for name in wanted if there.get(name) != wanted[name]]
    return [f"{lab}: its {name} is {there.get(name)}, not {wanted[name]}" for name in names]


@cache
def _versions_here(lab: str) -> dict[str, str]:
    """The versions of this machine, read once before the labs are loaded: the files may change later."""
    return versions.versions_of(load_lab(lab, find_course()))


def grade_one(notebook: bytes, lab: str, terms: Terms) -> Grade:
    """The grade of a notebook, as a task of Dask's. Raises ClusterError where this worker may not grade.

    While the notebook only waits, the worker begins another task, as the teacher's own machine would.
    """
    worker = get_worker()
    if problems := shortcomings(terms):
        raise ClusterError(refusal(worker.address, problems))
    grader, places = _graders.one(terms, worker.state.nthreads)
    with Scratch() as folder:
        path = Path(folder) / "notebook.ipynb"
        path.write_bytes(notebook)
        return _wait_for(grader.submit(lab, path), grader, places)


def refusal(address: str, problems: list[str]) -> str:
    """The message to the teacher: why this worker may not grade, and what to do."""
    lines = "".join(f"\n  {problem}" for problem in problems)
    return (
        f"The worker {address} may not grade:{lines}\n"
        "Give every worker the course, its Python packages and the programs that this machine has, and start it again."
    )


def _wait_for(future: "Future[Grade]", grader: GraderThread, places: Semaphore) -> Grade:
    """The grade, once it is known.

    Where the grader can begin another submission and there is a place for a waiting task, this task gives its thread
    back to Dask (`secede`), which then starts another one.
    """
    seceded = False
    try:
        while not wait([future], LOOK).done:
            if not grader.is_alive and not future.done():
                raise RuntimeError("The worker's grader has ended.")
            if not seceded and grader.can_begin and places.acquire(blocking=False):
                seceded = True
                secede()
        return future.result()
    finally:
        if seceded:
            places.release()


class _Graders:
    """The graders of this process, each with the places for tasks that wait without a thread of Dask's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[tuple[Limits | None, bool], tuple[GraderThread, Semaphore]] = {}

    def one(self, terms: Terms, workers: int) -> tuple[GraderThread, Semaphore]:
        """The grader for these terms; a new one where there is none, or where it has ended."""
        key = terms.limits, terms.walled
        with self._lock:
            if key not in self._made or not self._made[key][0].is_alive:
                remove_left_behind()
                grader = GraderThread(find_course(), workers=workers, limits=terms.limits, sandbox=terms.walled)
                self._made[key] = grader, Semaphore(workers * (IN_FLIGHT - 1))
            return self._made[key]


_graders = _Graders()
