"""Tests for grading on a Dask cluster: the same grades as here, whatever becomes of a worker."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest
from distributed import Client, KilledWorker

from lab_harness.emulators.process import free_port
from lab_harness.errors import ClusterError, UsageError
from lab_harness.grading import pool
from lab_harness.grading.cluster import cluster
from lab_harness.grading.cluster.grader_thread import GraderThread
from lab_harness.grading.cluster.worker import Terms, shortcomings
from lab_harness.grading.grade import Status, Submission
from lab_harness.grading.room import sandbox
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.handing_in.versions import versions_of
from lab_harness.lab.labs import load_lab
from tests.conftest import ROOT
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in
from tests.waiting import PATIENCE, in_thread, wait_until

CLOSED = not missing_protections()
WAIT = "import time; time.sleep(2)"


@contextmanager
def dask(*words, **environ):
    """A process of Dask's, as its command starts it on another machine."""
    command = [sys.executable, "-m", "dask", *words]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, **silent) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running_scheduler():
    address = f"tcp://127.0.0.1:{free_port()}"
    words = ["--host", address, "--no-dashboard", "--no-show"]
    with dask("scheduler", *words) as process:
        yield address, process


def running_worker(address, threads=2, **environ):
    words = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    return dask("worker", address, *words, **environ)


@pytest.fixture(scope="module")
def scheduler():
    with running_scheduler() as (address, _):
        yield address


@pytest.fixture(scope="module")
def onlooker(scheduler):
    """A client that only looks at what the scheduler does."""
    with Client(scheduler, set_as_default=False) as client:
        yield client


@pytest.fixture(scope="module")
def one_worker(scheduler, onlooker):
    """The scheduler's address, with one worker that stays."""
    with running_worker(scheduler):
        onlooker.wait_for_workers(1, timeout=PATIENCE)
        yield scheduler


def workers(client):
    return set(client.scheduler_info(n_workers=-1)["workers"])


def grades(address, course, submissions, **settings):
    """The cluster's grades, by student."""
    settings = {"limits": LIMITS, "sandbox": CLOSED} | settings
    return {each.student: each for each in cluster.grade_all(submissions, course, scheduler=address, **settings)}


def same(grade):
    """What of a grade may not depend on where it was made."""
    report = grade.report and grade.report | {"checks": [check | {"seconds": 0} for check in grade.report["checks"]]}
    return replace(grade, report=report, seconds=0, cpu_seconds=0)


def test_killed_worker_loses_nothing_and_grades_are_those_of_this_machine(course, tmp_path, one_worker, onlooker):
    submissions = [hand_in(tmp_path, WAIT, *RIGHT_CELLS, student=f"right-{number}") for number in range(4)]
    submissions += [
        hand_in(tmp_path, WAIT, RIGHT_CELLS[0], student="half"),
        hand_in(tmp_path, WAIT, "1 / 0", *RIGHT_CELLS, student="error"),
        hand_in(tmp_path, RIGHT_CELLS[0], "while True: pass", student="endless"),
        replace(hand_in(tmp_path, student="lost"), lab="no_lab"),
    ]
    [stays] = wait_until(lambda: workers(onlooker))
    with running_worker(one_worker) as victim:
        [address] = wait_until(lambda: workers(onlooker) - {stays})
        all_graded = in_thread(grades, one_worker, course, submissions)
        lost = wait_until(lambda: onlooker.processing().get(address))
        victim.kill()
    there = all_graded.result(60)
    assert lost and workers(onlooker) == {stays}
    settings = {"workers": 8, "limits": LIMITS, "sandbox": CLOSED}
    here = {each.student: each for each in pool.grade_all(submissions, course, **settings)}
    assert {name: same(each) for name, each in there.items()} == {name: same(each) for name, each in here.items()}
    points = {student: (each.points, str(each.status)) for student, each in there.items()}
    assert points == {f"right-{number}": (4, "graded") for number in range(4)} | {
        "half": (2, "graded"),
        "error": (4, "graded"),
        "endless": (2, "limited"),
        "lost": (0, "broken"),
    }
    assert there["half"].fingerprint == there["endless"].fingerprint != ""


