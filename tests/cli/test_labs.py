"""Tests for the `lab` command: its words, its exit codes, and that no mistake of a user's shows a traceback."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import psutil
import pytest

from lab_harness import cli
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.lab.labs import load_lab
from tests.waiting import PATIENCE

REAL_AWS = "https://lambda.us-east-1.amazonaws.com"
SLOW_TO_IMPORT = {"boto3", "botocore", "IPython", "nbformat", "jsonschema", "psutil", "filelock", "rich.console"}
WHAT_IS_IMPORTED = """
import sys
from contextlib import suppress
from lab_harness.cli import main

with suppress(SystemExit):
    main()
print("\\n".join(sys.modules), file=sys.stderr)
"""


def start_lab(*words, **settings):
    """`python -m lab_harness …` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "lab_harness", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", **settings,
    )  # fmt: skip


def run_lab(*words, **settings):
    process = start_lab(*words, **settings)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return SimpleNamespace(code=process.returncode, out=out, err=err)


@pytest.fixture
def sample(sample_course, in_use):
    """The sample lab queue, and the session's emulator for it."""
    course = sample_course("queue", "outcomes")
    return load_lab("queue", course)


def edit_checks(lab, text):
    (lab.folder / "checks.py").write_text(f"from lab_harness.authors import check\n\n{text}", encoding="utf-8")


# Help


def commands(group, *words):
    for name, command in group.commands.items():
        yield (*words, name), command
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)


@pytest.fixture(scope="module")
def every_command():
    cli.add_commands()
    return dict(commands(cli.app))


def test_help_lists_every_command(lab, every_command):
    shown = lab("--help")
    assert shown.code == 0
    for name in (words[0] for words in every_command):
        assert f"\n  {name} " in shown.out
    assert set(every_command) >= {
        ("list",), ("check",), ("solve",), ("reset",), ("open",), ("start",), ("stop",), ("status",),
        ("doctor",), ("lint",), ("new",), ("notebooks",), ("notebooks", "build"), ("notebooks", "run"),
    }  # fmt: skip


def test_every_command_and_option_says_what_it_does(lab, every_command):
    for words, command in every_command.items():
        assert command.help, words
        for parameter in command.params:
            assert getattr(parameter, "help", None), (words, parameter.name)
        shown = lab(*words, "-h")
        assert shown.code == 0
        assert command.help.split(".")[0].split("\n")[0][:40] in shown.out


def test_no_command_shows_the_help_and_is_a_usage_error(lab):
    shown = lab()
    assert shown.code == 2
    assert "Commands:" in shown.out + shown.err


def test_version_is_the_installed_packages(lab):
    assert lab("--version").out == f"lab {version('serverless-course-labs')}\n"


def test_unknown_command_and_missing_argument_are_usage_errors(lab):
    assert lab("chekc").code == 2
    shown = lab("check")
    assert shown.code == 2
    assert "LAB" in shown.err


# What is not there, is not reachable, or is refused


def test_unknown_lab_names_the_nearest(lab, sample):
    for command in ("check", "solve", "reset", "open"):
        shown = lab(command, "queu")
        assert (shown.code, shown.out) == (2, "")
        assert shown.err == "error: There is no lab 'queu'. Did you mean queue? The course has: outcomes, queue.\n"
    for command in ("build", "run"):
        assert lab("notebooks", command, "queu").code == 2


def test_unknown_task_or_check_names_the_nearest(lab, sample):
    shown = lab("check", "queue", "--only", "mesage")
    assert shown.code == 2
    assert "There is no task or check 'mesage'. Did you mean message?" in shown.err


def test_unknown_emulator_names_the_known_ones(lab, sample, monkeypatch):
    for words in (["start"], ["stop"], ["status"], ["check", "queue"], ["solve", "queue"], ["reset", "queue"]):
        shown = lab(*words, "--emulator", "nonsense")
        assert shown.code == 2
        assert shown.err == "error: There is no emulator 'nonsense'. Choose one of: embedded, localstack.\n"
    monkeypatch.setenv("LAB_EMULATOR", "nonsense")
    assert lab("status").code == 2


