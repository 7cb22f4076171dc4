"""Tests for the history of an execution: the states of branches and iterations, and what came before each event."""

import json
from collections import Counter

import pytest

from lab_harness.aws import Clients
from tests.roles import ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/any"
DEFINITION = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Is it odd?",
                "States": {
                    "Is it odd?": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Odd"}],
                        "Default": "Even",
                    },
                    "Odd": {"Type": "Fail", "Error": "OddNumber"},
                    "Even": {"Type": "Succeed"},
                },
            },
            "Catch": [{"ErrorEquals": ["OddNumber"], "Next": "Both"}],
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "Left",
                    "States": {"Left": {"Type": "Pass", "Next": "Left too"}, "Left too": {"Type": "Pass", "End": True}},
                },
                {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "End": True}}},
            ],
            "End": True,
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def sfn(embedded):
    ready(embedded, ROLE)
    return Clients(embedded)["stepfunctions"]


@pytest.fixture(scope="module")
def machine(sfn):
    """Creates a state machine, and gives its ARN."""
    arns = []

    def create(definition):
        name = f"history-{len(arns)}"
        created = sfn.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition))
        arns.append(created["stateMachineArn"])
        return arns[-1]

    yield create
    for arn in arns:
        sfn.delete_state_machine(stateMachineArn=arn)


@pytest.fixture(scope="module")
def run_machine(sfn):
    """Runs a state machine with an input and gives its execution and the events of that, oldest first."""

    def run(arn, data):
        execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"]
        wait_until(lambda: sfn.describe_execution(executionArn=execution)["status"] != "RUNNING")
        found = sfn.describe_execution(executionArn=execution)
        return found, sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]

    return run


@pytest.fixture(scope="module")
def run(machine, run_machine):
    """Runs the machine with an input and gives the events of its history, oldest first."""
    arn = machine(DEFINITION)
    return lambda numbers: run_machine(arn, numbers)[1]


def entered(events):
    return Counter(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event)


def exited(events):
    return Counter(event["stateExitedEventDetails"]["name"] for event in events if "stateExitedEventDetails" in event)


def path(events, event):
    """The names of the states entered on the way to an event."""
    by_id = {each["id"]: each for each in events}
    names = []
    while event:
        if "stateEnteredEventDetails" in event:
            names.append(event["stateEnteredEventDetails"]["name"])
        event = by_id.get(event["previousEventId"])
    return names[::-1]


def test_states_of_iterations_and_branches_are_entered_and_exited(run):
    events = run([2, 4])
    expected = {"Each": 1, "Is it odd?": 2, "Even": 2, "Both": 1, "Left": 1, "Left too": 1, "Right": 1}
    assert entered(events) == expected
    assert exited(events) == expected


def test_a_fail_state_is_entered_and_never_exited(run):
    events = run([1, 2])
    assert (entered(events)["Odd"], exited(events)["Odd"]) == (1, 0)
    assert exited(events)["Is it odd?"] == 2


def test_each_branch_goes_on_from_its_own_events(run):
    events = run([2])
    last = {event["stateExitedEventDetails"]["name"]: event for event in events if "stateExitedEventDetails" in event}
    assert path(events, last["Left too"]) == ["Each", "Both", "Left", "Left too"]
    assert path(events, last["Right"]) == ["Each", "Both", "Right"]


def test_each_iteration_goes_on_from_its_own_events(run):
    events = run([1, 2, 1])
    paths = [path(events, event) for event in events if event["type"] in ("FailStateEntered", "SucceedStateEntered")]
    assert sorted(paths) == [["Each", "Is it odd?", "Even"], *[["Each", "Is it odd?", "Odd"]] * 2]


def test_ids_count_up_without_a_gap_however_many_write_at_once(run):
    events = run([2] * 40)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert all(event.get("previousEventId", 0) < event["id"] for event in events)


def test_inputs_and_outputs_are_json(run):
    events = run([2])
    [even] = [event for event in events if event["type"] == "SucceedStateEntered"]
    assert json.loads(even["stateEnteredEventDetails"]["input"]) == 2


def whole(events):
    """Whether each event goes on from one before it; on AWS, too, the first state's goes on from none."""
    ids = [event["id"] for event in events]
    return ids == list(range(1, len(ids) + 1)) and all(
        0 < event["previousEventId"] < event["id"] for event in events[2:]
    )


