"""Which lab a test is about, and what follows from it: its worker, its place, whether it is run, its time."""

import re
from collections import Counter
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from lab_harness.course import Course
from lab_harness.lab.labs import lab_ids

LABS = lab_ids(Course(Path(__file__).resolve().parent.parent))
# The files that need JupyterLab and Chromium, and in how many parts they run: each part may start both, but all of
# them one after another would outlast everything else.
WITH_JUPYTERLAB = {"test_jupyterlab.py": 2, "test_panel_in_jupyterlab.py": 1}
LONGEST = {"test_attacks.py", "test_pool.py", "test_changes.py", "test_notebooks.py", "test_slips.py"}
LONGEST |= {f"test_{lab}{more}.py" for lab in LABS for more in ("", "_more")}
ALL_LABS = ("all_labs", "lab_ids", "LABS")  # what tests of every lab get them from
SLOW_LABS = ["", "state_machine", "api_in_depth", "thumbnails", "dynamodb_tables", "lambda_under_load"]


def lab_of(nodeid):
    """The lab that a test is about: the one whose file it stands in, or whose name is its parameter."""
    file, _, test = nodeid.partition("::")
    return next((lab for lab in LABS if re.search(rf"labs/test_{lab}(_more)?\.py$", file) or f"[{lab}]" in test), "")


class ByFileAndLab(LoadScopeScheduling):
    """Gives a worker a file's tests together, so that they share its fixtures; in the long files, each lab's apart.

    Not where JupyterLab is needed: such a file has a few parts.
    """

    def _split_scope(self, nodeid):
        file, lab = nodeid.partition("::")[0], lab_of(nodeid)
        if parts := WITH_JUPYTERLAB.get(Path(file).name):
            return f"{file} {LABS.index(lab) % parts if lab else 0}"
        # One LocalStack serves all workers, so there a lab's tests follow each other.
        return lab if lab and self.config.getoption("emulator") == "localstack" else file + lab


def may_be_about(lab, path):
    """Whether a file can have tests about a lab: it is the lab's own, names it, or goes through all labs."""
    return path.name == f"test_{lab}.py" or any(map(path.read_text("utf-8").__contains__, (*ALL_LABS, lab)))


def pytest_ignore_collect(collection_path, config):
    """With --lab, do not load the files that have no tests about it: to load all takes each worker five seconds."""
    wanted = config.getoption("--lab")
    if wanted and collection_path.match("test_*.py") and not may_be_about(wanted, collection_path):
        return True
    return None


def pytest_xdist_make_scheduler(config, log):
    return ByFileAndLab(config, log)


def pytest_configure(config):
    config.addinivalue_line("markers", "embedded_only(reason): skipped on LocalStack, before what it needs is made.")


def pytest_runtest_setup(item):
    """To solve a lab on LocalStack, only to skip what was to be seen there, takes as long as many a test."""
    if item.config.getoption("emulator") != "embedded" and (mark := item.get_closest_marker("embedded_only")):
        pytest.skip(*mark.args)


def pytest_addoption(parser):
    parser.addoption("--lab", choices=LABS, help="Run only what is about this lab.")


def pytest_collection_modifyitems(config, items):
    """Those that need JupyterLab begin first, for a part of them takes longest; then the longest ones, lab by lab."""
    if wanted := config.getoption("--lab"):
        config.hook.pytest_deselected(items=[item for item in items if lab_of(item.nodeid) != wanted])
        items[:] = [item for item in items if lab_of(item.nodeid) == wanted]

    def place(item):
        if item.path.name in WITH_JUPYTERLAB:
            return False, False, 0, ""
        lab = lab_of(item.nodeid)
        return True, item.path.name not in LONGEST, SLOW_LABS.index(lab) if lab in SLOW_LABS else len(SLOW_LABS), lab

    items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """After the slowest tests, the time that each lab takes in all of them."""
    if config.getoption("durations") is None:
        return
    reports = [each for kind in terminalreporter.stats.values() for each in kind if isinstance(each, pytest.TestReport)]
    seconds, tests = Counter(), Counter()
    for report in reports:
        seconds[lab_of(report.nodeid)] += report.duration
        tests[lab_of(report.nodeid)] += report.when == "call"
    terminalreporter.write_sep("=", "time per lab")
    for lab, taken in seconds.most_common():
        terminalreporter.write_line(f"{taken:8.1f} s  {tests[lab]:5} tests  {lab or 'about no lab alone'}")
