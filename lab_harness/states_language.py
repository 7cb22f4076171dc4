"""What AWS would refuse of a state machine definition in the Amazon States Language.

The rules are those of https://states-language.net/spec.html, the messages follow AWS's own wording. The
shape of each state is a JSON Schema (states_language.schema.json); what a schema cannot say, that every state
named exists and is reached, stands below.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

State = dict[str, Any]

# What a Task may name: an integration with a service, an activity, or a function, perhaps with its qualifier.
RESOURCE = re.compile(
    r"arn:[\w-]+:(states:::(aws-sdk:)?[\w-]+:\w+(\.\w+)*(:2)?"
    r"|states:[\w-]+:\d{12}:activity:[\w-]+|lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?)"
)
JSONPATH, JSONATA = "JSONPath", "JSONata"
# The states' fields that one of the two query languages has and the other has not.
FIELDS_OF = {
    JSONPATH: frozenset(
        {"InputPath", "OutputPath", "Parameters", "Result", "ResultPath", "ResultSelector", "ItemsPath", "SecondsPath"}
        | {"TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath"}
        | {"MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath"}
    ),
    JSONATA: frozenset({"Arguments", "Output", "Items"}),
}


class Problem(NamedTuple):
    """One thing wrong with a definition, in the terms of ValidateStateMachineDefinition."""

    code: str
    message: str
    location: str | None

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location or 'null'}"

    def diagnostic(self) -> dict[str, str]:
        """The answer's entry for it."""
        fields = {"severity": "ERROR", **self._asdict()}
        return {name: value for name, value in fields.items() if value is not None}


def problems(definition: str | None) -> list[Problem]:
    """All that is wrong with a definition; empty when AWS would accept it."""
    try:
        machine = json.loads(definition or "")
    except json.JSONDecodeError as error:
        return [Problem("INVALID_JSON_DESCRIPTION", f"{error.msg}, line {error.lineno}", "/")]
    found = list(dict.fromkeys(_schema_problems(machine)))
    return found or [
        *_machine_problems(machine, ""),
        *_duplicate_problems(machine, "", set()),
        *_language_problems(machine, "", machine.get("QueryLanguage", JSONPATH)),
    ]


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # only when a state machine is made

    schema = json.loads(Path(__file__).with_name("states_language.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _schema_problems(machine: Any) -> Iterator[Problem]:
    for error in _validator().iter_errors(machine):
        location = "".join(f"[{part}]" if isinstance(part, int) else f"/{part}" for part in error.absolute_path)
        yield Problem("SCHEMA_VALIDATION_FAILED", _schema_message(error), location or "/")


def _schema_message(error: Any) -> str:
    """AWS's words for a violation of the schema, where they are known."""
    message = str(error.message)
    match error.validator:
        case "additionalProperties":
            message = f"Field '{_unknown_field(error.instance, error.schema)}' is not supported"
        case "required" if "else" in error.schema_path:
            message = "These fields are required: [Next] or [End]"
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            message = f"These fields are required: [{', '.join(missing)}]"
        case "oneOf" | "anyOf":
            fields = ", ".join(choice["required"][0] for choice in error.validator_value)
            message = (
                f"{'Exactly one' if error.validator == 'oneOf' else 'One'} of these fields is required: [{fields}]"
            )
        case "not" if "dependentSchemas" in error.schema_path:
            message = "A comparison is required beside the field [Variable]"
        case "not":
            message = "The fields [Next, End] exclude each other"
    return message


def _unknown_field(instance: dict[str, Any], schema: dict[str, Any]) -> str:
    patterns = schema.get("patternProperties", {})
    unknown = (name for name in instance if name not in schema["properties"])
    return next(name for name in unknown if not any(re.search(pattern, name) for pattern in patterns))


def _machine_problems(machine: State, location: str) -> Iterator[Problem]:
    """What is wrong between the states of one machine, and inside its Map and Parallel states."""
    states: dict[str, State] = machine["States"]
    if machine["StartAt"] not in states:
        yield _missing(machine["StartAt"], f"{location}/StartAt")
    for name, state in states.items():
        here = f"{location}/States/{name}"
        for field, target in _targets(state):
            if target not in states:
                yield _missing(target, f"{here}/{field}")
        if state["Type"] == "Task" and not RESOURCE.fullmatch(state["Resource"]):
            yield Problem("SCHEMA_VALIDATION_FAILED", "Value is not a valid resource ARN", f"{here}/Resource")
        yield from _catch_all_problems(state, here)
        for field, inner in _inner_machines(state):
            yield from _machine_problems(inner, f"{here}/{field}")
    if not location and not any(_is_terminal(state) for state in states.values()):
        yield Problem("MISSING_END_STATE", "Workflow has no terminal state", None)
        return
    for name in sorted(states.keys() - _reached(machine)):
        message = f'State "{name}" is not reachable.'
        yield Problem("MISSING_TRANSITION_TARGET", message, f"{location}/States/{name}")


def _missing(target: str, location: str) -> Problem:
    return Problem("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", location)


def _is_terminal(state: State) -> bool:
    return state["Type"] in ("Succeed", "Fail") or bool(state.get("End"))


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


def _duplicate_problems(machine: State, location: str, seen: set[str]) -> Iterator[Problem]:
    """A state's name is unique in the whole state machine, inner machines included."""
    for name, state in machine["States"].items():
        here = f"{location}/States/{name}"
        if name in seen:
            yield Problem("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", here)
        seen.add(name)
        for field, inner in _inner_machines(state):
            yield from _duplicate_problems(inner, f"{here}/{field}", seen)


def _language_problems(machine: State, location: str, default: str) -> Iterator[Problem]:
    """A state's query language is its own or the whole state machine's, and decides which fields it may have."""
    for name, state in machine["States"].items():
        here = f"{location}/States/{name}"
        language = state.get("QueryLanguage", default)
        if default == JSONATA and language == JSONPATH:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield Problem("SCHEMA_VALIDATION_FAILED", message, here)
            continue
        other = JSONATA if language == JSONPATH else JSONPATH
        for field in sorted(state.keys() & FIELDS_OF[other]):
            only = f"field '{field}' is only supported for the '{other}' QueryLanguage"
            yield Problem("SCHEMA_VALIDATION_FAILED", f"The QueryLanguage is set to '{language}', but {only}", here)
        for field, inner in _inner_machines(state):
            yield from _language_problems(inner, f"{here}/{field}", default)
