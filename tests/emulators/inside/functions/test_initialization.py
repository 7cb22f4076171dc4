"""Tests for what the log says of how an environment was made ready; of provisioned ones see test_provisioned."""

import base64
import json
from types import SimpleNamespace

import pytest

from lab_harness.emulators.inside.functions import initialization
from tests.waiting import wait_until

SLOW = """
import os, time
time.sleep(0.6)
def lambda_handler(event, context):
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


def call(lambda_, qualifier):
    answer = lambda_.invoke(FunctionName="hello", Qualifier=qualifier, LogType="Tail")
    return json.load(answer["Payload"]), base64.b64decode(answer["LogResult"]).decode().splitlines()[-1]


def test_version_with_snapstart_is_restored_where_others_are_initialised(hello):
    lambda_ = hello(SLOW)["lambda"]
    lambda_.update_function_configuration(FunctionName="hello", SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_.get_waiter("function_updated_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
    lambda_.publish_version(FunctionName="hello")
    read = {"FunctionName": "hello", "Qualifier": "1"}
    wait_until(lambda: lambda_.get_function_configuration(**read)["State"] == "Active")
    kind, report = call(lambda_, "1")
    assert kind == "snap-start"
    assert "Restore Duration: " in report
    assert "Init Duration" not in report
    assert float(report.split("Restore Duration: ")[1].split()[0]) < 600
    assert "Restore" not in call(lambda_, "1")[1]
    kind, report = call(lambda_, "$LATEST")
    assert kind == "on-demand"
    assert "Init Duration: 6" in report


@pytest.mark.parametrize(
    ("answer", "milliseconds", "said"),
    [
        ({"milliseconds": 2.0}, 2.0, []),
        ({"milliseconds": 2.0, "init_milliseconds": 100.25}, 102.25, ["Init Duration: 100.25 ms"]),
        ({"milliseconds": 2.0, "init_milliseconds": 100.25, "ahead": True}, 2.0, ["Init Duration: 100.25 ms"]),
        ({"milliseconds": 2.0, "init_milliseconds": None, "restore_milliseconds": 3.2}, 5.2,
         ["Restore Duration: 3.20 ms", "Billed Restore Duration: 4 ms"]),
    ],
)  # fmt: skip
def test_report_bills_what_the_call_has_waited_for(answer, milliseconds, said):
    assert initialization.billed(answer) == pytest.approx(milliseconds)
    assert initialization.fields(answer) == said


def test_answer_of_another_runtime_is_left_alone():
    worker = SimpleNamespace(config={"Version": "1"})
    for response in ({"status": "error", "error": "Worker process died"}, {"result": "text"}):
        before = dict(response)
        initialization.tell(worker, response, 5.0)
        assert response == before
