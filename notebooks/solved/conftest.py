"""What `pytest --nbval notebooks/solved` needs: an emulator of its own, empty for each notebook, and tests/nbval.cfg."""

import os
from pathlib import Path

import pytest

from lab_harness.authoring.notebook_runs import kernel_environment, scratch_emulator

ROOT = Path(__file__).resolve().parents[2]
CELL_TIMEOUT = 120  # seconds; nbval's own 2000 would keep a hanging cell for half an hour


def pytest_configure(config):
    """Even out what differs from run to run, unless another file was named for it."""
    if config.getoption("nbval", default=False):
        config.option.nbval_sanitize_with = config.option.nbval_sanitize_with or str(ROOT / "tests" / "nbval.cfg")
        config.option.nbval_cell_timeout = min(config.option.nbval_cell_timeout, CELL_TIMEOUT)
        config.pluginmanager.register(ScratchEmulator())


class ScratchEmulator:
    """Keeps the notebooks away from the account and the progress of whoever runs them."""

    def __init__(self):
        self._notebook = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self):
        with scratch_emulator() as self._emulator, pytest.MonkeyPatch.context() as patch:
            environ = kernel_environment(self._emulator, self._emulator.home, dict(os.environ))
            for name, value in (environ | {"LAB_COURSE": str(ROOT)}).items():
                patch.setenv(name, value)
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if item.path != self._notebook:
            self._notebook = item.path
            self._emulator.reset()
            (self._emulator.home / "progress.sqlite").unlink(missing_ok=True)
