"""Ends what tests have left running when their process was killed: whatever works in their temporary folder, or was
started with the variable that names it, as JupyterLab is.

Run as `python -m tests.leftovers FOLDER`, it waits until its stdin is closed, which happens however that process ends.
"""

import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
MARK = "TESTS_FOLDER"  # a variable which all that tests start inherits, but for the emulators
ALONE = {} if sys.platform == "win32" else {"start_new_session": True}  # in a terminal of its own


@contextmanager
def none_left_in(folder):
    """However this process ends, no other that works in this folder outlives it."""
    command = [sys.executable, "-m", "tests.leftovers", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, **ALONE):
        os.environ[MARK] = str(folder)
        yield
        del os.environ[MARK]


def end_all_in(folder):
    """End the processes that work in this folder, or below it, or bear its mark."""
    for process in psutil.process_iter(["cwd", "environ"]):
        works_here = process.info["cwd"] and Path(process.info["cwd"]).is_relative_to(folder)
        if works_here or (process.info["environ"] or {}).get(MARK) == str(folder):
            with suppress(psutil.NoSuchProcess):
                process.kill()


if __name__ == "__main__":
    sys.stdin.read()
    end_all_in(Path(sys.argv[1]))
