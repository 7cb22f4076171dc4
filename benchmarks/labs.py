"""`python -m benchmarks.labs`: what each lab costs, one after the other, each in an emulator of its own.

Seconds to build it as its solution does, of its checks, at first and again, and of its solved notebook, the kernel's
start included; MB that the emulator then holds, and its functions' processes (PSS: a shared page counts once).
"""

import os
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmarks.measured import megabytes_of, server_of
from lab_harness import run_checks
from lab_harness.authoring.notebook_runs import run_one, scratch_emulator
from lab_harness.aws import Clients
from lab_harness.course import find_course
from lab_harness.lab.labs import Lab, all_labs

COLUMNS = ("lab", "built", "its checks", "again", "solved notebook", "the emulator", "functions")


def seconds(action: Callable[[], object]) -> float:
    """The wall time of an action."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def figures(lab: Lab) -> list[str]:
    """One row of the table."""
    with scratch_emulator() as emulator:
        clients = Clients(emulator)
        times = [seconds(lambda: lab.solve(clients))]
        times += [seconds(lambda: run_checks(lab, clients)) for _ in range(2)]
        server = server_of(emulator)
        memory = [megabytes_of([server]), megabytes_of(server.children(recursive=True))]
    with scratch_emulator() as emulator:
        run = run_one(find_course(), lab, emulator, dict(os.environ))
    times.append(run.seconds)
    shown = [f"{each:.1f} s" for each in times] + [f"{each:.0f} MB" for each in memory]
    return [f"`{lab.id}`", *shown] if run.good else [f"`{lab.id}`", *shown, f"FAILED: {run.problem}"]


def main() -> None:
    """Print the table."""
    table = Table(*COLUMNS, box=None)
    for lab in all_labs():
        table.add_row(*figures(lab))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
