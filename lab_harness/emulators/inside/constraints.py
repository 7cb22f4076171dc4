"""What a service's model says of a request's members, in AWS's words, and how an addition refuses a request.

AWS publishes each service's model in botocore: which value is the least, the longest, the only one. MiniStack reads
hardly any of it. A member is named as AWS names it in an error: `targets.1.member.id`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from lab_harness.emulators.inside import hooks

LONGEST_VALUE = 200  # characters of a value that are repeated; AWS repeats all, which nobody could read
Problem = Callable[..., Any]


_refusing: dict[tuple[str, str], list[Problem]] = defaultdict(list)


def refuse(problems: Mapping[str, Mapping[str, Problem]]) -> None:
    """Let MiniStack's functions answer with what a problem returns for the same arguments, if that is true.

    For each service, MiniStack's name of it, the problem of each function by its name. It may raise as well. This takes
    effect when MiniStack imports the service.
    """
    for service, by_function in problems.items():
        for name, problem in by_function.items():
            _refusing[service, name].insert(0, problem)
        hooks.change({service: {name: partial(_guarded, problem) for name, problem in by_function.items()}})


def _guarded(problem: Problem, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    return problem(*args, **kwargs) or original(*args, **kwargs)


def refusal(service: str, function: str, *args: Any) -> Any:
    """What a function of MiniStack's answers with these arguments where it refuses them; something false where not."""
    return next(filter(None, (problem(*args) for problem in _refusing[service, function])), None)


def told(service: str, operation: str, members: Mapping[str, Any], own: Mapping[str, Any] | None = None) -> str:
    """AWS's message about members that the model of the service (by boto3's name) does not allow; empty if it does.

    `own` has other limits than the model's, by a member's name as AWS writes it in an error.
    """
    found = list(_problems(input_shape(service, operation), members, "", own or {}))
    if not found:
        return ""
    each = [f"Value {value} at '{path}' failed to satisfy constraint: {rule}" for value, path, rule in found]
    return f"{len(found)} validation error{'s' * (len(found) > 1)} detected: {'; '.join(each)}"


@cache
def input_shape(service: str, operation: str) -> Any:
    """The shape that the model of a service, by boto3's name, gives the members of a request."""
    from ministack.core.responses import _service_model

    return _service_model(service).operation_model(operation).input_shape


def _problems(shape: Any, value: Any, path: str, own: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Of each member that is not allowed: its value as AWS shows it, its path and the rule that it breaks."""
    limits = {**shape.metadata, **own.get(path, {})}
    if path and (rule := _broken(shape.type_name, limits, value)):
        yield _shown(value), path, rule
    elif shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _problems(member, value[name], _join(path, name), own)
    elif shape.type_name == "list" and isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _problems(shape.member, each, f"{path}.{number}.member", own)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        rules = [rule for key in value if (rule := _broken("string", shape.key.metadata, key))]
        if rules:
            yield _shown(value), path, f"Map keys must satisfy constraint: [{rules[0]}]"


def _join(path: str, name: str) -> str:
    first = name[0].lower() + name[1:]
    return f"{path}.{first}" if path else first


def _broken(kind: str, limits: Mapping[str, Any], value: Any) -> str:
    """The rule that a value breaks; empty if it keeps them all."""
    if kind in ("integer", "long") and isinstance(value, int):
        return _out_of_range(limits, value, "have value")
    if kind in ("string", "list", "map") and hasattr(value, "__len__"):
        return _out_of_range(limits, len(value), "have length") or _unfit(limits, value)
    return ""


def _out_of_range(limits: Mapping[str, Any], number: int, what: str) -> str:
    if "max" in limits and number > limits["max"]:
        return f"Member must {what} less than or equal to {limits['max']}"
    if "min" in limits and number < limits["min"]:
        return f"Member must {what} greater than or equal to {limits['min']}"
    return ""


def _unfit(limits: Mapping[str, Any], value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if "enum" in limits and value not in limits["enum"]:
        return f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
    if "pattern" in limits and not _fits(limits["pattern"], value):
        return f"Member must satisfy regular expression pattern: {limits['pattern']}"
    return ""


def _fits(pattern: str, value: str) -> bool:
    try:
        return bool(re.fullmatch(pattern, value))
    except re.error:  # Java's expressions have more than Python's.
        return True


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return f"'{text[:LONGEST_VALUE]}'"