def failing(kind, **fields):
    """A machine whose one branch or iteration fails, with what is done about it."""
    inside = {"StartAt": "Stop", "States": {"Stop": {"Type": "Fail", "Error": "Enough"}}}
    state = {"Type": kind, **({"Branches": [inside]} if kind == "Parallel" else {"ItemProcessor": inside}), **fields}
    return {
        "StartAt": kind,
        "States": {kind: {**state, "End": True}, **({"Sorry": SORRY} if "Catch" in fields else {})},
    }


SORRY = {"Type": "Pass", "End": True}
RETRY = [{"ErrorEquals": ["Enough"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}]
CATCH = [{"ErrorEquals": ["Enough"], "ResultPath": "$.error", "Next": "Sorry"}]


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_map_and_parallel_are_tried_again_and_caught(machine, run_machine, kind):
    data = {"items": [1]}
    fields = {"ItemsPath": "$.items"} if kind == "Map" else {}
    execution, events = run_machine(machine(failing(kind, Retry=RETRY, Catch=CATCH, **fields)), data)
    assert json.loads(execution["output"])["error"]["Error"] == "Enough"
    assert entered(events) == {kind: 1, "Stop": 2, "Sorry": 1}
    assert exited(events) == {kind: 1, "Sorry": 1}
    assert whole(events)


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_map_and_parallel_fail_with_the_error_of_what_is_inside(machine, run_machine, kind):
    execution, events = run_machine(machine(failing(kind)), [1])
    assert (execution["status"], execution["error"]) == ("FAILED", "Enough")
    assert events[-1]["type"] == "ExecutionFailed"
    assert whole(events)


def test_execution_that_waits_for_another_goes_on_from_its_own_events(machine, run_machine, sfn):
    inner = machine({"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Result": 42, "End": True}}})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input.$": "$"},
        "OutputPath": "$.Output",
    }
    outer = {"StartAt": "Outer", "States": {"Outer": {**task, "Next": "After"}, "After": SORRY}}
    execution, events = run_machine(machine(outer), {"a": 1})
    assert (execution["status"], execution["output"]) == ("SUCCEEDED", "42")
    assert exited(events) == {"Outer": 1, "After": 1}
    assert path(events, events[-1]) == ["Outer", "After"]
    assert whole(events)
    [started] = sfn.list_executions(stateMachineArn=inner)["executions"]
    own = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
    assert entered(own) == {"Inner": 1}
    assert whole(own)


def test_distributed_map_runs_each_item_in_an_execution_of_its_own(machine, run_machine, sfn):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Double",
        "States": {"Double": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($, $)"}, "End": True}},
    }
    each = {"Type": "Map", "ItemProcessor": processor, "End": True}
    execution, events = run_machine(machine({"StartAt": "Each", "States": {"Each": each}}), [1, 2, 3])
    assert json.loads(execution["output"]) == [{"n": 2}, {"n": 4}, {"n": 6}]
    assert entered(events) == exited(events) == {"Each": 1}
    assert whole(events)
    [map_run] = sfn.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    assert sfn.describe_map_run(mapRunArn=map_run["mapRunArn"])["itemCounts"]["succeeded"] == 3


def test_choice_wait_and_unknown_error_inside_a_branch(machine, run_machine):
    inside = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 0, "Next": "Which"},
            "Which": {"Type": "Choice", "Choices": [{"Variable": "$", "IsString": True, "Next": "Text"}]},
            "Text": SORRY,
        },
    }
    definition = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": inside, "End": True}}}
    execution, events = run_machine(machine(definition), ["a", 1])
    assert (execution["status"], execution["error"]) == ("FAILED", "States.NoChoiceMatched")
    assert entered(events) == {"Each": 1, "Wait": 2, "Which": 2, "Text": 1}
    assert exited(events) == {"Wait": 2, "Which": 1, "Text": 1}


def test_branches_share_what_was_assigned_before_them(machine, run_machine):
    inside = {"StartAt": "Read", "States": {"Read": {"Type": "Pass", "Output": "{% $n + 1 %}", "End": True}}}
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Assign",
        "States": {
            "Assign": {"Type": "Pass", "Assign": {"n": 1}, "Next": "Both"},
            "Both": {"Type": "Parallel", "Branches": [inside], "Next": "After"},
            "After": {"Type": "Pass", "Output": "{% [$n, $states.input] %}", "End": True},
        },
    }
    execution, _ = run_machine(machine(definition), {})
    assert json.loads(execution["output"])[0] == 1
    assert 2 in json.loads(execution["output"])
