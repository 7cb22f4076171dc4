"""Tests for how a lab's checks take turns: the learner's run goes first, a quiet one makes way."""

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from lab_harness.errors import EmulatorNotReady
from lab_harness.lab.labs import load_lab
from lab_harness.notebook.check_runs import CheckRuns
from lab_harness.results import Outcome
from tests.waiting import PATIENCE, in_thread, wait_until

# The second check waits for ever, or until its run is cancelled, if `gate` is not open.
CHECKS = """
import threading
from lab_harness.authors import Failure, check, eventually

gate = threading.Event()

@check("It begins", task="queue")
def begins(): ...

@check("It ends", task="message", needs=begins)
def ends():
    def look():
        if not gate.is_set():
            raise Failure(expected="an open gate", found="a closed one", next_step="Wait.")

    eventually(look, within=60)
"""


class Clients:
    """No check asks them anything."""

    emulator = SimpleNamespace(name="none", endpoint="", calls=lambda: None)


@pytest.fixture
def runs(sample_course):
    course = sample_course("queue")
    (course.labs / "queue" / "checks.py").write_text(CHECKS, encoding="utf-8")
    made = CheckRuns(load_lab("queue"), Clients())
    made.lab.checks.gate.set()
    made.told = []
    made.observers.append(made.told.append)
    yield made
    made.lab.checks.gate.set()


@pytest.fixture
def gate(runs):
    """The closed gate before the second check."""
    runs.lab.checks.gate.clear()
    return runs.lab.checks.gate


def told(runs):
    return [(result.name, str(result.outcome)) for result in runs.told]


def waits_at_the_gate(runs, times=1):
    """Whether the first check has ended so often: the second one follows at once."""
    return len([name for name, _ in told(runs) if name == "begins"]) >= times


@pytest.mark.parametrize("run", ["run", "run_quietly"])
def test_run_gives_the_report_and_tells_every_result_to_all(runs, run):
    others = []
    runs.observers.append(others.append)
    report = getattr(runs, run)({"ends"})
    assert [(result.name, result.outcome) for result in report] == [("ends", Outcome.PASSED)]
    assert told(runs) == [("begins", "passed"), ("ends", "passed")]  # what it needs, too
    assert others == runs.told


@pytest.mark.parametrize("run", ["run", "run_quietly"])
def test_each_result_is_kept_before_anybody_is_told_of_it(runs, run):
    order = []
    runs.keep = lambda result: order.append(("kept", result.name))
    runs.observers.append(lambda result: order.append(("told", result.name)))
    getattr(runs, run)(())
    assert order == [(what, name) for name in ("begins", "ends") for what in ("kept", "told")]


def test_without_names_all_checks_run(runs):
    assert [result.name for result in runs.run()] == ["begins", "ends"]


@pytest.mark.parametrize("run", ["run", "run_quietly"])
def test_run_happens_within_what_is_around_it(runs, run):
    order = []

    @contextmanager
    def around():
        order.append("before")
        yield
        order.append("after")

    runs.around = around
    runs.observers.append(lambda result: order.append(result.name))
    getattr(runs, run)(())
    assert order == ["before", "begins", "ends", "after"]


def test_interrupted_quiet_run_reports_nothing_and_the_next_one_runs(runs, gate):
    quiet = in_thread(runs.run_quietly, {"ends"})
    wait_until(lambda: waits_at_the_gate(runs))
    runs.interrupt()
    assert quiet.result(PATIENCE) is None
    assert told(runs) == [("begins", "passed")]
    gate.set()
    assert runs.run_quietly({"ends"}).complete


def test_quiet_run_that_was_announced_can_be_interrupted_before_it_begins(runs):
    announced = runs.announce()
    runs.interrupt()
    assert runs.run_quietly({"ends"}, announced) is None
    assert told(runs) == []


def test_interrupting_nothing_does_no_harm_to_the_next_run(runs):
    runs.interrupt()
    assert runs.run_quietly(()).complete
    runs.interrupt()
    assert runs.run().complete


def test_what_the_learner_asks_for_ends_a_quiet_run_and_goes_on_at_once(runs, gate):
    quiet = in_thread(runs.run_quietly, {"ends"})
    wait_until(lambda: waits_at_the_gate(runs))
    assert in_thread(runs.run, {"begins"}).result(PATIENCE).complete
    assert quiet.result(PATIENCE) is None


def test_what_the_learner_asks_for_is_not_interrupted(runs, gate):
    asked = in_thread(runs.run)
    wait_until(lambda: waits_at_the_gate(runs))
    runs.interrupt()
    second = in_thread(runs.run, {"begins"})  # waits for its turn
    gate.set()
    assert asked.result(PATIENCE).complete
    assert second.result(PATIENCE).complete


def test_two_runs_are_never_under_way_at_once(runs, gate):
    at_once, most = [], []

    @contextmanager
    def around():
        at_once.append(1)
        most.append(len(at_once))
        yield
        at_once.pop()

    runs.around = around
    gate.set()
    asked = [in_thread(run, ()) for run in [runs.run, runs.run_quietly] * 10]
    results = [each.result(PATIENCE) for each in asked]
    assert most == [1] * 20
    assert all(report.complete for report in results[::2])


def test_quiet_run_that_would_begin_while_the_learner_waits_makes_way(runs, gate):
    """The learner asks in the moment between a quiet run's decision to run and its turn."""
    turn = runs._turn
    turn.acquire()  # nobody may run yet
    asked = in_thread(runs.run, {"begins"})
    wait_until(lambda: runs._asking)
    quiet = in_thread(runs.run_quietly, {"ends"})
    turn.release()
    assert asked.result(PATIENCE).complete
    assert quiet.result(PATIENCE) is None
    assert runs.lab.checks.gate.is_set() is False


def test_quiet_runs_go_on_after_a_run_of_the_learners_that_failed(runs):
    def break_down(result):
        raise EmulatorNotReady("It stopped.")

    runs.observers.append(break_down)
    with pytest.raises(EmulatorNotReady):
        runs.run()
    runs.observers.remove(break_down)
    assert runs.run_quietly(()).complete
    assert runs.run().complete


def test_run_uses_the_clients_of_the_moment(runs):
    other = Clients()
    other.emulator = SimpleNamespace(name="another", endpoint="", calls=lambda: None)
    runs.reach(other)
    assert runs.run().emulator == "another"


def test_observers_are_told_in_the_thread_that_runs_the_checks(runs):
    found = []
    runs.observers.append(lambda result: found.append(threading.get_ident()))
    thread = in_thread(lambda: (runs.run(), threading.get_ident())[1]).result(PATIENCE)
    assert set(found) == {thread}
