"""A warm Python: a process that has loaded what a notebook's kernel and a `lab` command need, and is forked for each.

To load that takes a kernel a second of processor time, and the tests start a hundred.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab_harness.notebook.server import KERNEL_ARGUMENTS

ROOT = Path(__file__).resolve().parents[2]
# Waits for the forked process, as its stand-in; without site and the user's settings Python starts in 10 ms.
STAND_IN = (sys.executable, "-I", "-S", str(Path(__file__).with_name("stand_in.py")))


@contextmanager
def warm_python(folder):
    """Run a warm process; gives the command, to which a module and its arguments are added, as after `python -m`."""
    address = folder / "warm.sock"
    command = [sys.executable, "-m", "tests.warm.server", str(address)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        running.stdout.readline()  # It listens.
        yield [*STAND_IN, str(address)]
        running.stdin.close()  # It ends, with all that it has forked.


def write_kernel(folder, command):
    """Let Jupyter find the kernel python3 in this folder, a JUPYTER_PATH: one that this warm Python runs."""
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    spec = {"argv": [*command, "ipykernel_launcher", "-f", "{connection_file}", *KERNEL_ARGUMENTS]}
    spec |= {"display_name": "Python 3 (ipykernel)", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """The command of a warm Python that all tests of a worker share: `[*warm, "papermill", …]`."""
    with warm_python(tmp_path_factory.mktemp("warm")) as command:
        yield command


@pytest.fixture(scope="session")
def warm_kernels(warm, tmp_path_factory):
    """The folder that as JUPYTER_PATH makes notebooks run in kernels that are forked from the warm process."""
    return write_kernel(tmp_path_factory.mktemp("jupyter"), warm)
