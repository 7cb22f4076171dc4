"""`python -m benchmarks`: figures of the harness, side by side in one run.

* the embedded emulator: seconds until it answers, and memory;
* the `lab` command's own time;
* `lab check` for each solved lab against the same AWS calls and pauses as a bare boto3 script, both as whole
  processes, in turn;
* every solved notebook;
* the panel in a real JupyterLab: from a change to its tick, from a click to its answer, and what it costs when idle.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bare import bare_script
from benchmarks.measured import server_of
from benchmarks.panel import panel_figures
from lab_harness.authoring.notebook_runs import run_all, scratch_emulator
from lab_harness.aws import Clients, learners_environment
from lab_harness.course import find_course
from lab_harness.emulators.embedded import Embedded
from lab_harness.lab.labs import all_labs

ROUNDS = 5


def seconds_of(command: list[str], environ: dict[str, str]) -> float:
    """The wall time of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, env=environ, capture_output=True, check=True)
    return time.perf_counter() - started


def spread(values: list[float], unit: str = "s") -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f}–{max(values):.2f})"


def emulator_figures(table: Table) -> None:
    """Starting and stopping, and the memory of a fresh emulator."""
    ready, stopped, memory = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            emulator = Embedded(Path(folder))
            started = time.perf_counter()
            emulator.start()
            ready.append(time.perf_counter() - started)
            memory.append(server_of(emulator).memory_info().rss / 1e6)
            started = time.perf_counter()
            emulator.stop()
            stopped.append(time.perf_counter() - started)
    table.add_row("emulator: start to ready", spread(ready), "")
    table.add_row("emulator: stop, state saved", spread(stopped), "")
    table.add_row("emulator: memory when fresh", spread(memory, "MB"), "")


def command_figures(table: Table) -> None:
    """How quickly the command line answers."""
    for words in (["--help"], ["list"]):
        command = [sys.executable, "-m", "lab_harness", *words]
        times = [seconds_of(command, dict(os.environ)) for _ in range(ROUNDS)]
        table.add_row(f"lab {' '.join(words)}", spread(times), "")


def check_figures(table: Table) -> None:
    """`lab check` beside the same calls without the harness."""
    for lab in all_labs():
        with scratch_emulator() as emulator, tempfile.TemporaryDirectory() as folder:
            clients = Clients(emulator)
            lab.solve(clients)
            script = Path(folder) / "bare.py"
            script.write_text(bare_script(lab, clients), encoding="utf-8")
            environ = learners_environment(emulator, os.environ)
            environ |= {"LAB_HOME": str(emulator.home), "LAB_EMULATOR": "embedded"}
            ours, bare = [], []
            for _ in range(ROUNDS if lab.file.minutes < 60 else 2):
                ours.append(seconds_of([sys.executable, "-m", "lab_harness", "check", lab.id], environ))
                bare.append(seconds_of([sys.executable, str(script)], environ))
        ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
        table.add_row(f"lab check {lab.id}", spread(ours), "")
        table.add_row("  the same as a bare boto3 script", spread(bare), f"{ratio:.2f}×")


def course_figures(table: Table) -> None:
    """Every solved notebook, each in an emulator of its own, as many at a time as `lab notebooks run` takes."""
    started = time.perf_counter()
    runs = run_all(find_course(), all_labs(), None, dict(os.environ), 4, lambda _: None)
    good = all(run.good for run in runs)
    table.add_row("all solved notebooks", f"{time.perf_counter() - started:.1f} s", "" if good else "FAILED")


def main() -> None:
    """Print the figures."""
    table = Table("figure", "median (min–max)", "ratio", box=None)
    for figures in (emulator_figures, command_figures, check_figures, course_figures, panel_figures):
        figures(table)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
