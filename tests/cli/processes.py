"""The `lab` command in a process of its own."""

import subprocess
import sys
from types import SimpleNamespace


def start_lab(*words, **settings):
    """`python -m lab_harness …` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "lab_harness", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **settings,
    )  # fmt: skip


def run_lab(*words, **settings):
    process = start_lab(*words, **settings)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return SimpleNamespace(code=process.returncode, out=out, err=err)