def test_submissions_that_wait_make_way_for_others_on_a_worker(course, tmp_path, one_worker):
    waiting = [hand_in(tmp_path, "import time; time.sleep(3.5)", student=f"waits-{n}") for n in range(4)]
    quick = hand_in(tmp_path, *RIGHT_CELLS, student="quick")
    assert next(iter(grades(one_worker, course, [*waiting, quick]))) == "quick"


def test_files_that_are_no_notebooks_are_rejected_as_they_are_here(course, tmp_path, one_worker):
    (tmp_path / "a.ipynb").write_text("no notebook")
    submissions = [Submission("ana", "first_steps", tmp_path / name) for name in ("a.ipynb", "none.ipynb")]
    there = list(cluster.grade_all(submissions, course, scheduler=one_worker))
    assert there == list(pool.grade_all(submissions, course, workers=1))
    assert {each.status for each in there} == {Status.REJECTED}


def test_more_submissions_than_are_sent_at_a_time_are_all_graded(course, tmp_path, one_worker, monkeypatch):
    monkeypatch.setattr(cluster, "AHEAD", 2)
    submissions = [hand_in(tmp_path, student=f"{number}") for number in range(5)]
    assert set(grades(one_worker, course, submissions)) == {"0", "1", "2", "3", "4"}


def test_worker_with_other_versions_is_refused(course, tmp_path, one_worker, monkeypatch):
    mine = versions_of(load_lab("first_steps", course)) | {"checks": "0123456789ab"}
    monkeypatch.setattr(cluster, "versions_of", lambda lab: mine)
    with pytest.raises(ClusterError) as caught:
        grades(one_worker, course, [hand_in(tmp_path)])
    assert re.fullmatch(
        r"The worker tcp://127\.0\.0\.1:\d+ may not grade:\n"
        r"  first_steps: its checks is [0-9a-f]{12}, not 0123456789ab\n"
        r"Give every worker the course, .*, and start it again\.",
        str(caught.value),
    )


def test_worker_that_comes_later_with_other_versions_is_refused_by_its_first_task(
    course, tmp_path, one_worker, monkeypatch
):
    monkeypatch.setattr(cluster, "versions_of", lambda lab: {"harness": "other"})
    monkeypatch.setattr(cluster, "_look_at_workers", lambda client, terms: None)
    with pytest.raises(ClusterError, match=r"its harness is [0-9a-f]{12}, not other"):
        grades(one_worker, course, [hand_in(tmp_path)])


def test_worker_that_cannot_wall_submissions_in_is_refused_unless_that_is_wanted(course, monkeypatch):
    monkeypatch.setattr(sandbox, "missing_protections", lambda: ["bubblewrap is not installed", "it reads your files"])
    assert shortcomings(Terms({})) == ["it cannot wall submissions in: bubblewrap is not installed"]
    assert shortcomings(Terms({}, walled=False)) == []


def test_worker_without_the_lab_says_so():
    assert shortcomings(Terms({"no_lab": {}}, walled=False))[0].startswith("There is no lab 'no_lab'")


