"""Tests for solutions: cells by task, files among them, and running them against the emulator."""

import os
import traceback
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.credentials import DUMMY
from lab_harness.errors import EmulatorNotReady, LabError, UsageError
from lab_harness.lab.labs import load_lab
from lab_harness.lab.solutions import answer, answers, solve
from tests.roles import trust


@pytest.fixture
def lab(sample_course):
    return load_lab("queue", sample_course("queue"))


def rewrite(lab, old, new):
    path = lab.folder / "solution.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def with_file(lab):
    """The lab with a function's file as the answer of its first task."""
    folder = lab.folder / "functions" / "hello"
    folder.mkdir(parents=True)
    (folder / "lambda_function.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    (lab.folder / "solution.py").write_text(
        "# %% task:queue file=functions/hello/lambda_function.py\n\n"
        "# %% task:message\nfrom pathlib import Path\n"
        "print(Path('functions/hello/lambda_function.py').read_text())\n",
        encoding="utf-8",
    )
    return lab


def test_answers_are_the_cells_by_task_without_the_preamble(lab):
    found = answers(lab)
    assert list(found) == ["queue", "message"]
    assert found["queue"].cell.startswith('url = sqs.create_queue(QueueName="sample-queue")')
    assert found["queue"].cell.endswith('print(url.rpartition("/")[2])')
    assert found["message"].source == 'sqs.send_message(QueueUrl=url, MessageBody="hello")'


def test_answer_knows_the_line_where_it_begins(lab):
    lines = (lab.folder / "solution.py").read_text(encoding="utf-8").splitlines()
    for found in answers(lab).values():
        assert lines[found.line - 1] == found.source.splitlines()[0]


def test_file_answer_is_a_cell_that_writes_the_labs_own_file(with_file):
    assert answer(with_file, "queue").cell == (
        "%%writefile functions/hello/lambda_function.py\ndef handler(event, context): ..."
    )


def test_unknown_task_names_the_nearest(lab):
    with pytest.raises(UsageError, match=r"no task 'mesage'\. Did you mean message\?"):
        answer(lab, "mesage")


def test_missing_answer_is_refused(lab):
    rewrite(lab, "# %% task:message\n", "")
    with pytest.raises(LabError, match=r"solution\.py answers the tasks queue; lab\.toml asks for queue, message"):
        answers(lab)


def test_answer_of_an_unknown_task_is_refused(lab):
    rewrite(lab, "# %% task:message\n", "# %% task:message\n\n# %% task:more\n")
    with pytest.raises(LabError, match="answers the tasks queue, message, more; "):
        answers(lab)


def test_second_answer_of_a_task_is_refused(lab):
    rewrite(lab, "# %% task:message\n", "# %% task:message\n\n# %% task:message\n")
    with pytest.raises(LabError, match="answers the tasks queue, message, message; "):
        answers(lab)


def test_answers_in_another_order_are_refused(lab):
    path = lab.folder / "solution.py"
    path.write_text("# %% task:message\n# %% task:queue\n", encoding="utf-8")
    with pytest.raises(LabError, match="answers the tasks message, queue; "):
        answers(lab)


def test_missing_solution_and_missing_file_are_lab_errors(with_file):
    (with_file.folder / "functions" / "hello" / "lambda_function.py").unlink()
    with pytest.raises(LabError, match=r"lambda_function\.py cannot be read: No such file"):
        answers(with_file)
    (with_file.folder / "solution.py").unlink()
    with pytest.raises(LabError, match=r"The lab queue has no solution\.py\. A class may be given"):
        answers(with_file)


def test_solve_builds_the_lab_and_returns_what_was_printed(lab, clients, capsys):
    assert solve(lab, clients.emulator) == "sample-queue\n"
    assert capsys.readouterr().out == ""
    assert clients["sqs"].list_queues()["QueueUrls"][0].endswith("/sample-queue")


def test_solve_writes_files_into_a_folder_of_its_own_that_is_gone_afterwards(with_file, clients):
    before = Path.cwd()
    assert "def handler" in solve(with_file, clients.emulator)
    assert Path.cwd() == before
    assert not (before / "functions" / "hello").exists()


