"""Refuses a state machine definition that AWS would refuse; MiniStack accepts even text that is no JSON."""

from typing import Any

import wrapt

from lab_harness.states_language import Problem, problems


def install() -> None:
    """Make MiniStack refuse invalid definitions. This takes effect when it imports Step Functions."""
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