def test_grader_that_ends_on_a_worker_fails_its_tasks_and_the_next_has_another(course, tmp_path, monkeypatch):
    grader = GraderThread(course, workers=1, limits=LIMITS, sandbox=False)
    monkeypatch.setattr(grader, "_begin", lambda submission: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        grader.submit("first_steps", hand_in(tmp_path).path).result(10)
    wait_until(lambda: not grader.is_alive)


def test_submission_whose_every_worker_ended_is_broken_and_others_go_on():
    def ended():
        raise KilledWorker("task", None, 3)

    submission = Submission("ana", "first_steps", None)
    graded = cluster._grade(SimpleNamespace(result=ended), submission)
    assert (graded.student, graded.status) == ("ana", Status.BROKEN)
    assert graded.reason == "Every worker that graded this submission ended meanwhile."


def test_scheduler_that_goes_ends_the_run_with_one_message(course, tmp_path, capfd):
    with running_scheduler() as (address, process), running_worker(address):
        await_worker(address)
        submissions = [hand_in(tmp_path, "import time; time.sleep(60)", student="waits"), hand_in(tmp_path)]
        long = msgspec.structs.replace(LIMITS, cell_seconds=60, notebook_seconds=60)
        graded = cluster.grade_all(submissions, course, scheduler=address, limits=long, sandbox=CLOSED)
        assert next(graded).student == "ana"
        process.kill()
        with pytest.raises(ClusterError, match=r"^The scheduler has gone\. What is graded is kept"):
            next(graded)
    assert capfd.readouterr().err == ""  # Dask's and asyncio's tracebacks would stand before our message.


def await_worker(address):
    with Client(address, set_as_default=False, timeout=PATIENCE) as client:
        client.wait_for_workers(1, timeout=PATIENCE)


@pytest.mark.parametrize("silent", ["scheduler", "worker"])
def test_cluster_that_gives_no_grades_any_more_ends_the_run_with_one_message(course, tmp_path, monkeypatch, silent):
    with running_scheduler() as (address, scheduler), running_worker(address) as worker:
        await_worker(address)
        limits = msgspec.structs.replace(LIMITS, cell_seconds=60, notebook_seconds=60)
        submissions = [hand_in(tmp_path, "import time; time.sleep(60)", student="waits"), hand_in(tmp_path)]
        if silent == "worker":  # it holds its connection, and does nothing more
            monkeypatch.setattr(cluster, "_longest_silence", lambda *_: 1.0)
        graded = cluster.grade_all(submissions, course, scheduler=address, limits=limits, sandbox=CLOSED)
        for name, seconds in {"ANSWER": 0.5, "LOOK": 0.2, "DESERTED": 1.0 if silent == "scheduler" else 60.0}.items():
            monkeypatch.setattr(cluster, name, seconds)
        monkeypatch.setattr(cluster, "_look_at_workers", lambda client, terms: stop(silent, scheduler, worker))
        with pytest.raises(ClusterError, match=r"(no workers|no grades) any more\. What is graded is kept"):
            next(graded)


def stop(silent, scheduler, worker):
    {"scheduler": scheduler, "worker": worker}[silent].send_signal(signal.SIGSTOP)


def test_scheduler_that_does_not_answer_and_one_without_workers_are_named(course, tmp_path, scheduler, monkeypatch):
    assert cluster.PATIENCE <= 10
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    nobody = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ClusterError, match=f"^No Dask scheduler answers at {nobody}"):
        grades(nobody, course, [])
    with running_scheduler() as (address, _):
        monkeypatch.setattr(cluster, "PATIENCE", 10)
        with Client(address, set_as_default=False, timeout=PATIENCE):
            monkeypatch.setattr(cluster, "PATIENCE", 0.2)
            with pytest.raises(ClusterError, match=r"has no workers; `dask worker tcp://\S+` starts one"):
                grades(address, course, [hand_in(tmp_path)])


@pytest.mark.parametrize("address", ["nowhere", "8786", "http://127.0.0.1:8786", "tcp://"])
def test_what_is_no_address_is_a_usage_error(course, address):
    with pytest.raises(UsageError, match="is no address of a Dask scheduler; they look like tcp://host:8786"):
        grades(address, course, [])


def test_tls_without_certificates_is_a_usage_error(course):
    with pytest.raises(UsageError, match=r"^tls://127\.0\.0\.1:8786 needs certificates"):
        grades("tls://127.0.0.1:8786", course, [])


def test_without_dask_the_message_says_how_to_install_it(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install --editable '\.\[dask\]' brings it"):
        grades("tcp://127.0.0.1:8786", course, [])