def test_solve_leaves_out_what_stands_apart_and_what_the_emulator_cannot_do(sample_course, clients):
    lab = load_lab("apart", sample_course("apart"))
    assert solve(lab, clients.emulator) == "made\n"
    assert clients["sqs"].list_queues()["QueueUrls"][0].endswith("/sample-queue")
    assert list(answers(lab)) == ["queue", "job", "clean_up"]


def test_solve_does_not_write_the_file_of_a_task_that_is_left_out(with_file, clients):
    path = with_file.folder / "lab.toml"
    text = path.read_text(encoding="utf-8").replace('id = "queue"', 'id = "queue"\nservices = ["braket"]', 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=r"No such file or directory: 'functions/hello/lambda_function\.py'"):
        solve(load_lab("queue"), clients.emulator)


@pytest.mark.parametrize("broken", ["preamble", "queue", "message"])
def test_error_names_its_line_in_solution_py_and_the_reset(lab, clients, broken):
    starts = {"preamble": "sqs =", "queue": "print(", "message": "sqs.send_message("}
    rewrite(lab, starts[broken], f"1 / 0; {starts[broken]}")
    lines = (lab.folder / "solution.py").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "1 / 0" in text)
    with pytest.raises(LabError) as caught:
        lab.solve(clients)
    path = lab.folder / "solution.py"
    assert str(caught.value).startswith(f"{path}, line {line}: ZeroDivisionError: division by zero\n")
    assert "lab reset queue" in str(caught.value)
    frame = traceback.extract_tb(caught.value.__cause__.__traceback__)[-1]
    assert (frame.filename, frame.lineno) == (str(path), line)
    assert "1 / 0" in frame.line


def test_syntax_error_names_its_line_in_solution_py(lab, clients):
    rewrite(lab, "sqs.send_message(QueueUrl=url", "sqs.send_message(QueueUrl url")
    line = (lab.folder / "solution.py").read_text(encoding="utf-8").splitlines().index("# %% task:message") + 3
    with pytest.raises(LabError, match=rf"solution\.py, line {line}: invalid syntax"):
        lab.solve(clients)


@pytest.mark.parametrize("failing", [True, False])
def test_solve_restores_folder_environment_and_session(lab, clients, failing, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "of the user")
    if failing:
        rewrite(lab, "sqs.send_message(", "import os; os.environ['NEW'] = 'x'; 1 / 0; sqs.send_message(")
    folder, environ = Path.cwd(), dict(os.environ)
    if failing:
        with pytest.raises(LabError):
            lab.solve(clients)
    else:
        lab.solve(clients)
    assert Path.cwd() == folder
    assert dict(os.environ) == environ
    assert boto3.DEFAULT_SESSION is None


def test_solving_twice_says_what_may_be_in_the_way(clients, course):
    lab = load_lab("hello_lambda", course)
    clients["iam"].create_role(RoleName="hello-world-role", AssumeRolePolicyDocument=trust("ec2"))
    with pytest.raises(LabError, match=r"(?s)cannot be assumed by Lambda.*lab reset hello_lambda"):
        lab.solve(clients)


def test_emulator_that_does_not_answer_is_not_the_labs_fault(lab):
    once = "config=boto3.session.Config(retries={'total_max_attempts': 1})"
    rewrite(lab, 'boto3.client("sqs")', f'boto3.client("sqs", {once})')
    nobody = SimpleNamespace(name="embedded", endpoint="http://127.0.0.1:9", learner=DUMMY, supports=lambda _: True)
    with pytest.raises(EmulatorNotReady, match="lab start"):
        solve(lab, nobody)


def test_solution_cannot_reach_a_foreign_endpoint(lab):
    class Foreign:
        endpoint = "https://sqs.us-east-1.amazonaws.com"

        @staticmethod
        def supports(service):
            return True

    with pytest.raises(Exception, match="nothing was sent"):
        solve(lab, Foreign)
    with pytest.raises(Exception, match="nothing was sent"):
        Clients(Foreign())
