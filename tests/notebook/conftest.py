"""An IPython shell for the tests of what runs in a notebook."""

import os

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lab_harness.aws import replace_environment


@pytest.fixture
def bare_shell(monkeypatch, tmp_path):
    """An IPython shell in which no lab is open."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    before = dict(os.environ)
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()
    replace_environment(before)


@pytest.fixture
def shell(sample_course, in_use, bare_shell):
    """An IPython shell in which the sample lab is open."""
    sample_course("queue")
    bare_shell.run_cell("from lab_harness import open_lab\nlab = open_lab('queue')")
    return bare_shell
