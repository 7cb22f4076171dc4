"""Fixtures: an emulator of the tests' own, emptied for each test, and an environment without the user's settings."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from xdist.scheduler import LoadScopeScheduling

from lab_harness import cli
from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.labs import Lab, lab_ids
from lab_harness.resources import remove_resources
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
SAMPLE_LABS = ROOT / "tests" / "sample_labs"
LABS = lab_ids(Course(ROOT))


class ByFileAndLab(LoadScopeScheduling):
    """Gives a worker a file's tests together, so that they share its fixtures; in the long files, each lab's apart."""

    def _split_scope(self, nodeid):
        lab = next((name for name in LABS if f"[{name}]" in nodeid), "")
        return nodeid.split("::")[0] + lab


def pytest_configure():
    """Let what the tests start hear Ctrl-C: where a shell has started us in the background it would be ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_make_scheduler(config, log):
    return ByFileAndLab(config, log)


def pytest_collection_modifyitems(items):
    """The tests that wait longest begin first, so that the others run meanwhile.

    One lab's after another's: those of a file that starts browsers would else all run at once.
    """
    longest = {"test_panel_in_jupyterlab.py", "test_attacks.py", "test_pool.py", "test_changes.py"}
    longest |= {"test_jupyterlab.py", "test_notebooks.py", "test_orders_pipeline.py", "test_state_machine.py"}
    labs = ["", "state_machine", "termination_alert", "orders_pipeline"]

    def place(item):
        lab = next((name for name in LABS if f"[{name}]" in item.nodeid), "")
        return item.path.name not in longest, (labs.index(lab) if lab in labs else len(labs)), lab

    items.sort(key=place)


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
    command = [sys.executable, "-m", "lab_harness.emulators.relay"]
    environ = os.environ | {"AWS_ENDPOINT_URL": localstack.endpoint}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()  # It says that it watches.
        yield
        process.terminate()


@pytest.fixture
def clients(request, emulator):
    """Clients of an account with nothing in it; on LocalStack, which cannot be emptied, with nothing of the file's lab.

    So there the files of several labs can be tested side by side.
    """
    made, lab = Clients(emulator), getattr(request.module, "lab", None)
    if emulator.name == "embedded":
        emulator.reset()
    elif isinstance(lab, Lab):
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
    from lab_harness.notebook import live  # only for the tests of what lives in a notebook

    shown = []
    monkeypatch.setattr(live, "display", lambda data, **how: shown.append((data, how)))
    monkeypatch.setattr(live, "TOGETHER", 0.01)
    monkeypatch.setattr(live, "KEPT_TOGETHER", 0.02)
    yield shown
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "lab-soon"])


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VIEWPORT = {"width": 1300, "height": 1400}
BROWSER_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets fixtures see, when they end, whether their test failed."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@contextmanager
def open_chromium():
    """A headless Chromium; without one on this machine the test is skipped, or fails in CI."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing; on Debian: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(request):
    """A page of a headless Chromium. What it shows when its test fails is kept in artifacts/."""
    with open_chromium() as browser:
        shown = browser.new_page(viewport=VIEWPORT)
        yield shown
        keep_if_failed(request, shown)


def keep_if_failed(request, page):
    """Keep what a page shows in artifacts/, if the test has failed."""
    if request.node.failed:
        page.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
