"""Tests for `%%after` in a real IPython shell."""

import boto3

from lab_harness.errors import UsageError
from lab_harness.notebook import check_runs, session
from lab_harness.notebook.magic import CellFailed


def create_queue():
    boto3.client("sqs").create_queue(QueueName="sample-queue")


def test_open_lab_shows_the_lab_where_the_cells_output_goes(shell, capsys):
    shell.run_cell("lab = open_lab('queue')")
    assert capsys.readouterr().out.startswith("A queue (about 5 minutes)\n")


def test_cell_does_not_run_before_its_task_is_done(shell, capsys):
    done = shell.run_cell("%%after queue\nran = True")
    assert done.success
    assert "ran" not in shell.user_ns
    assert "This cell needs the task 'queue' first: Create the queue sample-queue." in capsys.readouterr().out


def test_cell_runs_once_its_task_is_done(shell):
    create_queue()
    assert shell.run_cell("%%after queue\nran = 'yes'").success
    assert shell.user_ns["ran"] == "yes"
    assert shell.run_cell("%%after   queue  \nran = 'again'").success
    assert shell.user_ns["ran"] == "again"


def test_cell_may_wait_for_one_check_of_a_task_whatever_the_others_say(shell, capsys):
    shell.run_cell("%%after queue_exists\nran = 'too early'")
    assert "ran" not in shell.user_ns
    assert "This cell needs this first: The queue sample-queue exists." in capsys.readouterr().out
    create_queue()
    assert shell.run_cell("%%after queue_exists\nran = 'yes'").success
    assert shell.user_ns["ran"] == "yes"


def test_checks_that_passed_within_the_last_minute_do_not_run_again(shell, monkeypatch):
    create_queue()
    runs = []
    real = check_runs.check_lab
    monkeypatch.setattr(check_runs, "check_lab", lambda *given, **more: runs.append(given) or real(*given, **more))
    shell.run_cell("lab.check('queue')")
    for _ in range(2):
        shell.run_cell("%%after queue\nran = True")
    assert len(runs) == 1
    monkeypatch.setattr(session, "LATELY", 0.0)
    shell.run_cell("%%after queue\nran = True")
    assert len(runs) == 2


def test_after_a_reset_the_cell_waits_again(shell, capsys):
    create_queue()
    shell.run_cell("lab.check('queue')\nlab.reset()")
    shell.run_cell("%%after queue\nran = True")
    assert "ran" not in shell.user_ns
    assert "Not yet." in capsys.readouterr().out


def test_a_check_that_failed_since_makes_the_cell_wait(shell):
    create_queue()
    shell.run_cell("lab.check()")
    sqs = boto3.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="sample-queue")["QueueUrl"])
    shell.run_cell("lab.check('queue')")
    shell.run_cell("%%after queue\nran = True")
    assert "ran" not in shell.user_ns


def test_cell_of_a_task_that_the_emulator_cannot_do_says_so(shell, sample_course, capsys):
    sample_course("apart")
    shell.run_cell("lab = open_lab('apart')")
    for _ in ("untouched", "with the queue that it needs"):
        capsys.readouterr()
        assert shell.run_cell("%%after job\nran = True").success
        assert "Not on this emulator.\n  embedded " in (said := capsys.readouterr().out)
        assert said.endswith(" has no braket\n")
        create_queue()
    assert "ran" not in shell.user_ns


def test_cell_of_a_task_that_stands_apart_waits_for_its_checks(shell, sample_course):
    sample_course("apart")
    create_queue()
    shell.run_cell("lab = open_lab('apart')\nran = []\nlab.check()")
    shell.run_cell("%%after clean_up\nran.append('too early')")
    boto3.client("sqs").delete_queue(QueueUrl=boto3.client("sqs").get_queue_url(QueueName="sample-queue")["QueueUrl"])
    shell.run_cell("%%after clean_up\nran.append('after')")
    assert shell.user_ns["ran"] == ["after"]


def test_cell_shows_the_value_of_its_last_line(shell, capsys):
    create_queue()
    shell.run_cell("%%after queue\nx = 6\nx * 7")
    assert capsys.readouterr().out.strip().endswith("42")


def test_failing_cell_fails_with_its_own_traceback_only(shell, capsys):
    create_queue()
    done = shell.run_cell("%%after queue\n1 / 0")
    assert not done.success
    assert isinstance(done.error_in_exec, CellFailed)
    said = capsys.readouterr()
    assert "ZeroDivisionError: division by zero" in said.out + said.err
    assert "CellFailed" not in said.out + said.err
    assert "magic.py" not in said.out + said.err


def test_unknown_task_names_the_nearest_without_a_traceback(shell, capsys):
    done = shell.run_cell("%%after queu\nran = True")
    assert isinstance(done.error_in_exec, UsageError)
    said = capsys.readouterr()
    assert "UsageError: There is no task or check 'queu'. Did you mean queue?" in said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert "ran" not in shell.user_ns


def test_looking_at_a_task_counts_no_try(shell):
    shell.run_cell("%%after queue\nran = True")
    assert shell.user_ns["lab"].progress.of("queue").tries == {}


def test_magic_follows_the_lab_that_was_opened_last(shell, sample_course):
    sample_course("outcomes")
    shell.run_cell("%%after queue\nran = True")
    shell.run_cell("lab = open_lab('outcomes')\n")
    done = shell.run_cell("%%after message\nran = True")
    assert done.success
    assert "ran" not in shell.user_ns  # one of its checks fails


def test_mistake_of_the_users_is_one_line_in_a_cell(shell, capsys):
    shell.run_cell("open_lab('que')")
    said = capsys.readouterr()
    assert "UsageError: There is no lab 'que'. Did you mean queue?" in said.out + said.err
    assert "Traceback" not in said.out + said.err
