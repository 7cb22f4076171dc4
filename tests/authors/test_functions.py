"""Tests for what checks ask of a function: its answer, its log."""

import io
import time
import zipfile
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lab_harness.authors import Failure, functions, policies
from lab_harness.authors.witness import Witness, watching
from lab_harness.aws import Clients
from lab_harness.iam.statements import Statement
from tests.roles import ready
from tests.waiting import wait_until

HANDLER = """
def handler(event, context):
    print("got", event)
    if event == "fail":
        raise ValueError("no good")
    return {"echo": event}
"""


@pytest.fixture
def function(clients):
    """Lambda with the function `echo`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", HANDLER)
    clients["lambda"].create_function(
        FunctionName="echo",
        Runtime="python3.12",
        Handler="main.handler",
        Role=ready(clients.emulator),
        Code={"ZipFile": buffer.getvalue()},
    )
    return clients["lambda"]


@pytest.fixture
def witness(emulator):
    if emulator.deeds() is None:
        pytest.skip("this emulator does not tell who wrote a line")
    return Witness(emulator)


class Answering:
    """A Lambda client that answers every invocation so; an exception is raised."""

    def __init__(self, answer, **more):
        self.answer, self.more = answer, more

    def invoke(self, **_):
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Payload": io.BytesIO(self.answer), **self.more}


def test_invocation_gives_the_decoded_answer(function):
    found = functions.invoke(function, "echo", {"a": [1, "ü"]})
    assert (found.payload, found.error) == ({"echo": {"a": [1, "ü"]}}, None)
    assert found.described() == 'the answer {"echo": {"a": [1, "\\u00fc"]}}'


def test_exception_in_the_function_is_evidence_not_an_error(function):
    found = functions.invoke(function, "echo", "fail")
    assert found.error == "Unhandled"
    assert found.described() == "the function failed with ValueError: no good"


@pytest.mark.parametrize(
    ("answer", "payload"),
    [(b"", None), (b"null", None), (b"no JSON \xff", "no JSON \N{REPLACEMENT CHARACTER}"), (b"[1]", [1])],
)
def test_answer_of_any_kind_can_be_described(answer, payload):
    for error in (None, "Unhandled"):
        found = functions.invoke(Answering(answer, FunctionError=error), "echo", {})
        assert (found.payload, found.error) == (payload, error)
        assert found.described().startswith("the answer ")


def test_missing_function_is_a_failure_that_names_it(function):
    with pytest.raises(Failure) as caught:
        functions.invoke(function, "ecco", {})
    assert caught.value.expected == "a function ecco that can be invoked"
    assert "Function not found" in caught.value.found
    assert "get_function_configuration(FunctionName='ecco')" in caught.value.next_step


def test_function_that_takes_too_long_is_a_failure():
    with pytest.raises(Failure) as caught:
        functions.invoke(Answering(ReadTimeoutError(endpoint_url="http://127.0.0.1:4566")), "echo", {})
    assert (caught.value.expected, caught.value.found) == ("an answer from echo within seconds", "no answer")


def test_function_log_has_the_lines_that_contain_a_text_oldest_first(function, clients):
    for event in ("first", "second"):
        functions.invoke(function, "echo", event)
    logs = clients["logs"]
    assert functions.log(logs, "echo", "got") == ["got first", "got second"]
    assert functions.log(logs, "echo", "got sec") == ["got second"]
    assert functions.log(logs, "echo", "nothing like it") == []
    kinds = [line.split()[0] for line in functions.log(logs, "echo")]
    assert [kind for kind in kinds if kind != "INIT_START"] == ["START", "got", "END", "REPORT"] * 2


def test_lines_from_a_moment_on_are_told_and_with_a_witness_only_those_of_lambda_itself(function, clients, witness):
    logs, group = clients["logs"], "/aws/lambda/echo"
    functions.invoke(function, "echo", "early")
    (event,) = [each for each in logs.filter_log_events(logGroupName=group)["events"] if "got" in each["message"]]
    since = (event["timestamp"] + 1) / 1000
    wait_until(lambda: time.time() > since)
    functions.invoke(function, "echo", "late")
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    by_hand = [{"timestamp": int(time.time() * 1000), "message": "got by hand"}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=by_hand)
    assert functions.log(logs, "echo", "got", since=since) == ["got late", "got by hand"]
    assert functions.log(logs, "echo", "got", since=since, witness=witness) == ["got late"]
    assert functions.log(logs, "echo", "got", witness=witness) == ["got early", "got late"]


def test_arn_of_a_function(function):
    assert functions.arn(function, "echo") == "arn:aws:lambda:us-east-1:000000000000:function:echo"


def test_logging_needs_a_log_group_a_stream_and_lines_and_no_group_that_is_there(clients):
    logs, group = clients["logs"], "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/echo"
    needed = functions.log_permissions(logs, "echo")
    assert [action for action, _ in needed] == ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    for pattern in ("*", f"{group}:*", f"{group}:log-stream:*", "arn:aws:logs:*:*:*"):
        statement = Statement("p", True, ("logs:*",), (pattern,))
        assert all(policies.allowed([statement], *each) for each in needed)
    assert not any(policies.allowed([Statement("p", True, ("logs:*",), (f"{group}-2:*",))], *each) for each in needed)
    logs.create_log_group(logGroupName="/aws/lambda/echo")
    assert functions.log_permissions(logs, "echo") == needed[1:]


def test_function_without_a_log_has_no_lines(clients):
    assert functions.log(clients["logs"], "never-ran") == []
    assert functions.latest_log(clients["logs"], "never-ran") == "the function has logged nothing"


def test_log_that_cannot_be_read_is_not_taken_for_an_empty_one():
    def refuse(**_):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "FilterLogEvents")

    logs = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=refuse))
    with pytest.raises(ClientError, match="not you"):
        functions.log(logs, "echo")


def test_learners_own_run_comes_before_that_of_a_check(function, clients, witness):
    with watching(witness):
        functions.invoke(function, "echo", "probe 1")
        assert "got probe 1" in functions.latest_log(clients["logs"], "echo")
        functions.invoke(Clients(clients.emulator, as_learner=True)["lambda"], "echo", "mine")
        functions.invoke(function, "echo", "probe 2")
        first, second = functions.latest_log(clients["logs"], "echo").split(
            "when a check had it run, the function logged:"
        )
    assert first.startswith("when you had it run last, the function logged:\nSTART")
    assert ("got mine" in first, "got probe 2" in second) == (True, True)
    assert "probe 1" not in first + second


def test_of_a_long_traceback_the_error_is_told_too(monkeypatch):
    lines = ["START RequestId: 1", "[ERROR] KeyError: 'a'", *["  a frame"] * 20, "END RequestId: 1", "REPORT"]
    monkeypatch.setattr(functions, "log", lambda *_: lines)
    told = functions.latest_log(None, "echo").splitlines()
    assert told[1:4] == ["[ERROR] KeyError: 'a'", "…", "  a frame"]
    lines += ["START RequestId: 2", "END RequestId: 2", "REPORT"]
    assert "[ERROR]" not in functions.latest_log(None, "echo")


def test_latest_log_is_the_last_sixteen_lines(function, clients):
    for number in range(8):
        functions.invoke(function, "echo", number)
    heading, *lines = functions.latest_log(clients["logs"], "echo").splitlines()
    assert heading == "the function's log ends with:"
    assert len(lines) == 16
    assert lines == functions.log(clients["logs"], "echo")[-16:]
