"""Tests for the reminder of a forgotten deployment, which a failed check's next step begins with."""

import os
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from lab_harness.account.checking import check_lab
from lab_harness.account.undeployed import reminder
from lab_harness.lab.labs import load_lab
from lab_harness.results import CheckResult, Outcome
from tests.labs.helpers import deploy

MOMENT = 1_790_000_000.0  # when the function was changed
FILE = "functions/hello_world/lambda_function.py"
REMINDED = f"{FILE} has changed since the function got its code: run the cell that deploys it, and check again."


class Functions:
    """Clients of Lambda alone, with the function hello-world or none."""

    def __init__(self, changed=MOMENT):
        self.changed = changed

    def __getitem__(self, service):
        assert service == "lambda"
        return self

    def get_function_configuration(self, FunctionName):  # noqa: N803  boto3's spelling
        if not self.changed or FunctionName != "hello-world":
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunctionConfiguration")
        if isinstance(self.changed, str):
            return {"LastModified": self.changed}
        moment = datetime.fromtimestamp(self.changed, UTC)
        return {"LastModified": moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")}


@pytest.fixture
def lab():
    return load_lab("hello_lambda")


@pytest.fixture
def handler(tmp_path):
    """Writes the handler's file, so many seconds after the function was changed."""

    def write(seconds):
        path = tmp_path / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("def lambda_handler(event, context): print(event)\n", encoding="utf-8")
        os.utime(path, (MOMENT + seconds,) * 2)

    return write


def result(outcome=Outcome.FAILED, task="handler"):
    return CheckResult("name", "Title", task, outcome, next_step="Look.")


def test_a_handler_that_is_newer_than_its_function_comes_first(lab, handler, tmp_path):
    handler(60)
    remind = reminder(lab, Functions(), (tmp_path / "elsewhere", tmp_path))
    assert remind(result()).next_step == f"{REMINDED} Look."
    for other in (result(Outcome.PASSED), result(Outcome.BLOCKED), result(task="role"), result(task=None)):
        assert remind(other) is other


@pytest.mark.parametrize("changed", [MOMENT + 120, MOMENT + 59.5, "yesterday", None])
def test_a_handler_is_not_deployed_too_late_where_the_function_is_newer_unknown_or_not_there(
    lab, handler, tmp_path, changed
):
    handler(60)
    assert reminder(lab, Functions(changed), (tmp_path,))(result()) == result()


def test_without_the_file_nothing_is_said(lab, tmp_path):
    assert reminder(lab, Functions(), (tmp_path,))(result()) == result()


def test_the_checks_of_a_learner_say_it_and_say_no_more_of_it_once_it_is_deployed(clients, lab, tmp_path, monkeypatch):
    lab.solve(clients)
    deploy(
        clients,
        "hello-world",
        "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'Hello from Lambda!'}",
    )
    monkeypatch.chdir(tmp_path)
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.touch()
    told = []

    def next_step(later):
        told.clear()
        os.utime(path, (path.stat().st_ctime + later,) * 2)
        report = check_lab(lab, clients, tmp_path / ".lab", ["function_logs_the_event"], finished=told.append)
        (failed,) = (each for each in report if each.outcome is Outcome.FAILED)
        assert failed in told
        return failed.next_step

    assert next_step(60).startswith(REMINDED)
    assert REMINDED not in next_step(-60)
