"""The labs' tests' fixture: a shell that runs a notebook's cells in this process."""

import contextlib
import os

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lab_harness.aws import replace_environment


@pytest.fixture
def shell(tmp_path, monkeypatch, in_use):
    """An IPython shell in a folder of its own, without a past."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    before = dict(os.environ)
    with contextlib.chdir(tmp_path):
        yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()
    replace_environment(before)
