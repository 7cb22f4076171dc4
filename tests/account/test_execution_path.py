"""Tests for the way an execution took: each state's fate and each step, on the emulator and from AWS's event types."""

import json
import time
from collections import Counter

import pytest

from lab_harness.account.execution_path import Fate, execution_path, parts_of, states_of
from lab_harness.aws import Clients
from lab_harness.errors import UsageError
from lab_harness.notebook import pictures
from tests.labs.helpers import zipped
from tests.roles import ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/any"
WORK = "arn:aws:lambda:us-east-1:000000000000:function:work"
CODE = """
class Bad(Exception): ...
class Flaky(Exception): ...

seen = set()

def lambda_handler(event, context):
    if event == 13:
        raise Bad("unlucky")
    if event >= 100 and event not in seen:
        seen.add(event)
        raise Flaky("once")
    return event
"""
PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": WORK}
ALL = ["States.ALL"]


def machine(**states):
    return {"StartAt": next(iter(states)), "States": states}


def mapped(inside, **fields):
    return {"Type": "Map", "ItemProcessor": inside, **fields}


def parallel(*branches, **fields):
    return {"Type": "Parallel", "Branches": list(branches), **fields}


# On the emulator


@pytest.fixture(scope="module")
def sfn(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    clients = Clients(embedded)
    clients["lambda"].create_function(
        FunctionName="work", Runtime="python3.12", Role=ROLE, Handler="lambda_function.lambda_handler",
        Code={"ZipFile": zipped(CODE)},
    )  # fmt: skip
    yield clients["stepfunctions"]
    embedded.reset()


@pytest.fixture
def start(sfn):
    """Starts an execution of a machine with an input, and gives its ARN."""
    arns = []

    def start(definition, data):
        name = f"machine-{len(arns)}-{time.monotonic_ns()}"
        created = sfn.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition))
        arns.append(created["stateMachineArn"])
        return sfn.start_execution(stateMachineArn=arns[-1], input=json.dumps(data))["executionArn"]

    yield start
    for arn in arns:
        sfn.delete_state_machine(stateMachineArn=arn)


def look(sfn, arn, definition):
    status = sfn.describe_execution(executionArn=arn)["status"]
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
    return execution_path(definition, [event for page in pages for event in page["events"]], status)


@pytest.fixture
def took(sfn, start):
    """The way that an execution took from beginning to end."""

    def took(definition, data):
        arn = start(definition, data)
        wait_until(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING")
        return look(sfn, arn, definition)

    return took


def fates(path):
    """Each state's fates: "failed", or with counts, "1 failed, 2 succeeded"."""
    return {name: said(counts) for name, counts in path.fates.items()}


def said(counts):
    if counts.total() == 1:
        return str(next(iter(counts)))
    return ", ".join(f"{count} {fate}" for fate, count in sorted(counts.items()))


def test_all_succeed_on_the_way(took):
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "One"}], "Default": "Other"}
    path = took(machine(Which=choice, One={**TASK, "Next": "End"}, Other=PASS, End={"Type": "Succeed"}), 1)
    assert path.status == "SUCCEEDED"
    assert fates(path) == {"Which": "succeeded", "One": "succeeded", "End": "succeeded"}
    assert path.steps == {("Which", "One"), ("One", "End")}


def test_state_that_fails_ends_the_way(took):
    path = took(machine(First={"Type": "Pass", "Next": "Work"}, Work={**TASK, "Next": "Last"}, Last=PASS), 13)
    assert (path.status, fates(path)) == ("FAILED", {"First": "succeeded", "Work": "failed"})


def test_fail_state_has_failed(took):
    path = took(machine(Stop={"Type": "Fail", "Error": "Enough"}), 1)
    assert (path.status, fates(path), path.steps) == ("FAILED", {"Stop": "failed"}, frozenset())


def test_state_without_an_event_of_its_failure_has_failed(took):
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "One"}]}
    path = took(machine(Which=choice, One=PASS), 2)
    assert (path.status, fates(path)) == ("FAILED", {"Which": "failed"})


@pytest.mark.parametrize(("data", "fate", "then"), [(1, "succeeded", "Fine"), (13, "caught", "Sorry")])
def test_failure_that_is_caught(took, data, fate, then):
    work = {**TASK, "Catch": [{"ErrorEquals": ["Bad"], "Next": "Sorry"}], "Next": "Fine"}
    path = took(machine(Work=work, Fine=PASS, Sorry=PASS), data)
    assert fates(path) == {"Work": fate, then: "succeeded"}
    assert path.steps == {("Work", then)}


