"""Tests for how JupyterLab is run: until it ends, however this process is told to end."""

import os
import signal
import sys
import time

import pytest

from lab_harness.notebook.server import run_until_told
from tests.waiting import PATIENCE


@pytest.fixture
def interruptions():
    """The Ctrl-Cs that reached this process, instead of ending it."""
    reached = []
    before = signal.signal(signal.SIGINT, lambda *_: reached.append("Ctrl-C"))
    yield reached
    signal.signal(signal.SIGINT, before)


def test_jupyter_is_waited_for_and_ctrl_c_is_left_to_it(interruptions, tmp_path):
    ours = signal.getsignal(signal.SIGINT)
    source = "import os, pathlib, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.1)"
    source += "; pathlib.Path(os.environ['WRITTEN']).touch()"
    run_until_told([sys.executable, "-c", source], os.environ | {"WRITTEN": str(tmp_path / "written")})
    assert (tmp_path / "written").exists()
    assert interruptions == []
    assert signal.getsignal(signal.SIGINT) is ours


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_sigterm_ends_jupyter_first():
    ours = signal.getsignal(signal.SIGTERM)
    started = time.monotonic()
    source = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(600)"
    run_until_told([sys.executable, "-c", source], dict(os.environ))
    assert time.monotonic() - started < PATIENCE
    assert signal.getsignal(signal.SIGTERM) is ours
