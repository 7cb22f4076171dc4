"""Fixtures: an emulator of the tests' own, emptied for each test, and an environment without the user's settings."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import botocore.loaders
import botocore.session
import pytest

from lab_harness import cli
from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.lab.labs import Lab
from tests.leftovers import none_left_in
from tests.waiting import wait_until

pytest_plugins = [
    "tests.browser", "tests.grading.stand_in", "tests.in_memory", "tests.jupyterlab", "tests.per_lab", "tests.warm",
]  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_LABS = ROOT / "tests" / "sample_labs"


def pytest_configure():
    """Hear Ctrl-C as what the tests start does, and read the descriptions of AWS's services once."""
    # Where a shell has started us in the background, or with nohup, these would be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Each test's clients are of a session of their own, which would read its services' descriptions anew; a third of
    # the processor time of a lab's tests went there.
    botocore.session.create_loader = cache(botocore.loaders.create_loader)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """Let the garbage collector leave alone what collecting has made: each full round would look at all of it."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser):
    parser.addoption(
        "--emulator",
        choices=["embedded", "localstack"],
        default="embedded",
        help="Where the labs' tests run; localstack is the one that AWS_ENDPOINT_URL names.",
    )


@pytest.fixture(scope="session")
def localstack_endpoint():
    """Where LocalStack is, read before the tests' environment hides it."""
    return os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path, localstack_endpoint):
    """No setting of the user's, and a .lab folder of each test's own."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LAB_", "LOCALSTACK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "lab"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left(tmp_path_factory):
    """An emulator of the tests' ends with them, also when they are killed."""
    with none_left_in(tmp_path_factory.getbasetemp()):
        yield


@pytest.fixture(scope="session")
def course():
    return Course(ROOT)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory):
    """An embedded emulator for the whole session."""
    running = Embedded(tmp_path_factory.mktemp("embedded"), free_port())
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def emulator(request, localstack_endpoint):
    """The emulator that the labs are tested on."""
    if request.config.getoption("--emulator") == "embedded":
        return request.getfixturevalue("embedded")
    return request.getfixturevalue("localstack")


@pytest.fixture(scope="session")
def localstack(localstack_endpoint):
    """The LocalStack that AWS_ENDPOINT_URL names."""
    running = LocalStack(localstack_endpoint)
    running.start()
    return running


@pytest.fixture(scope="session")
def relay(localstack):
    """What sends LocalStack's EC2 events; docker-compose.yml runs one, too, and two would send each event twice."""
    command = [sys.executable, "-m", "lab_harness.relay"]
    environ = os.environ | {"AWS_ENDPOINT_URL": localstack.endpoint}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()  # It says that it watches.
        yield
        process.terminate()


@pytest.fixture(scope="session")
def clients_made(emulator):
    """Clients for all tests: to make one takes as long as two calls of it. Who listens to its events makes another."""
    return Clients(emulator)


@pytest.fixture
def clients(request, emulator, clients_made):
    """Clients of an account with nothing in it; on LocalStack, which cannot be emptied, with nothing of the test's lab.

    So there several labs can be tested side by side.
    """
    if emulator.name == "embedded":
        emulator.reset()
        return clients_made
    made, lab = Clients(emulator), getattr(request.module, "lab", None)  # It closes connections that rest.
    if hasattr(request.node, "callspec"):
        lab = request.node.callspec.params.get("lab", lab)
    if isinstance(lab, Lab):
        if lab.file.embedded_alone:
            pytest.skip(lab.file.embedded_alone)
        if "ec2" in lab.file.services:
            request.getfixturevalue("relay")
        remove_resources(lab, made)
    return made


@pytest.fixture
def sample_course(tmp_path, monkeypatch):
    """Makes a course of the sample labs named, and the one in use; what a sample lacks, `queue` lends it."""

    def make(*names):
        root = tmp_path / "course"
        for name in names:
            for sample in ("queue", name):
                source, ignored = SAMPLE_LABS / sample, shutil.ignore_patterns("__pycache__", "notebook.txt")
                shutil.copytree(source, root / "labs" / name, ignore=ignored, dirs_exist_ok=True)
        shutil.copy(SAMPLE_LABS / "facts.toml", root / "labs")
        monkeypatch.setenv("LAB_COURSE", str(root))
        return Course(root)

    return make


@pytest.fixture
def home():
    """The folder of an emulator of the test's own, which is stopped at the end."""
    folder = Path(os.environ["LAB_HOME"])
    yield folder
    Embedded(folder).stop()


@pytest.fixture
def lab(monkeypatch, capsys):
    """Runs `lab` in this process: `lab("check", "queue")` gives its code, out and err."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["lab", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return SimpleNamespace(code=ended.value.code, out=out, err=err)

    return run


@pytest.fixture
def in_use(embedded, monkeypatch):
    """Makes the session's emulator the one that commands and notebooks find, empty, with no progress yet."""
    monkeypatch.setenv("LAB_HOME", str(embedded.home))
    (embedded.home / "progress.sqlite").unlink(missing_ok=True)
    embedded.reset()
    return embedded


@pytest.fixture
def outputs(monkeypatch):
    """What is displayed in the notebook, if it is by a live view: each output, and how it is displayed."""
    from lab_harness.notebook.panel import live  # only for the tests of what lives in a notebook

    shown = []
    monkeypatch.setattr(live, "display", lambda data, **how: shown.append((data, how)))
    monkeypatch.setattr(live, "TOGETHER", 0.01)
    monkeypatch.setattr(live, "KEPT_TOGETHER", 0.02)
    yield shown
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "lab-soon"])
