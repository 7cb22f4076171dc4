"""The labs' tests' fixtures: a shell that runs a notebook's cells in this process, and where a lab is tested at all."""

import contextlib
import os

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lab_harness.aws import replace_environment
from lab_harness.lab.labs import Lab


@pytest.fixture(scope="module", autouse=True)
def embedded_alone(request):
    """A lab that LocalStack cannot show is not tested there, and not solved for it."""
    lab = getattr(request.module, "lab", None)
    if isinstance(lab, Lab) and lab.file.embedded_alone and request.config.getoption("--emulator") == "localstack":
        pytest.skip(lab.file.embedded_alone)


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
