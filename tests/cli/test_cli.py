"""Tests for the `lab` command: its words, its exit codes, and that no mistake of a user's shows a traceback."""

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from lab_harness import cli
from lab_harness.emulators.process import free_port
from tests.cli.processes import run_lab

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


def test_unknown_lab_names_the_nearest(lab, sample):
    for command in ("check", "solve", "reset", "open"):
        shown = lab(command, "queu")
        assert (shown.code, shown.out) == (2, "")
        assert shown.err == "error: There is no lab 'queu'. Did you mean queue? The course has: outcomes, queue.\n"
    for command in ("build", "run"):
        assert lab("notebooks", command, "queu").code == 2


@pytest.mark.parametrize(
    "words", ["hello-lambda", "Hello_Lambda", "1", "01", "01_hello_lambda", "notebooks/01_hello_lambda.ipynb"]
)
def test_lab_is_known_by_its_number_and_its_notebook_too(lab, words):
    assert "The lab hello_lambda has:" in lab("check", words, "--only", "nothing").err


@pytest.mark.parametrize("words", ["0x", "15", "01_", "notebooks", "/", ""])
def test_what_names_no_lab_is_no_lab(lab, words):
    assert lab("check", words).err.startswith(f"error: There is no lab {words!r}.")


def test_number_that_two_labs_share_names_none(lab, sample_course):
    sample_course("queue", "outcomes")
    assert lab("check", "01").err == "error: There is no lab '01'. The course has: outcomes, queue.\n"


def test_shell_completes_a_labs_name(sample_course):
    sample_course("queue", "outcomes")
    asked = {"_LAB_COMPLETE": "bash_complete", "COMP_WORDS": "lab check q", "COMP_CWORD": "2"}
    assert run_lab(env=os.environ | asked).out == "plain,queue\n"


def test_shell_completes_nothing_where_there_is_no_course(monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_COURSE", str(tmp_path))
    asked = {"_LAB_COMPLETE": "bash_complete", "COMP_WORDS": "lab check q", "COMP_CWORD": "2"}
    shown = run_lab(env=os.environ | asked)
    assert (shown.out.strip(), shown.err) == ("", "")


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
    monkeypatch.setattr("lab_harness.course.INSTALLED_FROM", tmp_path / "site-packages")
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


def test_terminal_that_lacks_a_symbol_gets_a_question_mark(sample):
    shown = run_lab("check", "queue", env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert shown.code == 1
    assert "? absent" in shown.out


@pytest.mark.parametrize("words", [["--help"], ["list"], ["check", "--help"], ["check", "no-such-lab"]])
def test_quick_commands_import_nothing_slow(course, monkeypatch, words):
    monkeypatch.setenv("LAB_COURSE", str(course.root))
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_IMPORTED, *words], capture_output=True, text=True, check=True, env=os.environ
    )
    imported = set(done.stderr.splitlines())
    assert "lab_harness.cli.labs" in imported
    assert imported & SLOW_TO_IMPORT == set()
