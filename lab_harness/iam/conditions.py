"""Whether the conditions of a policy's statement hold, as IAM reads them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

# What is known of a call, by the condition's key in lower case. A key that is not there is not in the call, but one
# whose value is None is: nobody can say before the call with which value. Some keys have several values.
Context = Mapping[str, str | Collection[str] | None]
Verdict = bool | None

OF_SERVICES = ("aws:", "sts:", "iam:")  # other keys are of the service that is called, which alone knows them
NEGATED = re.compile(r"(?<=[a-z])Not|^Not")
OPERATOR = re.compile(r"(?P<set>ForAllValues:|ForAnyValue:)?(?P<name>\w+?)(?P<if_exists>IfExists)?")
VARIABLE = re.compile(r"\$\{(?P<key>[^{},*?$]+)(?:,\s*'(?P<default>[^']*)')?\}")  # such as ${aws:username}
SIGN = re.compile(r"\$\{([*?$])\}|([*?])")  # of these the first kind stands for itself, the second for any text
ALL = "ForAllValues:"
ITSELF = str.maketrans({sign: f"${{{sign}}}" for sign in "*?$"})


class Partial(dict[str, str | Collection[str] | None]):
    """A context before the call is made: of the keys of the service that is called nobody can say anything yet."""


def holds(condition: Any, context: Context) -> Verdict:
    """Whether all of a statement's conditions hold for a call; None where that is not known before the call."""
    if not isinstance(condition, dict) or not all(isinstance(tests, dict) for tests in condition.values()):
        return not condition  # what is none holds never, which AWS would not have taken
    verdicts = [
        _test(operator, context, key, _texts(patterns))
        for operator, tests in condition.items()
        for key, patterns in tests.items()
    ]
    return False if False in verdicts else None if None in verdicts else True


def _test(operator: str, context: Context, key: str, patterns: list[str]) -> Verdict:
    """Whether one key passes one operator's test."""
    key, parts = key.lower(), OPERATOR.fullmatch(operator)
    if parts is None:
        return False
    negated = NEGATED.search(parts["name"]) is not None
    if key not in context and isinstance(context, Partial) and not key.startswith(OF_SERVICES):
        return None
    if parts["name"] == "Null":
        return any((text.lower() == "true") == (key not in context) for text in patterns)
    if key not in context:
        return (negated and parts["set"] != "ForAnyValue:") or bool(parts["if_exists"]) or parts["set"] == ALL
    return _compared(parts, context, key, patterns)


def _compared(parts: re.Match[str], context: Context, key: str, patterns: list[str]) -> Verdict:
    """Whether the values of a key that is in the call pass a test."""
    negated = NEGATED.search(parts["name"]) is not None
    value, compare = context[key], COMPARISONS.get(NEGATED.sub("", parts["name"]))
    if value is None or compare is None or (isinstance(context, Partial) and any("${" in each for each in patterns)):
        return None
    wanted = [pattern for each in patterns if (pattern := filled(each, context)) is not None]
    passed = [any(compare(pattern, each) for pattern in wanted) for each in _listed(value)]
    return _together(parts["set"], passed, negated)


def _together(kind: str | None, passed: Collection[bool], negated: bool) -> bool:
    """Whether a test is passed by a key whose values have passed it, or not, each by itself."""
    if kind:
        return (all if kind == ALL else any)(each != negated for each in passed)
    return any(passed) != negated


def filled(pattern: str, context: Context) -> str | None:
    """A pattern with the values of its variables, which stand for themselves; None where one has no value."""
    if "${" not in pattern:
        return pattern
    keys = [(found["key"].lower(), found["default"]) for found in VARIABLE.finditer(pattern)]
    if any(default is None and not isinstance(context.get(key), str) for key, default in keys):
        return None
    return VARIABLE.sub(lambda found: _value(context, found).translate(ITSELF), pattern)


def _value(context: Context, variable: re.Match[str]) -> str:
    found = context.get(variable["key"].lower())
    return found if isinstance(found, str) else variable["default"]


def like(pattern: str, text: str, flags: int = 0) -> bool:
    """Whether one of IAM's patterns, in which `*` and `?` are wildcards, fits the whole text."""
    return _expression(pattern, flags).fullmatch(text) is not None


@lru_cache(4096)
def _expression(pattern: str, flags: int) -> re.Pattern[str]:
    """A pattern as an expression that takes what comes first after each `*` and never tries another.

    So a text is looked through once, where trying would take minutes for twenty stars.
    """
    end, texts = 0, [""]
    for sign in SIGN.finditer(pattern):
        texts[-1] += re.escape(pattern[end : sign.start()])
        if sign[2] == "*":
            texts.append("")
        else:
            texts[-1] += re.escape(sign[1]) if sign[1] else "."
        end = sign.end()
    texts[-1] += re.escape(pattern[end:])
    first, *between = texts
    last = f".*{between.pop()}" if between else ""
    return re.compile("".join([first, *(f"(?>.*?{text})" for text in between), last]), flags | re.DOTALL)


def _arn_like(pattern: str, arn: str) -> bool:
    """Whether each of the six parts fits by itself."""
    parts, found = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(found) and all(map(like, parts, found))


def _same(pattern: str, value: str) -> bool:
    return SIGN.sub(lambda sign: sign[1] or sign[2], pattern) == value


def _in_network(pattern: str, value: str) -> bool:
    try:
        return ip_address(value) in ip_network(pattern, strict=False)
    except ValueError:
        return False


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def comparison(pattern: str, value: str) -> bool:
        try:
            return compare(_number(value), _number(pattern))
        except ValueError:
            return False

    return comparison


def _number(text: str) -> float:
    """A number, or a moment in seconds since 1970."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _texts(value: Any) -> list[str]:
    """A condition's values as texts: IAM takes true for "true", and 7 for "7"."""
    listed = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in listed if each is not None]


def _same_in_any_case(pattern: str, value: str) -> bool:
    return _same(pattern.lower(), value.lower())


def _listed(value: str | Collection[str]) -> Collection[str]:
    return [value] if isinstance(value, str) else value


COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_in_any_case,
    "StringLike": like,
    "ArnEquals": _arn_like,  # as AWS reads it: the same as ArnLike
    "ArnLike": _arn_like,
    "Bool": _same_in_any_case,
    "IpAddress": _in_network,
    "BinaryEquals": str.__eq__,
}
for _kind in ("Numeric", "Date"):
    COMPARISONS |= {
        f"{_kind}Equals": _ordered(float.__eq__),
        f"{_kind}LessThan": _ordered(float.__lt__),
        f"{_kind}LessThanEquals": _ordered(float.__le__),
        f"{_kind}GreaterThan": _ordered(float.__gt__),
        f"{_kind}GreaterThanEquals": _ordered(float.__ge__),
    }
