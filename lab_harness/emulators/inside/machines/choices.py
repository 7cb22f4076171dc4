"""Lets a Choice rule about a field that is not there fail the execution, as on AWS, unless it asks by IsPresent.

MiniStack takes what is missing for null: such a rule does not fit, and the Default follows. So nobody would learn that
a rule needs `IsPresent` before it.
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html (2026)
"""

from typing import Any

import wrapt

PRESENT, CONTEXT = "IsPresent", "$$"
NOT_THERE = "Invalid path '{}': The choice state's condition path references an invalid value."


def install() -> None:
    """Change MiniStack's Step Functions. This takes effect when its module is imported."""
    wrapt.register_post_import_hook(_change, "ministack.services.stepfunctions")


def _change(stepfunctions: Any) -> None:
    @wrapt.patch_function_wrapper(stepfunctions, "_evaluate_rule")
    def evaluate(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        rule, data = args[:2]
        missing = [path for path in _paths(rule) if not _is_there(stepfunctions._parse_jsonpath_tokens(path), data)]
        if PRESENT in rule:
            return rule[PRESENT] != bool(missing)  # a null is there
        if missing:
            raise stepfunctions._ExecutionError("States.Runtime", NOT_THERE.format(missing[0]))
        return original(*args, **kwargs)


def _paths(rule: dict[str, Any]) -> list[str]:
    """The paths into the state's input that a rule compares; the rules within And, Or and Not are looked at later."""
    compared = [value for name, value in rule.items() if name == "Variable" or name.endswith("Path")]
    return [path for path in compared if isinstance(path, str) and not path.startswith(CONTEXT)]


def _is_there(tokens: list[tuple[str, Any]] | None, data: Any) -> bool:
    """Whether the data have what a path leads to; what is no plain path, MiniStack judges."""
    for kind, key in tokens or ():
        if kind == "wildcard":
            return True
        if not isinstance(data, dict if kind == "field" else list):
            return False
        if key not in data if kind == "field" else key >= len(data):
            return False
        data = data[key]
    return True
