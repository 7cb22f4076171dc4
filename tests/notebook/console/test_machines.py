"""Tests for the tab of state machines."""

import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from lab_harness.authors.executions import state_machines
from lab_harness.authors.made import remember
from tests.roles import ready
from tests.waiting import wait_until

from .helpers import HOSTILE, Partly, Refusing, look, rows, words

LABS = ["state_machine"]
PASS = {"StartAt": "Begin", "States": {"Begin": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "End it", "States": {"End it": {"Type": "Fail", "Error": "Wanted"}}}
ROLE = "arn:aws:iam::000000000000:role/states"


@pytest.fixture
def stepfunctions(account):
    """A client; the machines that the tests create are deleted afterwards."""
    client = account["stepfunctions"]
    ready(account.emulator, ROLE)
    yield client
    for name, arn in state_machines(client).items():
        if name in ("hello-world", "pet-adoption", "practice"):
            client.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def machine(stepfunctions):
    """Creates a state machine; returns what runs it to its end and returns the execution's name."""

    def create(name, definition=PASS):
        arn = stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)[
            "stateMachineArn"
        ]

        def run(kind):
            # LocalStack takes no name again, not even after the machine was deleted.
            execution = f"run-{secrets.token_hex(6)}"
            if kind == "check's":
                remember(execution)
            started = stepfunctions.start_execution(stateMachineArn=arn, name=execution)["executionArn"]
            describe = stepfunctions.describe_execution
            wait_until(lambda: describe(executionArn=started)["status"] != "RUNNING")
            return execution

        return run

    return create


def shown(clients, **how):
    return look("state_machine", "machines", clients, **how)


def test_machine_without_executions_is_drawn_as_it_is(account, machine):
    machine("hello-world")
    picture, table = shown(account)
    assert str(picture) == "hello-world\n  Begin (Pass)"
    assert words([table]) == ["Executions of hello-world", "Nothing yet. start_execution starts the first."]


def test_latest_execution_is_drawn_with_the_way_it_took(account, machine):
    run = machine("hello-world", FAIL)
    first, second = run("first"), run("second")
    picture, table = shown(account)
    assert str(picture) == "hello-world: FAILED\n  End it (Fail): ✗ failed"
    assert [(row["name"], row["status"]) for row in rows(table)] == [(second, "✗ FAILED"), (first, "✗ FAILED")]
    assert table.failed == {0, 1}
    assert all(float(row["seconds"]) >= 0 and len(row["started (UTC)"]) == 8 for row in rows(table))


def test_learners_execution_is_drawn_rather_than_a_later_one_of_a_check(account, machine, stepfunctions):
    run = machine("hello-world", FAIL)
    early = run("check's")
    assert "hello-world: FAILED" not in words(shown(account))
    assert "hello-world: FAILED" in words(shown(account, checks=True))
    mine = run("mine")
    arn = state_machines(stepfunctions)["hello-world"]
    stepfunctions.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    late = run("check's")
    picture, table = shown(account)
    assert str(picture).startswith("hello-world: FAILED")
    assert [row["name"] for row in rows(table)] == [mine]
    picture, table = shown(account, checks=True)
    assert str(picture).startswith("hello-world: FAILED")
    assert [row["name"] for row in rows(table)] == [f"{late} (a check's)", mine, f"{early} (a check's)"]


def test_labs_machines_are_shown_in_its_order_and_before_them_any_other(account, machine):
    machine("practice")
    assert str(shown(account)[0]).startswith("practice")
    machine("pet-adoption")
    machine("hello-world")
    assert [str(block).partition("\n")[0] for block in shown(account)[::2]] == ["hello-world", "pet-adoption"]


def test_machine_that_is_deleted_meanwhile_hides_no_other(account, machine, stepfunctions):
    machine("hello-world")
    machine("pet-adoption")
    gone = Refusing(
        stepfunctions,
        "list_executions",
        "StateMachineDoesNotExist",
        "State Machine Does Not Exist",
        when=lambda asked: asked["stateMachineArn"].endswith(":hello-world"),
    )
    said = words(shown(Partly(account, stepfunctions=gone)))
    assert said[:2] == ["hello-world", "This could not be read: State Machine Does Not Exist"]
    assert "pet-adoption" in said


def test_express_machine_is_drawn_though_its_executions_cannot_be_listed(account, machine, stepfunctions):
    machine("hello-world")
    express = Refusing(stepfunctions, "list_executions", "StateMachineTypeNotSupported")
    picture, table = shown(Partly(account, stepfunctions=express))
    assert str(picture).startswith("hello-world\n")
    assert table.rows == []


def test_of_many_executions_the_newest_20_are_shown(account, machine, stepfunctions):
    machine("hello-world")
    began = datetime(2099, 11, 21, 10, 0, tzinfo=UTC)

    class Many:
        exceptions = stepfunctions.exceptions
        list_state_machines = stepfunctions.list_state_machines

        def __getattr__(self, name):
            return getattr(stepfunctions, name)

        def get_paginator(self, name):
            return self if name == "list_executions" else stepfunctions.get_paginator(name)

        def paginate(self, **_):
            started = [began + timedelta(minutes=number) for number in range(25)]
            one = {"status": "RUNNING", "executionArn": "arn:aws:states:us-east-1:000000000000:execution:a:b"}
            yield {"executions": [one | {"name": f"e{n}", "startDate": moment} for n, moment in enumerate(started)]}

    *_, table = shown(Partly(account, stepfunctions=Many()))
    assert (len(table.rows), table.note) == (20, "and 5 more")
    assert rows(table)[0] == {"name": "e24", "status": "… RUNNING", "started (UTC)": "10:24:00", "seconds": ""}


def test_executions_of_a_deleted_machine_of_the_same_name_are_left_out(account, machine, stepfunctions):
    run = machine("hello-world", FAIL)
    run("old")
    stepfunctions.delete_state_machine(stateMachineArn=state_machines(stepfunctions)["hello-world"])
    wait_until(lambda: "hello-world" not in state_machines(stepfunctions))
    machine("hello-world")
    assert words(shown(account)[1:]) == ["Executions of hello-world", "Nothing yet. start_execution starts the first."]


def test_names_of_states_are_escaped(account, machine):
    machine("hello-world", {"StartAt": HOSTILE, "States": {HOSTILE: {"Type": "Pass", "End": True}}})
    assert HOSTILE in words(shown(account))
    assert "<img" not in shown(account)[0].html()
