"""What checks read in a state machine's definition, in Amazon States Language."""

import json
from collections.abc import Iterator
from typing import Any

from lab_harness.authors.executions import decoded, describe_machine


def of(stepfunctions: Any, machine: str) -> str:
    """The definition of the state machine of this name, which is there, as JSON text.

    For example:

        problems = executions.definition_problems(definitions.of(stepfunctions, MACHINE))
    """
    return str(describe_machine(stepfunctions, machine)["definition"])


def task_states(definition: str, about: str) -> dict[str, dict[str, Any]]:
    """The Task states of a definition whose text has this in it, by name, those of branches and iterations, too.

    For example:

        waiting = definitions.task_states(definition, ".waitForTaskToken")
    """
    tasks = (each for each in _states_in(decoded(definition)) if each[1].get("Type") == "Task")
    return {name: state for name, state in tasks if about in json.dumps(state)}


def _states_in(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict) and isinstance(part.get("States"), dict):
        yield from ((name, state) for name, state in part["States"].items() if isinstance(state, dict))
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _states_in(each)
