"""Which lab a test is about, and what follows from it: its worker, its place, whether it is run, its time."""

from collections import Counter
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from lab_harness.course import Course
from lab_harness.lab.labs import lab_ids

LABS = lab_ids(Course(Path(__file__).resolve().parent.parent))
WITH_JUPYTERLAB = ("test_jupyterlab.py", "test_mathematics.py", "test_panel_in_jupyterlab.py")
LONGEST = {"test_attacks.py", "test_pool.py", "test_changes.py", "test_notebooks.py", "test_orders_pipeline.py"}
LONGEST |= {*WITH_JUPYTERLAB, "test_state_machine.py"}
SLOW_LABS = ["", "state_machine", "termination_alert", "orders_pipeline"]


def lab_of(nodeid):
    """The lab that a test is about: the one whose file it stands in, or whose name is its parameter."""
    file, _, test = nodeid.partition("::")
    return next((lab for lab in LABS if file.endswith(f"labs/test_{lab}.py") or f"[{lab}]" in test), "")


class ByFileAndLab(LoadScopeScheduling):
    """Gives a worker a file's tests together, so that they share its fixtures; in the long files, each lab's apart.

    Not where JupyterLab is needed: to start another costs more than the labs would gain side by side.
    """

    def _split_scope(self, nodeid):
        file, lab = nodeid.partition("::")[0], lab_of(nodeid)
        if file.endswith(WITH_JUPYTERLAB):
            return file
        # One LocalStack serves all workers, so there a lab's tests follow each other.
        return lab if lab and self.config.getoption("emulator") == "localstack" else file + lab


def pytest_xdist_make_scheduler(config, log):
    return ByFileAndLab(config, log)


def pytest_addoption(parser):
    parser.addoption("--lab", choices=LABS, help="Run only what is about this lab.")


def pytest_collection_modifyitems(config, items):
    """The tests that wait longest begin first, so that the others run meanwhile; one lab's after another's."""
    if wanted := config.getoption("--lab"):
        config.hook.pytest_deselected(items=[item for item in items if lab_of(item.nodeid) != wanted])
        items[:] = [item for item in items if lab_of(item.nodeid) == wanted]

    def place(item):
        lab = "" if item.path.name in WITH_JUPYTERLAB else lab_of(item.nodeid)
        return item.path.name not in LONGEST, SLOW_LABS.index(lab) if lab in SLOW_LABS else len(SLOW_LABS), lab

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
