"""Tests for what is read in a definition."""

import json

from lab_harness.authors import definitions


def test_tasks_of_a_definition_are_found_wherever_they_stand():
    inner = {"Ask": {"Type": "Task", "Resource": "arn:x.waitForTaskToken"}, "Tell": {"Type": "Pass", "Result": "arn:x"}}
    branches = {"Type": "Parallel", "Branches": [{"States": {"Do": {"Type": "Task", "Resource": "arn:x"}}}]}
    each = {"Type": "Map", "ItemProcessor": {"States": inner | {"All": branches}}}
    definition = json.dumps({"States": {"Each": each, "Odd": 3}})
    assert list(definitions.task_states(definition, "arn:x")) == ["Ask", "Do"]
    assert list(definitions.task_states(definition, ".waitForTaskToken")) == ["Ask"]
    assert definitions.task_states("no JSON", "x") == {}
