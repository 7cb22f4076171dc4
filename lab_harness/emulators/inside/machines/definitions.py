"""Refuses a state machine definition that AWS would refuse; MiniStack accepts even text that is no JSON."""

from typing import Any

import wrapt

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.states_language import Problem, problems


def install() -> None:
    """Make MiniStack refuse invalid definitions. This takes effect when it imports Step Functions."""
    refuse({"stepfunctions": dict.fromkeys(("_create_state_machine", "_update_state_machine"), _refusal)})
    wrapt.register_post_import_hook(_change_stepfunctions, "ministack.services.stepfunctions")


def _refusal(asked: dict[str, Any]) -> Any:
    from ministack.services import stepfunctions

    definition = asked.get("definition")
    found = problems(definition) if definition is not None else []
    told = f"Invalid State Machine Definition: '{', '.join(map(str, found))}'"
    return stepfunctions.error_response_json("InvalidDefinition", told, 400) if found else None


def _change_stepfunctions(stepfunctions: Any) -> None:
    @wrapt.patch_function_wrapper(stepfunctions, "_validate_state_machine_definition")
    def diagnose(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
        definition = args[0].get("definition")
        found = problems(definition)
        if not found and (refused := stepfunctions._validate_definition_jsonata(definition)):
            found = [_jsonata_problem(refused)]
        answer = {"result": "FAIL" if found else "OK", "diagnostics": [problem.diagnostic() for problem in found]}
        return stepfunctions.json_response({**answer, "truncated": False})


def _jsonata_problem(refused: str) -> Problem:
    """The parts of MiniStack's error for an expression: "CODE: message\\n  at location"."""
    code, _, text = refused.partition(": ")
    message, _, location = text.rpartition("\n  at ")
    return Problem(code, message, location)
