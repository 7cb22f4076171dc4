"""JupyterLab on a lab's notebook, set up for a course that never leaves the machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab_harness.course import Course

CONFIG = Path(__file__).resolve().parent / "jupyter"


def run_jupyterlab(course: Course, notebook: str, environ: Mapping[str, str], browser: bool, port: int | None) -> None:
    """Run JupyterLab on a notebook of the course, in this environment, until it ends."""
    # Defaults of JupyterLab's settings; the user's own settings still win.
    config = os.pathsep.join(filter(None, [str(CONFIG), environ.get("JUPYTER_CONFIG_PATH", "")]))
    run_until_told(_command(course, notebook, browser, port), {**environ, "JUPYTER_CONFIG_PATH": config})


def _command(course: Course, notebook: str, browser: bool, port: int | None) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{notebook}"]
    command += [f"--ServerApp.root_dir={course.notebooks}", "--ServerApp.ip=127.0.0.1"]
    # A course that never leaves the machine: no news, no looking for updates, no extensions from the network.
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    command += [] if browser else ["--no-browser"]
    # In containers and on fresh machines one is often root, and JupyterLab would end with a warning.
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [*command, f"--port={port}"] if port else command


def run_until_told(command: list[str], environ: dict[str, str]) -> None:
    """Run a program until it ends, or until we are told to.

    It gets the terminal's Ctrl-C too, and asks whether it is meant; a SIGTERM is passed on to it.
    """
    with subprocess.Popen(command, env=environ) as program:
        handlers: dict[signal.Signals, Any] = {
            signal.SIGINT: signal.SIG_IGN,
            signal.SIGTERM: lambda *_: program.terminate(),
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            program.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
