"""How long processes took, what processor time, and how much memory they held at once with all that they started."""

import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lab_harness.emulators import Emulator

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
    hidden = set(without)
    started = psutil.Process().children(recursive=True)
    return megabytes_of(each for each in started if not hidden & {each.pid, *_parents(each)})


def _parents(process: psutil.Process) -> set[int]:
    with suppress(psutil.Error):
        return {each.pid for each in process.parents()}
    return set()


def megabytes_of(processes: Iterable[psutil.Process]) -> float:
    """The memory of these processes; of what has ended meanwhile none."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def server_of(emulator: Emulator) -> psutil.Process:
    """The process that listens at the emulator's port."""
    port = int(emulator.endpoint.rpartition(":")[2])
    return psutil.Process(
        next(each.pid for each in psutil.net_connections("tcp") if each.laddr.port == port and each.pid)
    )


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
