"""Tests for what a panel does beside the learner's cells: cells are counted, jobs done, changes watched."""

import threading
from queue import Empty, Queue
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lab_harness.account.changes import Change
from lab_harness.errors import CourseError, EmulatorNotReady
from lab_harness.notebook.panel import background
from lab_harness.notebook.panel.background import CALM, CALM_IN_A_CELL, LONGEST_DELAY, Cells, Views, Watch, Worker
from tests.waiting import PATIENCE, wait_until

CHANGE = Change(frozenset({"sqs"}), False)


# The learner's cells.


@pytest.fixture
def shell(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryManager.enabled = False
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


@pytest.fixture
def cells(shell):
    """Cells that tell the shell's user how many run, and note how many still do when one ends."""
    made = Cells(lambda: made.ends.append(made.running))
    made.ends = []
    shell.user_ns["cells"] = made
    return made


def test_cell_runs_from_its_beginning_to_its_end(shell, cells):
    shell.run_cell("during = cells.running")
    assert (shell.user_ns["during"], cells.running, cells.ends) == (1, 0, [0])


def test_cell_that_runs_another_goes_on_when_that_has_ended(shell, cells):
    shell.run_cell("get_ipython().run_cell('inner = cells.running')\nouter = cells.running")
    assert (shell.user_ns["inner"], shell.user_ns["outer"], cells.running) == (2, 1, 0)
    assert cells.ends == [1, 0]


@pytest.mark.parametrize("source", ["1 / 0", "raise KeyboardInterrupt", "this is no Python", "await nobody"])
def test_cell_that_fails_has_ended_too(shell, cells, source, capsys):
    shell.run_cell(source)
    assert (cells.running, cells.ends) == (0, [0])


def test_cell_in_which_the_counting_begins_is_not_missed_at_its_end(shell):
    shell.run_cell("from lab_harness.notebook.panel.background import Cells\ncells = Cells(lambda: None)")
    assert shell.user_ns["cells"].running == 0
    shell.run_cell("during = cells.running")
    assert shell.user_ns["during"] == 1


def test_without_a_notebook_no_cell_ever_runs():
    assert Cells(lambda: None).running == 0


# Views.


def test_nobody_looks_before_a_view_is_alive_and_after_the_last_one_is_closed():
    views = Views()
    assert not views
    views.alive("a")
    views.alive("b")
    views.closed("a")
    assert views
    views.closed("b")
    views.closed("b")
    assert not views


def test_view_without_a_sign_of_life_for_long_is_forgotten_until_it_gives_one(monkeypatch):
    views = Views()
    views.alive("a")
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", 0.0)
    assert not views
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", PATIENCE)
    views.alive("a")
    assert views


# One job after another.


class Account:
    """What a worker is given to work with; each run of checks that are due takes as long as `free` is not set."""

    def __init__(self):
        self.runs = []  # the names of each run
        self.errors = []
        self.in_a_cell = False
        self.interrupted = False
        self.free = threading.Event()
        self.free.set()
        self.worker = Worker(self.run, lambda: self.in_a_cell, self.errors.append)

    def run(self, names):
        self.runs.append(set(names))
        self.free.wait(PATIENCE)
        return not self.interrupted

    def rests(self):
        """Whether the worker has done what was asked of it before this."""
        done = threading.Event()
        self.worker.submit(done.set)
        return done.wait(PATIENCE)


@pytest.fixture
def account():
    return Account()


class Clock:
    """Time that passes for the worker only where a test says so."""

    def __init__(self, account):
        self.now = 100.0
        self._account = account

    def monotonic(self):
        return self.now

    def passes(self, seconds):
        """So many seconds later the worker has done all that it then does at once."""
        self.now += seconds
        self._account.worker.look_up()
        assert self._account.rests()


@pytest.fixture
def clock(account, monkeypatch):
    clock = Clock(account)
    monkeypatch.setattr(background, "time", clock)
    return clock


def test_worker_without_work_has_no_thread(account):
    before = threading.active_count()
    account.worker.look_up()
    account.worker.forget()
    assert threading.active_count() == before


def test_workers_thread_does_not_keep_the_kernel_from_ending(account):
    found = []
    account.worker.submit(lambda: found.append(threading.current_thread()))
    assert account.rests()
    assert [(thread.name, thread.daemon) for thread in found] == [("lab-panel-worker", True)]


def test_workers_thread_ends_when_there_is_nothing_to_do_and_another_goes_on(account, monkeypatch):
    monkeypatch.setattr(background, "IDLE", 0.01)
    for _ in range(3):
        assert account.rests()
        wait_until(lambda: account.worker._thread is None)


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for_in_one_thread(account):
    found = []
    for number in range(20):
        account.worker.submit(lambda number=number: found.append((number, threading.get_ident())))
    assert account.rests()
    assert [number for number, _ in found] == list(range(20))
    assert len({thread for _, thread in found}) == 1


def test_job_that_raises_is_told_and_ends_nothing(account):
    account.worker.submit(lambda: 1 / 0)
    assert account.rests()
    assert [type(error) for error in account.errors] == [ZeroDivisionError]


def test_run_that_raises_is_told_and_ends_nothing(account):
    account.worker = Worker(lambda names: 1 / 0, lambda: False, account.errors.append)
    account.worker.run_again({"first"})
    wait_until(lambda: account.errors)
    assert account.rests()


@pytest.mark.parametrize(("raised", "logged"), [(ZeroDivisionError, [RuntimeError]), (SystemExit, [SystemExit])])
def test_worker_goes_on_even_where_what_a_job_raised_cannot_be_told(monkeypatch, raised, logged):
    log = []  # what Python prints of a thread that ended with an error
    monkeypatch.setattr(threading, "excepthook", lambda ended: log.append(ended.exc_type))

    def do():
        raise raised

    def tell(error):
        raise RuntimeError("no words") from error

    worker, done = Worker(lambda names: True, lambda: False, tell), threading.Event()
    worker.submit(do)
    worker.submit(done.set)
    assert done.wait(PATIENCE)
    assert log == logged


def test_due_checks_run_once_the_account_is_calm(account, clock):
    account.worker.run_again({"first"})
    clock.passes(CALM * 0.9)
    assert account.runs == []
    clock.passes(CALM * 0.2)
    wait_until(lambda: account.runs == [{"first"}])


def test_burst_of_changes_is_answered_by_one_run_when_it_is_over(account, clock):
    for number in range(6):
        clock.passes(CALM * 0.9)
        account.worker.run_again({f"check_{number % 3}"})
    clock.passes(CALM * 0.9)
    assert account.runs == []
    clock.passes(CALM * 0.2)
    wait_until(lambda: account.runs)
    clock.passes(CALM * 2)
    assert account.runs == [{"check_0", "check_1", "check_2"}]


def test_while_a_cell_runs_due_checks_wait_for_more_calm(account, clock):
    account.in_a_cell = True
    account.worker.run_again({"first"})
    clock.passes(CALM_IN_A_CELL * 0.9)
    assert account.runs == []
    clock.passes(CALM_IN_A_CELL * 0.2)
    wait_until(lambda: account.runs)


def test_when_the_cell_ends_due_checks_run_at_once(account, clock):
    account.in_a_cell = True
    account.worker.run_again({"first"})
    clock.passes(CALM * 2)
    assert account.runs == []
    account.in_a_cell = False
    account.worker.look_up()
    wait_until(lambda: account.runs)


def test_what_was_asked_for_goes_before_what_is_due(account, monkeypatch):
    monkeypatch.setattr(background, "CALM", 0.0)
    order = []
    account.free.clear()
    account.worker.run_again({"first"})
    wait_until(lambda: account.runs)
    account.worker.run_again({"second"})
    account.worker.submit(lambda: order.append(len(account.runs)))
    account.free.set()
    wait_until(lambda: len(account.runs) == 2)
    assert order == [1]


def test_interrupted_run_is_done_again_with_what_became_due_meanwhile(account):
    account.free.clear()
    account.worker.run_again({"first"})
    wait_until(lambda: account.runs)
    account.worker.run_again({"second"})
    account.interrupted = True
    account.free.set()
    wait_until(lambda: len(account.runs) == 2)
    account.interrupted = False
    assert account.runs[1] == {"first", "second"}


def test_changes_that_go_on_and_on_put_checks_off_only_for_so_long(account, clock, monkeypatch):
    monkeypatch.setattr(background, "LONGEST_DELAY", CALM * 9.5)
    account.free.clear()
    account.worker.run_again({"first"})
    for _ in range(10):
        clock.passes(CALM * 0.9)
        account.worker.run_again({"second"})
    assert (account.runs, account.worker.overdue) == ([], False)
    clock.now += CALM * 0.7
    account.worker.look_up()
    wait_until(lambda: account.runs)
    assert account.runs == [{"first", "second"}]
    assert account.worker.overdue  # so that nobody interrupts it
    account.worker.run_again({"third"})
    account.free.set()
    clock.passes(CALM * 0.9)
    assert len(account.runs) == 1  # what became due meanwhile began to wait when that run had ended
    clock.passes(CALM * 0.2)
    wait_until(lambda: account.runs[1:] == [{"third"}])


def test_in_a_cell_changes_that_go_on_and_on_put_checks_off_for_as_long(account, clock):
    account.in_a_cell = True
    account.worker.run_again({"first"})
    while clock.now < 100 + LONGEST_DELAY:
        clock.passes(CALM_IN_A_CELL * 0.9)
        account.worker.run_again({"first"})
    assert (account.runs, account.worker.overdue) == ([], False)


def test_interruptions_do_not_put_checks_off_for_longer(account, clock):
    account.interrupted = True
    account.worker.run_again({"first"})
    while clock.now < 100 + LONGEST_DELAY:
        assert not account.worker.overdue
        clock.passes(CALM)
    wait_until(lambda: account.worker.overdue)
    account.interrupted = False
    clock.passes(CALM)
    wait_until(lambda: not account.worker.overdue)


def test_worker_with_nothing_due_is_not_overdue(account, monkeypatch):
    monkeypatch.setattr(background, "LONGEST_DELAY", 0.0)
    assert not account.worker.overdue
    account.worker.run_again({"first"})
    wait_until(lambda: account.runs)
    assert account.rests()
    assert not account.worker.overdue


def test_forgotten_checks_do_not_run(account):
    account.worker.run_again({"first"})
    account.worker.forget()
    account.worker.run_again({"second"})
    wait_until(lambda: account.runs)
    assert account.runs == [{"second"}]


def test_checks_forgotten_while_they_run_are_not_done_again_when_they_are_interrupted(account):
    account.free.clear()
    account.worker.run_again({"first"})
    wait_until(lambda: account.runs)
    account.worker.forget()
    account.interrupted = True
    account.free.set()
    assert account.rests()
    account.interrupted = False
    account.worker.run_again({"second"})
    wait_until(lambda: len(account.runs) == 2)
    assert account.runs[1] == {"second"}


# The watch.


class Told:
    """What a watch tells, and changes that it may be given: each is told, or raised if it is an error."""

    def __init__(self, *changes, found=()):
        self.changes = Queue()
        for change in changes:
            self.changes.put(change)
        self.seen, self.lost, self.errors, self.begun = [], [], [], 0
        self.found = list(found)
        self.stopped = False
        self.watch = Watch(self.begin, self.seen.append, self.lost.append, self.find, self.errors.append)

    def begin(self):
        self.begun += 1
        return SimpleNamespace(wait=self.wait)

    def wait(self, seconds):
        try:
            change = self.changes.get(timeout=0.01)
        except Empty:
            return None
        if isinstance(change, Exception):
            raise change
        return change

    def find(self):
        found = self.found.pop(0) if self.found else True
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def told(monkeypatch):
    """Makes a watch, and ends it after the test."""
    monkeypatch.setattr(background, "RETRY", 0.01)
    made = []

    def make(*changes, **given):
        made.append(Told(*changes, **given))
        return made[-1]

    yield make
    for each in made:
        each.watch.stop()
    wait_until(lambda: not watches())


def watches():
    return [thread for thread in threading.enumerate() if thread.name == "lab-panel-watch"]


def test_watch_tells_each_change_and_that_there_is_none(told):
    watch = told(CHANGE, CHANGE)
    wait_until(lambda: None in watch.seen)
    assert watch.seen[:3] == [CHANGE, CHANGE, None]
    assert (watch.lost, watch.errors, watch.begun) == ([], [], 1)


def test_watchs_thread_does_not_keep_the_kernel_from_ending(told):
    told()
    assert [thread.daemon for thread in watches()] == [True]


def test_stopped_watch_tells_nothing_more_and_its_thread_ends(told):
    watch = told()
    wait_until(lambda: watch.seen)
    watch.watch.stop()
    wait_until(lambda: not watches())
    watch.changes.put(CHANGE)
    assert CHANGE not in watch.seen


def test_change_that_comes_when_the_watch_was_stopped_is_not_told(told):
    watch = told()

    def wait(seconds):
        watch.watch.stop()
        return CHANGE

    watch.wait = wait
    watch.changes.put(EmulatorNotReady("gone"))  # so that it begins anew
    wait_until(lambda: not watches())
    assert CHANGE not in watch.seen


def test_lost_emulator_is_told_once_and_looked_for_until_it_is_found(told):
    gone = EmulatorNotReady("gone")
    watch = told(CHANGE, gone, CHANGE, found=[False, False, True])
    wait_until(lambda: watch.seen.count(CHANGE) == 2)
    assert (watch.lost, watch.found, watch.begun) == ([gone], [], 2)


def test_emulator_lost_after_the_watch_was_stopped_is_not_told(told):
    watch = told()

    def wait(seconds):
        watch.watch.stop()
        raise EmulatorNotReady("gone")

    wait_until(lambda: watch.seen)
    watch.wait = wait
    watch.changes.put(EmulatorNotReady("gone at first"))
    wait_until(lambda: not watches())
    assert [str(error) for error in watch.lost] == ["gone at first"]


def test_watch_stopped_while_it_looks_for_the_emulator_ends(told):
    watch = told(EmulatorNotReady("gone"), found=[False] * 10_000)
    wait_until(lambda: watch.lost)
    watch.watch.stop()
    wait_until(lambda: not watches())


@pytest.mark.parametrize("error", [ZeroDivisionError(), CourseError("The emulator cannot write."), KeyError("key")])
def test_anything_else_that_goes_wrong_is_told_and_the_watch_goes_on(told, error):
    watch = told(error, CHANGE)
    wait_until(lambda: CHANGE in watch.seen)
    assert (watch.errors, watch.lost) == ([error], [])


@pytest.mark.parametrize("error", [CourseError("The emulator cannot write."), EmulatorNotReady("again"), OSError("no")])
def test_what_goes_wrong_in_finding_the_emulator_is_told_and_the_watch_goes_on(told, error):
    watch = told(EmulatorNotReady("gone"), CHANGE, found=[error, False, True])
    wait_until(lambda: CHANGE in watch.seen)
    assert watch.errors == [error]
    assert len(watch.lost) == 1
