"""Tests for the history of an execution: the states of branches and iterations, and what came before each event."""

import json
import time
from collections import Counter

import pytest

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
def run(embedded):
    """Runs the machine with an input and gives the events of its history, oldest first."""
    from lab_harness.aws import Clients

    sfn = Clients(embedded)["stepfunctions"]
    arn = sfn.create_state_machine(name="history", roleArn=ROLE, definition=json.dumps(DEFINITION))["stateMachineArn"]

    def run(numbers):
        execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(numbers))["executionArn"]
        deadline = time.monotonic() + 15
        while sfn.describe_execution(executionArn=execution)["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return sfn.get_execution_history(executionArn=execution)["events"]

    yield run
    sfn.delete_state_machine(stateMachineArn=arn)


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