@pytest.mark.parametrize(("data", "fate"), [(1, "succeeded"), (13, "caught")])
def test_failure_that_is_caught_and_goes_on_where_success_would(took, data, fate):
    work = {**TASK, "Catch": [{"ErrorEquals": ALL, "Next": "After"}], "Next": "After"}
    assert fates(took(machine(Work=work, After=PASS), data)) == {"Work": fate, "After": "succeeded"}


def test_failure_that_a_retry_mends_has_succeeded(took):
    retry = [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ALL, "Next": "After"}]
    path = took(machine(Work={**TASK, "Retry": retry, "Catch": catch, "Next": "After"}, After=PASS), 101)
    assert fates(path) == {"Work": "succeeded", "After": "succeeded"}


def test_map_counts_the_fates_of_its_iterations(took):
    work = {**TASK, "Catch": [{"ErrorEquals": ["Bad"], "Next": "Sorry"}], "Next": "Done"}
    path = took(machine(Each=mapped(machine(Work=work, Done=PASS, Sorry=PASS), End=True)), [1, 13, 2])
    assert fates(path) == {
        "Each": "succeeded",
        "Work": "1 caught, 2 succeeded",
        "Done": "2 succeeded",
        "Sorry": "succeeded",
    }
    assert path.steps == {("Work", "Done"), ("Work", "Sorry")}


def test_map_without_items_has_succeeded(took):
    path = took(machine(Each=mapped(machine(Work={**TASK, "End": True}), Next="After"), After=PASS), [])
    assert fates(path) == {"Each": "succeeded", "After": "succeeded"}


def test_map_that_fails_names_the_iteration_that_failed(took):
    path = took(machine(Each=mapped(machine(Work={**TASK, "Next": "Done"}, Done=PASS), End=True)), [1, 13])
    assert path.status == "FAILED"
    assert fates(path) == {"Each": "failed", "Work": "1 failed, 1 succeeded", "Done": "succeeded"}


@pytest.mark.parametrize("following", ["After", "Other"])
def test_map_that_is_caught_as_a_whole(took, following):
    each = mapped(machine(Work={**TASK, "End": True}), Catch=[{"ErrorEquals": ALL, "Next": "After"}], Next=following)
    path = took(machine(Each=each, **dict.fromkeys(["After", following], PASS)), [1, 13])
    assert fates(path) == {"Each": "caught", "Work": "1 failed, 1 succeeded", "After": "succeeded"}
    assert path.steps == {("Each", "After")}


def test_parallel_with_a_branch_that_fails(took):
    both = parallel(machine(Left={**TASK, "End": True}), machine(Right=PASS), End=True)
    path = took(machine(Both=both), 13)
    assert (path.status, fates(path)) == ("FAILED", {"Both": "failed", "Left": "failed", "Right": "succeeded"})


def test_map_inside_a_parallel_fails_and_the_parallel_is_caught(took):
    inner = mapped(machine(Work={**TASK, "End": True}), End=True)
    both = parallel(machine(Each=inner), machine(Right=PASS), Catch=[{"ErrorEquals": ALL, "Next": "Sorry"}], End=True)
    path = took(machine(Both=both, Sorry=PASS), [1, 13])
    assert fates(path) == {
        "Both": "caught",
        "Each": "failed",
        "Work": "1 failed, 1 succeeded",
        "Right": "succeeded",
        "Sorry": "succeeded",
    }


def test_choice_without_a_rule_that_fits_fails_its_map(took):
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "One"}]}
    path = took(machine(Each=mapped(machine(Which=choice, One=PASS), End=True)), [1, 2])
    assert fates(path) == {"Each": "failed", "Which": "1 failed, 1 succeeded", "One": "succeeded"}


def test_loop_counts_each_time_round(took):
    count = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Enough?"}
    enough = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericLessThan": 3, "Next": "Count"}],
        "Default": "End",
    }
    path = took({"StartAt": "Count", "States": {"Count": count, "Enough?": enough, "End": PASS}}, {"n": 0})
    assert fates(path) == {"Count": "3 succeeded", "Enough?": "3 succeeded", "End": "succeeded"}
    assert path.steps == {("Count", "Enough?"), ("Enough?", "Count"), ("Enough?", "End")}


def test_jsonata_machine(took):
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.n > 1 %}", "Next": "Big"}],
        "Default": "Small",
    }
    definition = {"QueryLanguage": "JSONata", **machine(Which=choice, Big=PASS, Small=PASS)}
    assert took(definition, {"n": 2}).steps == {("Which", "Big")}


