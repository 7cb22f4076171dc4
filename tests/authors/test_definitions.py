"""Tests for what is read in a definition."""

import json

from lab_harness.authors import definitions
from tests.roles import ready


def test_the_definition_of_a_machine_is_found_by_its_name(clients, emulator):
    text = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    made = clients["stepfunctions"].create_state_machine(
        name="lab-test-short", definition=text, roleArn=ready(emulator)
    )
    try:
        assert json.loads(definitions.of(clients["stepfunctions"], "lab-test-short")) == json.loads(text)
    finally:
        clients["stepfunctions"].delete_state_machine(stateMachineArn=made["stateMachineArn"])


def test_tasks_of_a_definition_are_found_wherever_they_stand():
    inner = {"Ask": {"Type": "Task", "Resource": "arn:x.waitForTaskToken"}, "Tell": {"Type": "Pass", "Result": "arn:x"}}
    branches = {"Type": "Parallel", "Branches": [{"States": {"Do": {"Type": "Task", "Resource": "arn:x"}}}]}
    each = {"Type": "Map", "ItemProcessor": {"States": inner | {"All": branches}}}
    definition = json.dumps({"States": {"Each": each, "Odd": 3}})
    assert list(definitions.task_states(definition, "arn:x")) == ["Ask", "Do"]
    assert list(definitions.task_states(definition, ".waitForTaskToken")) == ["Ask"]
    assert definitions.task_states("no JSON", "x") == {}
