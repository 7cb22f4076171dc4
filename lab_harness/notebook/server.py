"""JupyterLab on a lab's notebook, set up for a course that never leaves the machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.private import private_file
from lab_harness.render import one_line

KERNEL_ARGUMENTS = ["--IPKernelApp.extra_extensions=lab_harness.notebook.unopened"]
CONFIG = Path(__file__).resolve().parent / "jupyter"
LOG, WORKSPACES = "jupyter.log", "jupyter-workspaces"  # in the course's home
PAUSE = 0.1  # seconds between two looks whether JupyterLab answers

Say = Callable[[str], object]


def run_jupyterlab(
    course: Course, notebook: str, environ: Mapping[str, str], browser: bool, port: int | None, say: Say
) -> None:
    """Run JupyterLab on a notebook of the course, in this environment, until it ends; `say` is told what to know.

    What Jupyter itself has to say goes to a file. Raises HarnessError where it does not start.
    """
    # Defaults of JupyterLab's settings; the user's own settings still win.
    config = os.pathsep.join(filter(None, [str(CONFIG), environ.get("JUPYTER_CONFIG_PATH", "")]))
    log = private_file(course.home / LOG)

    def started(server: Mapping[str, Any]) -> None:
        for line in told(course, address(server, notebook)):
            say(line)

    with kernels(environ.get("JUPYTER_PATH", "")) as path:
        settings = {"JUPYTER_CONFIG_PATH": config, "JUPYTER_PATH": path}
        run_until_told(_command(course, notebook, browser, port), {**environ, **settings}, log, started)


@contextmanager
def kernels(users: str) -> Iterator[str]:
    """A JUPYTER_PATH: the user's, then the kernel of this Python, which says which cell comes first in a lab."""
    from ipykernel.kernelspec import write_kernel_spec

    with TemporaryDirectory() as folder:
        write_kernel_spec(Path(folder, "kernels", "python3"), extra_arguments=KERNEL_ARGUMENTS)
        yield os.pathsep.join(filter(None, [users, folder]))


def told(course: Course, link: str) -> Iterator[str]:
    """What a learner needs to know of a JupyterLab that runs, in two lines."""
    yield f"JupyterLab is at {link}"
    yield f"To stop it, press Ctrl-C here. What Jupyter itself has to say is in {course.home / LOG}"


def address(server: Mapping[str, Any], notebook: str) -> str:
    """Where a notebook is on a Jupyter server, which tells of itself in a file."""
    key = f"?token={server['token']}" if server.get("token") else ""
    return f"{server['url']}lab/tree/{quote(notebook)}{key}"


def _command(course: Course, notebook: str, browser: bool, port: int | None) -> list[str]:
    # -P: no file of the folder that the command is given in, such as one that was downloaded, stands in for a module.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{notebook}"]
    command += [f"--ServerApp.root_dir={course.notebooks}", "--ServerApp.ip=127.0.0.1"]
    # A course that never leaves the machine: no news, no looking for updates, no extensions from the network.
    command += ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    # Of this course's own notebooks, not those that were open in another folder.
    command += [f"--LabApp.workspaces_dir={course.home.absolute() / WORKSPACES}"]
    command += ["--ServerApp.answer_yes=True"]  # One Ctrl-C ends it; else it would ask whether that is meant.
    command += [] if browser else ["--no-browser"]
    # In containers and on fresh machines one is often root, and JupyterLab would end with a warning.
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [*command, f"--port={port}"] if port else command


def run_until_told(
    command: list[str], environ: dict[str, str], log: Path, started: Callable[[Mapping[str, Any]], object]
) -> None:
    """Run a Jupyter server until it ends, or until we are told to; its output goes to `log`.

    What tells us to end is passed on to it: a SIGTERM, and a SIGINT, which an IDE's stop button may send to us alone.
    A terminal's Ctrl-C it has had then, and is told the same twice. `started` gets what it tells of itself once it
    answers. Raises HarnessError where it ends before that with an error.
    """
    with (
        log.open("w", encoding="utf-8") as written,
        subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=written, stderr=written) as program,
        _passing_on(program),
    ):
        if server := _server(program):
            started(server)
        code = program.wait()
    if not server and code > 0:
        last = next((line for line in reversed(log.read_text("utf-8", "replace").splitlines()) if line.strip()), "")
        raise HarnessError(f"JupyterLab did not start: {one_line(last)}\nAll that it says is in {log}")


@contextmanager
def _passing_on(program: subprocess.Popen[bytes]) -> Iterator[None]:
    def end(*_: object) -> None:
        program.terminate()

    # On Windows a Ctrl-C is always everybody's in a console, and `terminate` would leave no time to end in good order.
    handlers: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.SIG_IGN if sys.platform == "win32" else end,
        signal.SIGTERM: end,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _server(program: subprocess.Popen[bytes]) -> Mapping[str, Any] | None:
    """What a Jupyter server tells of itself, once it does; None where it ends before."""
    from jupyter_core.paths import jupyter_runtime_dir

    while program.poll() is None:
        for number in _family(program.pid):
            try:
                text = Path(jupyter_runtime_dir(), f"jpserver-{number}.json").read_text(encoding="utf-8")
                server: Mapping[str, Any] = json.loads(text)
            except (OSError, ValueError):  # not there, or not yet whole
                continue
            return server
        time.sleep(PAUSE)
    return None


def _family(number: int) -> list[int]:
    """A process and those that it has started: on Windows the Python of an environment starts another one."""
    import psutil

    try:
        return [number, *(child.pid for child in psutil.Process(number).children(recursive=True))]
    except psutil.Error:
        return [number]
