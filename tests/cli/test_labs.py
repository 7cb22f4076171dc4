"""Tests for the commands about labs: list, check, solve, reset, open."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.errors import EmulatorNotReady
from tests.cli.processes import run_lab, start_lab
from tests.waiting import PATIENCE


def edit_checks(lab, text):
    (lab.folder / "checks.py").write_text(f"from lab_harness.authors import check\n\n{text}", encoding="utf-8")


def test_list_shows_each_lab_with_what_is_done(lab, sample):
    Clients(Embedded(Path(os.environ["LAB_HOME"])))["sqs"].create_queue(QueueName="sample-queue")
    assert lab("list").out.splitlines() == [
        "01  outcomes     0/4  A queue",
        "01  queue        0/2  A queue",
    ]
    lab("check", "queue")
    assert "queue        1/2" in lab("list").out
    lab("solve", "queue")
    lab("check", "queue")
    assert "queue       done" in lab("list").out


def test_list_check_and_solve_leave_out_what_stands_apart(lab, sample_course, in_use):
    sample_course("apart")
    assert lab("list").out == "03  apart     0/2  A queue, and no more queue\n"
    assert lab("solve", "apart").code == 0
    shown = lab("check", "apart")
    assert shown.code == 0
    assert "The queue is gone" not in shown.out
    assert "– unsupported The job ran" in shown.out
    assert lab("check", "apart", "--only", "clean_up").code == 1
    assert lab("list").out == "03  apart     1/2  A queue, and no more queue\n"


def test_list_says_when_progress_was_damaged(lab, sample, in_use):
    (in_use.home / "progress.sqlite").write_bytes(b"this is no database" * 100)
    shown = lab("list")
    assert shown.code == 0
    assert "Your progress file was damaged; it was set aside" in shown.err


def test_check_exits_1_until_everything_passes_then_0(lab, sample):
    shown = lab("check", "queue")
    assert shown.code == 1
    assert "○ absent" in shown.out
    assert "Section 1 shows create_queue." in shown.out
    assert "0 of 2 checks passed." in shown.out
    assert lab("solve", "queue").out == "Built. See for yourself: lab check queue\n"
    shown = lab("check", "queue")
    assert shown.code == 0
    assert "All 2 checks passed." in shown.out


def test_check_of_one_task_judges_only_that(lab, sample):
    lab("solve", "queue")
    shown = lab("check", "queue", "--only", "queue")
    assert shown.code == 0
    assert "The check passed." in shown.out


def test_check_as_json_has_the_published_keys_and_nothing_around_them(lab, sample):
    shown = lab("check", "queue", "--json")
    assert shown.code == 1
    report = json.loads(shown.out)
    counted = ["passed", "total", "points", "total_points"]
    assert list(report) == ["format_version", "lab", "title", "emulator", *counted, "checks"]
    assert (report["lab"], report["emulator"], report["total"]) == ("queue", "embedded", 2)
    for check in report["checks"]:
        texts = ["expected", "found", "next_step"]
        assert list(check) == ["name", "title", "task", "outcome", "points", *texts, "seconds", "there"]
    assert [check["outcome"] for check in report["checks"]] == ["failed", "blocked"]


def test_check_writes_junit_too(lab, sample, tmp_path):
    shown = lab("check", "queue", "--junit", str(tmp_path / "report.xml"))
    assert "0 of 2 checks passed." in shown.out
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("queue", "2", "1")


def test_junit_file_that_cannot_be_written_is_one_message(lab, sample, tmp_path):
    shown = lab("check", "queue", "--junit", str(tmp_path / "no" / "report.xml"))
    assert shown.code == 3
    assert shown.err.startswith(f"error: {tmp_path / 'no' / 'report.xml'} cannot be written: ")


def test_broken_check_exits_3_with_its_traceback_in_the_report(lab, sample):
    shown = lab("check", "outcomes")
    assert shown.code == 3
    assert "Traceback (most recent call last):" in shown.out
    assert "KeyError: 'no such key'" in shown.out
    assert "1 broken: a mistake in the course, not in your work" in " ".join(shown.out.split())
    assert lab("check", "outcomes", "--only", "fails").code == 1


def test_lab_written_wrongly_is_one_message_with_file_and_line(lab, sample):
    edit_checks(sample, "@check('There')\ndef there(lamda): ...\n")
    for words in (["check", "queue"],):
        shown = lab(*words)
        assert shown.code == 3
        assert shown.err.startswith(f"error: {sample.folder / 'checks.py'}, line 3, check there: parameter 'lamda'")
    (sample.folder / "lab.toml").write_text("title = 'A queue'\n", encoding="utf-8")
    for words in (["check", "queue"], ["list"], ["solve", "queue"], ["reset", "queue"]):
        shown = lab(*words)
        assert shown.code == 3
        assert shown.err.startswith(f"error: {sample.folder / 'lab.toml'}, line 1, field format_version: ")


def test_check_where_nothing_can_be_judged_exits_3(lab, sample):
    edit_checks(sample, "@check('Jobs run')\ndef jobs_run(braket): ...\n")
    shown = lab("check", "queue")
    assert "– unsupported" in shown.out
    assert shown.code == 3


def test_check_counts_tries_and_says_when_it_cannot(lab, sample, in_use):
    (in_use.home / "progress.sqlite").write_bytes(b"this is no database" * 100)
    shown = lab("check", "queue")
    assert "Your progress file was damaged; it was set aside" in shown.err
    assert shown.code == 1
    assert lab("check", "queue").err == ""


def test_reset_names_what_it_removed(lab, sample):
    lab("solve", "queue")
    assert lab("reset", "queue").out == "removed AWS::SQS::Queue sample-queue\n"
    assert lab("reset", "queue").out == "There was nothing to remove.\n"
    assert lab("check", "queue").code == 1


def test_reset_is_the_learners_doing(lab, sample, in_use):
    lab("solve", "queue")
    lab("reset", "queue")
    assert [call.caller for call in in_use.calls() if call.operation == "DeleteQueue"] == ["learner"]


def test_solution_that_fails_is_one_message_with_its_line_and_the_reset(lab, sample):
    (sample.folder / "solution.py").write_text("# %% task:queue\n# %% task:message\nprint(x)\n", encoding="utf-8")
    shown = lab("solve", "queue")
    assert shown.code == 3
    assert shown.err == (
        f"error: {sample.folder / 'solution.py'}, line 3: NameError: name 'x' is not defined\n"
        "If part of the lab is there already, remove it first with: lab reset queue\n"
    )


@pytest.fixture
def jupyter(monkeypatch):
    """The commands and environments that JupyterLab would have been started with."""
    started = []
    monkeypatch.setattr("lab_harness.notebook.server.run_until_told", lambda *given: started.append(given))
    return started


def test_open_starts_jupyter_on_the_labs_notebook_with_the_emulators_environment(lab, sample, in_use, jupyter):
    assert lab("open", "queue", "--no-browser", "--port", "8899").code == 0
    ((command, environ, *_),) = jupyter
    assert command[:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert any(word.endswith("01_queue.ipynb") for word in command)
    assert {"--no-browser", "--port=8899", "--ServerApp.ip=127.0.0.1", "--ServerApp.answer_yes=True"} <= set(command)
    assert f"--LabApp.workspaces_dir={in_use.home.absolute() / 'jupyter-workspaces'}" in command
    assert environ["AWS_ENDPOINT_URL"] == in_use.endpoint
    assert environ["AWS_ACCESS_KEY_ID"] == "test"
    assert environ["LAB_EMULATOR"] == "embedded"
    assert in_use.healthy()  # it ran before, so it goes on


def test_a_file_that_was_downloaded_does_not_stand_in_for_jupyterlab(lab, sample, in_use, jupyter, tmp_path):
    (tmp_path / "jupyterlab.py").write_text("print('planted')", encoding="utf-8")
    lab("open", "queue", "--no-browser")
    ((command, environ, *_),) = jupyter
    asked = [*command[: command.index("jupyterlab") + 1], "--version"]
    done = subprocess.run(asked, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert re.fullmatch(r"\d+\.\d+\.\d+", done.stdout.strip()), done


def test_open_without_a_lab_takes_the_first_and_stops_the_emulator_it_started(lab, sample_course, home, jupyter):
    sample_course("queue")
    assert lab("open").code == 0
    ((command, environ, *_),) = jupyter
    assert "--no-browser" not in command
    assert environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert not Embedded(home).healthy()


def test_open_says_what_it_starts_before_anything_is_started(lab, sample_course, home, jupyter, monkeypatch):
    course = sample_course("queue").root

    def fail(*_):
        raise EmulatorNotReady("It does not answer.")

    monkeypatch.setattr(Embedded, "start", fail)
    shown = lab("open", "queue")
    assert shown.code == 3
    assert shown.out == (
        f"Starting JupyterLab. Your notebooks are in {course / 'notebooks'}, "
        f"what you build and your progress in {home}; they stay.\n"
    )


def family(process):
    return {child.pid for child in psutil.Process(process.pid).children(recursive=True)}


def running(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal's Ctrl-C cannot be sent like this on Windows")
def test_ctrl_c_during_a_check_ends_with_130_and_leaves_only_the_emulator(sample_course, home):
    sample_course("sleepy")
    process = start_lab("check", "sleepy", start_new_session=True)
    assert process.stdout.readline() == "asleep\n"
    children = family(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that run in it
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err
    emulator = json.loads((home / "emulator.json").read_text(encoding="utf-8"))["pid"]
    assert {pid for pid in children if running(pid)} == {emulator}
    assert run_lab("stop").out == "Stopped; what you built is saved.\n"
    assert not running(emulator)