@pytest.mark.parametrize("emulator", [[], ["--emulator", "localstack"]])
def test_foreign_endpoint_is_refused_before_anything_is_sent(lab, sample, monkeypatch, emulator):
    monkeypatch.setenv("AWS_ENDPOINT_URL", REAL_AWS)
    for words in (["check", "queue"], ["solve", "queue"], ["reset", "queue"], ["status"], ["start"], ["stop"]):
        shown = lab(*words, *emulator)
        assert (shown.code, shown.out) == (3, "")
        assert f"{REAL_AWS} is not on this machine, so nothing was sent there" in shown.err


def test_endpoint_where_nothing_answers_is_an_error_that_says_what_to_do(lab, sample, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    shown = lab("check", "queue")
    assert shown.code == 3
    assert "nothing answers there. Unset it to use the embedded emulator" in shown.err


def test_lab_outside_of_a_course_says_where_to_go(lab, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    # A copy that pip installed, not the checkout that these tests run from.
    monkeypatch.setattr("lab_harness.course.__file__", str(tmp_path / "site-packages" / "lab_harness" / "course.py"))
    for words in (["list"], ["check", "queue"], ["status"]):
        shown = lab(*words)
        assert shown.code == 3
        assert shown.err == (
            f"error: No course here: neither {elsewhere} nor a folder above it has labs/. "
            "Go to your copy of the course.\n"
        )


def test_folder_that_lab_course_names_is_the_only_one_looked_into(lab, monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_COURSE", str(tmp_path / "no course"))
    shown = lab("list")
    assert shown.code == 3
    assert shown.err == f"error: LAB_COURSE is {tmp_path / 'no course'}, but there are no labs in it.\n"


def test_course_is_found_from_a_folder_inside_it(lab, sample, monkeypatch):
    monkeypatch.delenv("LAB_COURSE")
    monkeypatch.chdir(sample.folder)
    assert "01  queue" in lab("list").out


# List


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


# Check


def test_check_exits_1_until_everything_passes_then_0(lab, sample):
    shown = lab("check", "queue")
    assert shown.code == 1
    assert "✗ failed" in shown.out
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
        assert list(check) == ["name", "title", "task", "outcome", "points", *texts, "seconds"]
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


# Solve and reset


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


# Open


@pytest.fixture
def jupyter(monkeypatch):
    """The commands and environments that JupyterLab would have been started with."""
    started = []
    monkeypatch.setattr("lab_harness.notebook.server.run_until_told", lambda *given: started.append(given))
    return started


def test_open_starts_jupyter_on_the_labs_notebook_with_the_emulators_environment(lab, sample, in_use, jupyter):
    assert lab("open", "queue", "--no-browser", "--port", "8899").code == 0
    ((command, environ),) = jupyter
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert any(word.endswith("01_queue.ipynb") for word in command)
    assert {"--no-browser", "--port=8899", "--ServerApp.ip=127.0.0.1"} <= set(command)
    assert environ["AWS_ENDPOINT_URL"] == in_use.endpoint
    assert environ["AWS_ACCESS_KEY_ID"] == "test"
    assert environ["LAB_EMULATOR"] == "embedded"
    assert in_use.healthy()  # it ran before, so it goes on


def test_open_without_a_lab_takes_the_first_and_stops_the_emulator_it_started(lab, sample_course, home, jupyter):
    sample_course("queue")
    assert lab("open").code == 0
    ((command, environ),) = jupyter
    assert "--no-browser" not in command
    assert environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert not Embedded(home).healthy()


# Start, stop, status


STATUS_KEYS = {"emulator", "endpoint", "healthy", "version", "services"}


def test_emulator_is_started_found_again_and_stopped(lab, home):
    started = run_lab("start")
    assert started.code == 0
    assert lab("start").out == started.out == f"{Embedded(home).endpoint}\n"
    shown = lab("status")
    assert shown.code == 0
    assert shown.out.endswith(f" answers at {started.out}")
    state = json.loads(lab("status", "--json").out)
    assert state.keys() == STATUS_KEYS
    assert (state["emulator"], state["endpoint"], state["healthy"]) == ("embedded", started.out.strip(), True)
    assert {"lambda", "sqs", "dynamodb"} <= set(state["services"])
    assert state["version"]
    assert lab("stop").out == "Stopped; what you built is saved.\n"
    assert lab("stop").out == "It was not running.\n"


def test_status_of_an_emulator_that_does_not_run_says_how_to_start_it(lab):
    shown = lab("status")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err == "error: The embedded emulator does not run. Start it with: lab start\n"
    shown = lab("status", "--json")
    assert shown.code == 3
    state = json.loads(shown.out)
    assert state == {"emulator": "embedded", "endpoint": None, "healthy": False, "version": None, "services": []}


def test_localstack_that_does_not_run_says_how_to_start_it(lab, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    shown = lab("status", "--emulator", "localstack")
    assert shown.code == 3
    assert shown.err.endswith(
        "The localstack emulator does not run. Start it with: docker compose up --detach --wait\n"
    )
    assert lab("start", "--emulator", "localstack").code == 3
    shown = lab("stop", "--emulator", "localstack")
    assert (shown.code, shown.err) == (3, "error: LocalStack is not ours to stop. Run: docker compose down\n")


def test_port_is_asked_for_and_kept(lab, home):
    port = free_port()
    shown = lab("start", "--port", str(port))
    assert (shown.code, shown.out) == (0, f"http://127.0.0.1:{port}\n")
    shown = lab("start", "--port", str(free_port()))
    assert shown.out == f"http://127.0.0.1:{port}\n"
    assert "It runs already, on another port; `lab stop` first to move it." in shown.err


def test_port_is_for_the_embedded_emulator(lab):
    shown = lab("start", "--port", "4567", "--emulator", "localstack")
    assert shown.code == 2
    assert "--port is for the embedded emulator" in shown.err
    assert lab("start", "--port", "0").code == 2


# Doctor


def test_doctor_exits_0_where_all_is_well(lab, sample, in_use):
    shown = lab("doctor")
    assert shown.code == 0
    assert shown.out.startswith("Your machine is ready.\n")
    assert in_use.endpoint in shown.out
    assert "✓ ok" in shown.out


def test_doctor_exits_3_where_something_is_to_be_mended_and_says_how(lab, sample, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", REAL_AWS)
    shown = lab("doctor")
    assert (shown.code, shown.err) == (3, "")
    assert shown.out.startswith("There is 1 problem.\n")
    assert "→ Unset AWS_ENDPOINT_URL and LOCALSTACK_HOST" in shown.out


def test_doctor_looks_at_the_emulator_that_is_asked_for(lab, sample):
    shown = lab("doctor", "--emulator", "nonsense")
    assert shown.code == 3
    assert "There is no emulator 'nonsense'" in shown.out


def test_doctor_as_json_has_the_published_keys_and_nothing_around_them(lab, sample):
    shown = lab("doctor", "--json")
    assert shown.code == 0
    found = json.loads(shown.out)
    assert list(found) == ["format_version", "findings"]
    for finding in found["findings"]:
        assert list(finding) == ["title", "state", "found", "fix"]
        assert finding["state"] in ("ok", "note")


# Interruption, encodings, speed


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


def test_terminal_that_lacks_a_symbol_gets_a_question_mark(sample):
    shown = run_lab("check", "queue", env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert shown.code == 1
    assert "? failed" in shown.out


@pytest.mark.parametrize("words", [["--help"], ["list"], ["check", "--help"], ["check", "no-such-lab"]])
def test_quick_commands_import_nothing_slow(course, monkeypatch, words):
    monkeypatch.setenv("LAB_COURSE", str(course.root))
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_IMPORTED, *words], capture_output=True, text=True, check=True, env=os.environ
    )
    imported = set(done.stderr.splitlines())
    assert "lab_harness.cli.labs" in imported
    assert imported & SLOW_TO_IMPORT == set()