@pytest.fixture
def waiting(embedded, sfn, start):
    """An execution that waits for the tokens of two tasks in a Parallel: its ARN, definition, and the queue's URL."""
    url = Clients(embedded)["sqs"].create_queue(QueueName="tokens")["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
    }
    both = parallel(machine(Ask={**task, "End": True}), machine(**{"Ask too": {**task, "End": True}}), End=True)
    definition = machine(First={"Type": "Pass", "Next": "Both"}, Both=both)
    arn = start(definition, 1)
    wait_until(lambda: "Ask" in (path := fates(look(sfn, arn, definition))) and "Ask too" in path)
    yield arn, definition, url
    Clients(embedded)["sqs"].delete_queue(QueueUrl=url)


def test_state_that_waits_for_a_token_is_running(sfn, waiting):
    arn, definition, _ = waiting
    path = look(sfn, arn, definition)
    assert path.status == "RUNNING"
    assert fates(path) == {"First": "succeeded", "Both": "running", "Ask": "running", "Ask too": "running"}
    sfn.stop_execution(executionArn=arn)


def test_each_branch_waits_for_a_token_of_its_own(embedded, sfn, waiting):
    arn, definition, url = waiting
    sqs = Clients(embedded)["sqs"]
    tokens = []

    def received():
        tokens.extend(message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", []))
        return len(tokens) == 2

    wait_until(received)
    assert len(set(tokens)) == 2
    for token in tokens:
        sfn.send_task_success(taskToken=token, output="1")
    wait_until(lambda: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    assert set(fates(look(sfn, arn, definition)).values()) == {"succeeded"}


def test_execution_that_was_stopped_has_stopped_states(sfn, waiting):
    arn, definition, _ = waiting
    sfn.stop_execution(executionArn=arn)
    path = look(sfn, arn, definition)
    assert path.status == "ABORTED"
    assert fates(path) == {"First": "succeeded", "Both": "stopped", "Ask": "stopped", "Ask too": "stopped"}


def test_history_ends_where_the_execution_was_stopped(sfn, start):
    definition = machine(Wait={"Type": "Wait", "Seconds": 1, "Next": "After"}, After=PASS)
    arn, before = start(definition, 1), time.monotonic()
    wait_until(lambda: look(sfn, arn, definition).fates)
    sfn.stop_execution(executionArn=arn)
    wait_until(lambda: time.monotonic() > before + 1.5)  # the wait is over in MiniStack, too
    assert fates(look(sfn, arn, definition)) == {"Wait": "stopped"}
    assert sfn.get_execution_history(executionArn=arn)["events"][-1]["type"] == "ExecutionAborted"


def test_execution_is_drawn_on_its_machine_as_it_was(sfn, start):
    definition = machine(Work={**TASK, "End": True})
    arn = start(definition, 1)
    wait_until(lambda: sfn.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    name = arn.split(":")[6]
    assert str(pictures.execution(sfn, arn)) == f"{name}: SUCCEEDED\n  Work (Task: Lambda work): ✓ succeeded"
    assert str(pictures.state_machine(sfn, name)) == f"{name}\n  Work (Task: Lambda work)"


def test_unknown_machine_names_the_nearest(sfn, start):
    start(machine(Work=PASS), 1)
    with pytest.raises(
        UsageError, match=r"^There is no state machine 'nothing'\.( Did you mean .*\?)? The account has: "
    ):
        pictures.state_machine(sfn, "nothing")


@pytest.mark.parametrize(
    "arn", ["nonsense", "", "arn:aws:states:us-east-1:000000000000:execution:machine:none", WORK, "größe"]
)
def test_unknown_execution_is_named(sfn, arn):
    with pytest.raises(UsageError, match=f"^There is no execution '{arn}'[.] It is named by its ARN"):
        pictures.execution(sfn, arn)


# From AWS's events


def history(*lines):
    """Events from lines like "5<4 TaskStateEntered Work": id, the event before it, type, and the state's name."""
    events = []
    for line in lines:
        numbers, kind, *name = line.split(" ", 2)
        event, before = map(int, numbers.split("<"))
        field = {"red": "stateEnteredEventDetails", "ted": "stateExitedEventDetails"}.get(kind[-3:])
        details = {field: {"name": name[0]}} if field and name else {}
        events.append({"id": event, "previousEventId": before, "type": kind, **details})
    return events


ONE_BY_ONE = machine(
    Each=mapped(
        machine(Work={**TASK, "Catch": [{"ErrorEquals": ALL, "Next": "Sorry"}], "Next": "Done"}, Done=PASS, Sorry=PASS),
        MaxConcurrency=1, Next="After",
    ),
    After=PASS,
)  # fmt: skip


def test_iterations_one_after_the_other_each_begin_anew():
    # Recorded on LocalStack: with MaxConcurrency 1 an iteration comes after the states of the one before it.
    events = history(
        "1<0 ExecutionStarted", "2<0 MapStateEntered Each", "3<2 MapStateStarted",
        "4<3 MapIterationStarted", "5<4 TaskStateEntered Work", "6<5 LambdaFunctionScheduled",
        "7<6 LambdaFunctionStarted", "8<7 LambdaFunctionSucceeded", "9<8 TaskStateExited Work",
        "10<9 PassStateEntered Done", "11<10 PassStateExited Done", "12<11 MapIterationSucceeded",
        "13<11 MapIterationStarted", "14<13 TaskStateEntered Work", "15<14 LambdaFunctionScheduled",
        "16<15 LambdaFunctionStarted", "17<16 LambdaFunctionFailed", "18<17 TaskStateExited Work",
        "19<18 PassStateEntered Sorry", "20<19 PassStateExited Sorry", "21<20 MapIterationSucceeded",
        "22<20 MapStateSucceeded", "23<20 MapStateExited Each", "24<23 PassStateEntered After",
        "25<24 PassStateExited After", "26<25 ExecutionSucceeded",
    )  # fmt: skip
    path = execution_path(ONE_BY_ONE, events, "SUCCEEDED")
    assert fates(path) == {
        "Each": "succeeded",
        "Work": "1 caught, 1 succeeded",
        "Done": "succeeded",
        "Sorry": "succeeded",
        "After": "succeeded",
    }
    assert path.steps == {("Work", "Done"), ("Work", "Sorry"), ("Each", "After")}


RETRIED = machine(Work={**TASK, "Retry": [{"ErrorEquals": ALL}], "Catch": [{"ErrorEquals": ALL, "Next": "After"}],
                        "Next": "After"}, After=PASS)  # fmt: skip
ATTEMPT = ("1<0 ExecutionStarted", "2<0 TaskStateEntered Work", "3<2 LambdaFunctionScheduled",
           "4<3 LambdaFunctionStarted", "5<4 LambdaFunctionFailed")  # fmt: skip


def test_task_that_waits_for_its_retry_is_running():
    assert fates(execution_path(RETRIED, history(*ATTEMPT), "RUNNING")) == {"Work": "running"}


@pytest.mark.parametrize("failure", ["LambdaFunctionFailed", "LambdaFunctionTimedOut", "TaskFailed", "TaskTimedOut",
                                     "ActivityFailed", "LambdaFunctionScheduleFailed"])  # fmt: skip
def test_last_attempt_decides(failure):
    begun = (*ATTEMPT, "6<5 LambdaFunctionScheduled", "7<6 LambdaFunctionStarted")
    caught = history(*begun, f"8<7 {failure}", "9<8 TaskStateExited Work", "10<9 PassStateEntered After")
    mended = history(*begun, "8<7 LambdaFunctionSucceeded", "9<8 TaskStateExited Work", "10<9 PassStateEntered After")
    assert fates(execution_path(RETRIED, caught, "RUNNING")) == {"Work": "caught", "After": "running"}
    assert fates(execution_path(RETRIED, mended, "RUNNING")) == {"Work": "succeeded", "After": "running"}
    failed = history(*begun, f"8<7 {failure}", "9<8 ExecutionFailed")
    assert fates(execution_path(RETRIED, failed, "FAILED")) == {"Work": "failed"}


LEFT = machine(Left={**TASK, "End": True})
RIGHT = machine(Right={"Type": "Wait", "Seconds": 9, "Next": "Right too"}, **{"Right too": PASS})
CATCH = [{"ErrorEquals": ["Bad"], "Next": "Sorry"}]
BOTH = machine(Both=parallel(LEFT, RIGHT, Catch=CATCH, Next="After"), After=PASS, Sorry=PASS)
BRANCHES = (
    "1<0 ExecutionStarted", "2<0 ParallelStateEntered Both", "3<2 ParallelStateStarted", "4<3 TaskStateEntered Left",
    "5<3 WaitStateEntered Right", "6<4 TaskScheduled", "7<6 TaskFailed",
)  # fmt: skip


def test_branch_that_fails_stops_the_other():
    failed = history(*BRANCHES, "8<7 ParallelStateFailed", "9<8 ExecutionFailed")
    assert fates(execution_path(BOTH, failed, "FAILED")) == {"Both": "failed", "Left": "failed", "Right": "stopped"}


def test_branch_stays_stopped_while_the_execution_goes_on():
    caught = history(
        *BRANCHES, "8<7 ParallelStateFailed", "9<8 ParallelStateExited Both", "10<9 PassStateEntered Sorry"
    )
    assert fates(execution_path(BOTH, caught, "RUNNING")) == {
        "Both": "caught",
        "Left": "failed",
        "Right": "stopped",
        "Sorry": "running",
    }


def test_execution_that_ran_out_of_time_or_was_stopped_has_stopped_states():
    for status in ("TIMED_OUT", "ABORTED"):
        path = execution_path(BOTH, history(*BRANCHES[:6], "7<6 ExecutionTimedOut"), status)
        assert fates(path) == {"Both": "stopped", "Left": "stopped", "Right": "stopped"}


def test_iterations_that_were_cut_short_are_stopped():
    definition = machine(Each=mapped(machine(Work={**TASK, "End": True}), Next="After"), After=PASS)
    events = history(
        "1<0 ExecutionStarted", "2<0 MapStateEntered Each", "3<2 MapStateStarted",
        "4<3 MapIterationStarted", "5<3 MapIterationStarted", "6<4 TaskStateEntered Work", "7<5 TaskStateEntered Work",
        "8<6 LambdaFunctionScheduled", "9<7 LambdaFunctionScheduled", "10<9 LambdaFunctionFailed",
        "11<10 MapIterationFailed", "12<8 MapIterationAborted", "13<11 MapStateFailed", "14<13 ExecutionFailed",
    )  # fmt: skip
    path = execution_path(definition, events, "FAILED")
    assert path.fates == {"Each": Counter([Fate.FAILED]), "Work": Counter([Fate.FAILED, Fate.STOPPED])}


def test_definition_that_is_not_the_one_that_ran_is_no_trouble():
    events = history(*ATTEMPT, "6<5 TaskStateExited Work", "7<6 PassStateEntered Gone")
    path = execution_path(machine(Other=PASS), events, "RUNNING")
    assert fates(path) == {"Work": "succeeded", "Gone": "running"}


def test_history_that_has_not_begun_or_tells_no_event_before_is_no_trouble():
    assert execution_path(RETRIED, [], "RUNNING").fates == {}
    events = [{key: value for key, value in event.items() if key != "previousEventId"} for event in history(*ATTEMPT)]
    assert fates(execution_path(RETRIED, [*events, {"id": 6, "type": "TaskStateExited"}], "FAILED")) == {
        "Work": "failed"
    }


def test_long_history_is_read_in_time():
    lines = ["1<0 ExecutionStarted"]
    for number in range(2, 20_000, 2):
        lines += [f"{number}<{number - 1} PassStateEntered Loop", f"{number + 1}<{number} PassStateExited Loop"]
    before = time.process_time()
    path = execution_path(machine(Loop={"Type": "Pass", "Next": "Loop"}), history(*lines), "RUNNING")
    assert path.fates["Loop"].total() == 9999
    assert time.process_time() - before < 2


ODD = [
    {}, {"States": None}, {"States": []}, {"States": {"A": None}}, {"States": {"A": {"Branches": 3}}},
    {"States": {"A": {"Branches": [None, {"States": {"B": {}}}], "Iterator": "x", "Catch": "y", "Retry": [1]}}},
]  # fmt: skip


@pytest.mark.parametrize("definition", ODD, ids=str)
def test_odd_definition_is_no_trouble(definition):
    assert all(isinstance(state, dict) for state in states_of(definition).values())
    assert isinstance(execution_path(definition, history(*ATTEMPT), "FAILED").fates, dict)


def test_states_of_a_machine_are_those_inside_its_states_too():
    definition = machine(Both=parallel(machine(A=mapped(machine(B=PASS), End=True)), machine(C=PASS), End=True), D=PASS)
    assert list(states_of(definition)) == ["Both", "A", "B", "C", "D"]
    assert [part["StartAt"] for part in parts_of(definition["States"]["Both"])] == ["A", "C"]
    assert parts_of({"Type": "Map", "Iterator": machine(B=PASS)}) == [machine(B=PASS)]
