"""How long processes took, what processor time, and how much memory they held at once with all that they started."""

import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LOOK = 0.5  # seconds between two looks at the memory


@dataclass
class Measured:
    """What a run took. `samples` are MB (PSS: a page that several processes share counts once), one for each look."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    samples: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        return max(self.samples, default=0.0)


@contextmanager
def measured(*without: int) -> Iterator[Measured]:
    """Measure what is started meanwhile; the processes `without`, and theirs, are not counted as memory."""
    found, over = Measured(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK):
            found.samples.append(megabytes(without))

    looking = threading.Thread(target=look)
    looking.start()
    before, began = _cpu(), time.perf_counter()
    try:
        yield found
    finally:
        found.seconds, found.cpu_seconds = time.perf_counter() - began, _cpu() - before
        over.set()
        looking.join()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def megabytes(without: Sequence[int]) -> float:
    """The memory of all that this process has started."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.pid not in without and not {each.pid for each in process.parents()} & set(without):
                total += process.memory_full_info().pss
    return total / 1e6


def run(command: Sequence[str | Path], environ: Mapping[str, str], folder: Path) -> None:
    """Run a whole process; what it says is shown where it fails."""
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def side_by_side(work: Sequence[Callable[[], None]]) -> None:
    """Do all of it at once, each in a thread."""
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
