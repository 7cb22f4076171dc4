"""Refuses a state machine definition that AWS would refuse; MiniStack accepts even text that is no JSON.

The rules are those of https://states-language.net/spec.html, the messages follow AWS's own wording. The
shape of each state is a JSON Schema (definitions.schema.json); what a schema cannot say, that every state
named exists and is reached, stands below.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import wrapt

State = dict[str, Any]


class Problem(NamedTuple):
    """One thing wrong with a definition, in the terms of ValidateStateMachineDefinition."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}"


def install() -> None:
    """Make MiniStack refuse invalid definitions; takes effect when it imports Step Functions."""
    wrapt.register_post_import_hook(_change_stepfunctions, "ministack.services.stepfunctions")


def _change_stepfunctions(stepfunctions: Any) -> None:
    @wrapt.patch_function_wrapper(stepfunctions, "_validate_definition_jsonata")
    def refuse(original: Any, _instance: Any, args: Any, kwargs: Any) -> str | None:
        found = problems(args[0])
        if found:
            return f"Invalid State Machine Definition: '{', '.join(map(str, found))}'"
        refused: str | None = original(*args, **kwargs)
        return refused

    @wrapt.patch_function_wrapper(stepfunctions, "_validate_state_machine_definition")
    def diagnose(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        found = problems(args[0].get("definition"))
        diagnostics = [{"severity": "ERROR", **problem._asdict()} for problem in found]
        return stepfunctions.json_response({"result": "FAIL" if found else "OK", "diagnostics": diagnostics})


def problems(definition: str | None) -> list[Problem]:
    """All that is wrong with a definition; empty when AWS would accept it."""
    try:
        machine = json.loads(definition or "")
    except json.JSONDecodeError as error:
        return [Problem("INVALID_JSON_DESCRIPTION", f"{error.msg}, line {error.lineno}", "/")]
    found = list(_schema_problems(machine))
    return found or list(_machine_problems(machine, ""))


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # only when a state machine is made

    schema = json.loads(Path(__file__).with_name("definitions.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _schema_problems(machine: Any) -> Iterator[Problem]:
    for error in _validator().iter_errors(machine):
        location = "/" + "/".join(map(str, error.absolute_path))
        yield Problem("SCHEMA_VALIDATION_FAILED", error.message, location)


def _machine_problems(machine: State, location: str) -> Iterator[Problem]:
    """What is wrong between the states of one machine, and inside its Map and Parallel states."""
    states: dict[str, State] = machine["States"]
    if machine["StartAt"] not in states:
        yield _missing(machine["StartAt"], "StartAt", f"{location}/StartAt")
    for name, state in states.items():
        here = f"{location}/States/{name}"
        for field, target in _targets(state):
            if target not in states:
                yield _missing(target, "Next", f"{here}/{field}")
        yield from _catch_all_problems(state, here)
        for field, inner in _inner_machines(state):
            yield from _machine_problems(inner, f"{here}/{field}")
    for name in sorted(states.keys() - _reached(machine)):
        yield Problem("UNREACHABLE_STATE", f"State {name!r} is not reachable", f"{location}/States/{name}")


def _missing(target: str, field: str, location: str) -> Problem:
    return Problem("MISSING_TRANSITION_TARGET", f"Missing '{field}' target: {target}", location)


def _targets(state: State) -> Iterator[tuple[str, str]]:
    """Each (field, state name) that a state may go on to."""
    if "Next" in state:
        yield "Next", state["Next"]
    if "Default" in state:
        yield "Default", state["Default"]
    for field in ("Choices", "Catch"):
        for number, rule in enumerate(state.get(field, [])):
            yield f"{field}[{number}]/Next", rule["Next"]


def _reached(machine: State) -> set[str]:
    reached: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name in machine["States"] and name not in reached:
            reached.add(name)
            waiting += [target for _, target in _targets(machine["States"][name])]
    return reached


def _catch_all_problems(state: State, location: str) -> Iterator[Problem]:
    """`States.ALL` catches every error, so it stands alone and last."""
    for field in ("Retry", "Catch"):
        rules = state.get(field, [])
        for number, rule in enumerate(rules):
            errors = rule["ErrorEquals"]
            if "States.ALL" in errors and (len(errors) > 1 or number < len(rules) - 1):
                message = "States.ALL must appear alone and in the last rule"
                yield Problem("SCHEMA_VALIDATION_FAILED", message, f"{location}/{field}[{number}]/ErrorEquals")


def _inner_machines(state: State) -> Iterator[tuple[str, State]]:
    for number, branch in enumerate(state.get("Branches", [])):
        yield f"Branches[{number}]", branch
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield field, state[field]
