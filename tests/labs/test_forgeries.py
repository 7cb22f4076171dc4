"""Solutions that look right and are not: functions that know a check by sight, and evidence written by hand.

Each earns what an honest reading of it gives.
"""


import pytest

from lab_harness import load_lab, run_checks
from lab_harness.aws import Clients

from .helpers import deploy, failure, not_passed

LABS = {name: load_lab(name) for name in ("hello_lambda", "orders_pipeline")}


@pytest.fixture(scope="module", autouse=True)
def sees(emulator):
    """What is tested here needs an emulator that sees who did what."""
    if emulator.deeds() is None:
        pytest.skip("this emulator does not see who did what")


@pytest.fixture
def built(clients):
    """Builds a lab in an empty account; the learner's clients of it."""

    def build(name):
        LABS[name].solve(clients)
        return Clients(clients.emulator, token=None)

    return build


def failed(clients, name, *only):
    return not_passed(run_checks(LABS[name], clients, only))


# hello_lambda

ANSWER = 'return {"statusCode": 200, "body": "Hello from Lambda!"}'
HELLO = f"""
import json
KNOWN = ({{"name": "Ana"}}, {{"visit": 0}}, {{"key1": "value1", "key2": "value2", "key3": "value3"}})
def lambda_handler(event, context):
    %s
    {ANSWER}
"""


def test_a_test_event_that_was_written_into_the_log_by_hand_was_never_run(clients, built):
    learner = built("hello_lambda")
    logs, group = learner["logs"], "/aws/lambda/hello-world"
    logs.delete_log_group(logGroupName=group)
    assert failed(clients, "hello_lambda") == {"test_event_was_run"}
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    lines = ["START RequestId: 1", '{"key1": "value1", "key2": "value2", "key3": "value3"}', "END RequestId: 1"]
    lines += ["REPORT RequestId: 1\tDuration: 1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 9 MB"]
    events = [{"timestamp": 1, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    assert failed(clients, "hello_lambda") == {"test_event_was_run"}


@pytest.mark.parametrize(
    ("line", "check"),
    [
        # The test event stands in the log of every run, and was the event of none.
        ("print(json.dumps(event), KNOWN)", "test_event_was_run"),
        ("print(json.dumps(event)) if event in KNOWN else None", "function_logs_the_event"),
        ("if event not in KNOWN: raise ValueError(event)", "function_answers"),
        ("if 'probe' not in str(event): raise ValueError(event)", "function_answers"),
    ],
)
def test_a_function_that_knows_the_notebooks_events_or_tells_of_what_it_did_not_get(clients, built, line, check):
    learner = built("hello_lambda")
    learner["logs"].delete_log_group(logGroupName="/aws/lambda/hello-world")
    deploy(clients, "hello-world", HELLO % line)
    assert failed(clients, "hello_lambda") == {check}


def test_a_function_that_prints_every_event_there_could_be_is_caught_by_one_that_nobody_sent(
    clients, built, monkeypatch
):
    built("hello_lambda")
    checks = LABS["hello_lambda"].checks
    drawn = iter([{"name": "Ana Bell", "visit": 7}, {"name": "Ana Berg", "visit": 8}])
    monkeypatch.setattr(checks, "visit", lambda: next(drawn))
    every = [{"name": name, "visit": visit} for name in ("Ana Bell", "Ana Berg") for visit in range(9)]
    deploy(clients, "hello-world", HELLO % f"print({every})")
    seen = failure(checks.function_logs_the_event, clients["lambda"], clients["logs"], clients["witness"])
    assert "which nobody sent" in seen.found
