"""What runs on a worker of a Dask cluster: the look at whether it may grade, and the grading of one submission."""

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
from lab_harness.grading.cluster.desk import Desk
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
    """How workers have to grade: what of the labs, `limits` in place of the labs' own, and whether within walls."""

    versions: Mapping[str, Mapping[str, str]]  # by lab
    limits: Limits | None = None
    walled: bool = True


async def look_at(terms: Terms) -> list[str]:
    """`shortcomings`, without holding up the worker's event loop."""
    return await asyncio.to_thread(shortcomings, terms)


def shortcomings(terms: Terms) -> list[str]:
    """Why this process may not grade on these terms; nothing where it may."""
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
    """Taken once, before the labs are loaded for grading: the files may be changed later."""
    return versions.versions_of(load_lab(lab, find_course()))


def grade_one(notebook: bytes, lab: str, terms: Terms) -> Grade:
    """The grade of a notebook, as a task of Dask's; ClusterError where this worker may not grade.

    While it waits for something another task begins, as on the teacher's own machine.
    """
    worker = get_worker()
    if problems := shortcomings(terms):
        raise ClusterError(refusal(worker.address, problems))
    desk, seats = _desks.one(terms, worker.state.nthreads)
    with Scratch() as folder:
        path = Path(folder) / "notebook.ipynb"
        path.write_bytes(notebook)
        return _wait_for(desk.hand_in(lab, path), desk, seats)


def refusal(address: str, problems: list[str]) -> str:
    """What a worker's shortcomings are to the teacher, and what to do."""
    lines = "".join(f"\n  {problem}" for problem in problems)
    return (
        f"The worker {address} may not grade:{lines}\n"
        "Give every worker the course, its Python packages and the programs that this machine has, and start it again."
    )


def _wait_for(promise: "Future[Grade]", desk: Desk, seats: Semaphore) -> Grade:
    """The grade, once it is known; as soon as it only waits, and a seat is free, the task steps aside for another."""
    aside = False
    try:
        while not wait([promise], LOOK).done:
            if not desk.is_open and not promise.done():
                raise RuntimeError("The worker's grader has ended.")
            if not aside and desk.has_room and seats.acquire(blocking=False):
                aside = True
                secede()
        return promise.result()
    finally:
        if aside:
            seats.release()


class _Desks:
    """The desks of this process, each with the seats for tasks that have stepped aside."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[tuple[Limits | None, bool], tuple[Desk, Semaphore]] = {}

    def one(self, terms: Terms, workers: int) -> tuple[Desk, Semaphore]:
        """The desk for these terms, started where there is none that is open."""
        key = terms.limits, terms.walled
        with self._lock:
            if key not in self._made or not self._made[key][0].is_open:
                remove_left_behind()
                desk = Desk(find_course(), workers=workers, limits=terms.limits, sandbox=terms.walled)
                self._made[key] = desk, Semaphore(workers * (IN_FLIGHT - 1))
            return self._made[key]


_desks = _Desks()
