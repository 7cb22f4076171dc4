"""Tests for executions: start one, wait for its end, answer its task tokens, read its history as evidence."""

import json

import pytest

from lab_harness.authors import Failure, executions
from tests.roles import ready
from tests.test_states_language import PASS, ROLE, machine
from tests.waiting import PATIENCE, wait_until

MACHINE, QUEUE = "steps", "questions"


@pytest.fixture
def sfn(clients):
    return clients["stepfunctions"]


def create(clients, definition, name=MACHINE):
    clients["stepfunctions"].create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=ready(clients.emulator, ROLE)
    )


def each(**states):
    """A Map over the input, in which these are the states."""
    start = next(iter(states))
    return machine("Each", Each={"Type": "Map", "ItemProcessor": machine(start, **states), "End": True})


def test_an_execution_that_succeeds_has_its_output_and_the_states_it_entered(clients, sfn):
    create(clients, machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"}))
    execution = executions.run_execution(sfn, MACHINE, {"x": 1}, within=PATIENCE)
    assert (execution.status, execution.output, execution.error) == ("SUCCEEDED", {"x": 1}, "")
    assert (execution.entered(), execution.entered("Pass"), execution.entered("Wait")) == (["A", "B"], ["A"], [])
    assert execution.described().splitlines() == [
        'the execution SUCCEEDED with the output {"x": 1}',
        "its history ends with:",
        "  A entered",
        "  B entered",
    ]


def test_an_execution_that_fails_says_with_what(clients, sfn):
    create(clients, machine(A={"Type": "Fail", "Error": "Broken", "Cause": "by me"}))
    execution = executions.run_execution(sfn, MACHINE, {}, within=PATIENCE)
    assert (execution.status, execution.output, execution.errors()) == ("FAILED", None, [])
    assert execution.described().startswith("the execution is FAILED with Broken: by me\n")


def test_failed_attempts_of_a_task_are_counted_and_shown(clients, sfn):
    missing = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    create(clients, machine(A={"Type": "Task", "Resource": missing, "Retry": retry, "End": True}))
    execution = executions.run_execution(sfn, MACHINE, {}, within=PATIENCE)
    assert len(execution.errors()) == 2
    assert execution.described().count("failed with Lambda.ResourceNotFoundException: Function not found") == 2


def test_the_history_can_be_narrowed_to_one_item_of_a_map(clients, sfn):
    odd = {"Variable": "$", "StringEquals": "odd", "Next": "Odd"}
    choice = {"Type": "Choice", "Choices": [odd], "Default": "Even"}
    create(clients, each(Which=choice, Odd=PASS, Even=PASS))
    execution = executions.run_execution(sfn, MACHINE, ["odd", "even"], within=PATIENCE)
    assert sorted(execution.entered()) == ["Each", "Even", "Odd", "Which", "Which"]
    assert [line.strip() for line in execution.described(about="odd").splitlines()[2:]] == [
        "Which entered",
        "Odd entered",
    ]


def test_only_the_end_of_a_long_history_is_shown(clients, sfn):
    create(clients, each(A=PASS))
    execution = executions.run_execution(sfn, MACHINE, list(range(40)), within=PATIENCE)
    assert len(execution.described().splitlines()) == 2 + executions.SHOWN_EVENTS


def test_an_execution_that_does_not_end_is_shown_and_stopped(clients, sfn):
    create(clients, machine(A={"Type": "Wait", "Seconds": 60, "End": True}))
    with pytest.raises(Failure) as caught, executions.probe_execution(sfn, MACHINE, {}) as probe:
        probe.end(within=0.5)
    assert caught.value.found.startswith("the execution is RUNNING")
    assert caught.value.found.endswith("A entered (after waiting 0.5 s)")
    assert caught.value.next_step == executions.WAITS
    assert probe.now().status == "ABORTED"


def test_an_execution_whose_last_state_fails_again_and_again_is_not_said_to_wait(clients, sfn):
    call = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:none", "End": True}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 1}]
    create(clients, machine(A=call | {"Retry": retry}))
    with pytest.raises(Failure) as caught, executions.probe_execution(sfn, MACHINE, {}) as probe:
        wait_until(lambda: probe.now().errors())
        probe.end(within=0.5)
    assert caught.value.next_step == executions.FAILS_AGAIN


def test_what_happens_meanwhile_is_called_at_each_look(clients, sfn):
    create(clients, machine(A=PASS))
    looks = []
    with executions.probe_execution(sfn, MACHINE, {}) as probe:
        probe.end(5, lambda: looks.append(probe.now().status))
    assert looks
    assert set(looks) <= {"RUNNING", "SUCCEEDED"}


@pytest.mark.parametrize("there", [False, True])
def test_a_machine_that_cannot_be_started_is_named(sfn, there):
    class Refusing:
        def __getattr__(self, name):
            return getattr(sfn, name)

        def start_execution(self, **_):
            return sfn.start_execution(stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:gone")

        def get_paginator(self, name):
            pages = [{"stateMachines": [{"name": MACHINE, "stateMachineArn": "arn"}] if there else []}]
            return type("Pages", (), {"paginate": lambda _: pages})()

    with pytest.raises(Failure) as caught:
        executions.run_execution(Refusing(), MACHINE, {}, within=1)
    assert caught.value.expected == "a state machine steps that can be started"
    assert ("gone" in caught.value.found) if there else (caught.value.found == "no such state machine")


def test_the_problems_of_a_definition_are_told():
    assert executions.definition_problems(json.dumps(machine(A=PASS))) == []
    assert (
        "Missing 'Next' target: B"
        in executions.definition_problems(json.dumps(machine(A={**PASS, "End": False, "Next": "B"})))[0]
    )
