"""Tests for how JupyterLab is run: until it ends, however this process is told to end, and without its own words."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.notebook.server import address, kernels, run_until_told, told
from tests.waiting import PATIENCE

SERVER = {"url": "http://127.0.0.1:8888/", "token": "abc", "port": 8888}


@pytest.fixture
def interruptions():
    """The Ctrl-Cs that reached this process, instead of ending it."""
    reached = []
    before = signal.signal(signal.SIGINT, lambda *_: reached.append("Ctrl-C"))
    yield reached
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a Python program as JupyterLab is run; returns what was told of it, and what it wrote."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))

    def run_source(source):
        seen, log = [], tmp_path / "jupyter.log"
        run_until_told([sys.executable, "-c", source], dict(os.environ), log, seen.append)
        return seen, log.read_text(encoding="utf-8")

    return run_source


ENDS_IN_ITS_TIME = """
import os, signal, sys, time

def end(number, _):
    ends.append(number)
    time.sleep(0.1)  # as long as it takes Jupyter to end its kernels
    if len(ends) == wanted:
        print("ended")
        sys.exit()

ends = []
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT that one process gets alone")
def test_sigint_that_only_we_get_ends_jupyter(interruptions, run):
    ours = signal.getsignal(signal.SIGINT)
    source = f"{ENDS_IN_ITS_TIME}wanted = 1\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(600)"
    assert run(source) == ([], "ended\n")
    assert interruptions == []
    assert signal.getsignal(signal.SIGINT) is ours


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_jupyter_that_gets_a_terminals_ctrl_c_itself_ends_in_its_own_time(interruptions, run):
    both = "[os.kill(number, signal.SIGINT) for number in (os.getpid(), os.getppid())]"
    assert run(f"{ENDS_IN_ITS_TIME}wanted = 2\n{both}\ntime.sleep(600)") == ([], "ended\n")
    assert interruptions == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_sigterm_ends_jupyter_first(run):
    ours = signal.getsignal(signal.SIGTERM)
    started = time.monotonic()
    run("import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(600)")
    assert time.monotonic() - started < PATIENCE
    assert signal.getsignal(signal.SIGTERM) is ours


def test_what_the_server_tells_of_itself_is_passed_on_and_what_it_says_is_in_the_log(run, tmp_path, capfd):
    (tmp_path / "jpserver-0.json").write_text(json.dumps(SERVER | {"port": 1}), encoding="utf-8")  # somebody else's
    source = f"""
import os, pathlib, time
file = pathlib.Path(os.environ["JUPYTER_RUNTIME_DIR"], f"jpserver-{{os.getpid()}}.json")
file.write_text({json.dumps(SERVER)!r})
print("susceptible to eavesdropping")
deadline = time.monotonic() + {PATIENCE}
while not file.with_name("seen").exists() and time.monotonic() < deadline:
    time.sleep(0.01)
"""
    log, seen = tmp_path / "jupyter.log", []

    def started(server):
        seen.append(server)
        (tmp_path / "seen").touch()

    run_until_told([sys.executable, "-c", source], dict(os.environ), log, started)
    assert seen == [SERVER]
    assert log.read_text(encoding="utf-8") == "susceptible to eavesdropping\n"
    assert capfd.readouterr() == ("", "")


def test_jupyter_that_does_not_start_is_one_message_with_its_last_words(run, tmp_path):
    with pytest.raises(HarnessError) as caught:
        run("import sys; print('the port is taken'); print(); sys.exit(1)")
    assert str(caught.value) == (
        f"JupyterLab did not start: the port is taken\nAll that it says is in {tmp_path / 'jupyter.log'}"
    )


def test_two_lines_say_where_it_is_and_how_it_ends(tmp_path):
    where, how = told(Course(tmp_path), address(SERVER, "01_queue.ipynb"))
    assert where.endswith("http://127.0.0.1:8888/lab/tree/01_queue.ipynb?token=abc")
    assert "Ctrl-C" in how


def test_a_server_with_a_password_has_no_token_in_its_address():
    assert address(SERVER | {"token": ""}, "a b.ipynb") == "http://127.0.0.1:8888/lab/tree/a%20b.ipynb"


def test_kernels_are_of_this_python_and_say_what_they_lack_before_a_lab_is_open(monkeypatch):
    with kernels("") as path:
        monkeypatch.setenv("JUPYTER_PATH", path)
        spec = KernelSpecManager().get_kernel_spec("python3")
        assert spec.argv[0] == sys.executable
        assert spec.argv[-1].endswith("=lab_harness.notebook.unopened")
        assert Path(spec.resource_dir, "logo-svg.svg").exists()
    assert not Path(path).exists()


def test_the_users_own_kernels_come_first():
    with kernels("/own/kernels") as path:
        assert path.split(os.pathsep)[0] == "/own/kernels"
