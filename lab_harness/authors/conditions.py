"""Whether the conditions of a policy's statement hold, as IAM reads them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION

# What is known of a call, by the condition's key in lower case. A key that is not there is not in the call, but one
# whose value is None is: nobody can say before the call with which value.
Context = Mapping[str, str | None]
Verdict = bool | None

OF_SERVICES = ("aws:", "sts:", "iam:")  # other keys are of the service that is called, which alone knows them
NEGATED = re.compile(r"(?<=[a-z])Not|^Not")
OPERATOR = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(?P<name>\w+?)(?P<if_exists>IfExists)?")


def of_role(role: str) -> dict[str, str | None]:
    """What is known of the calls that are made with a role, of which the name is known or ""."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}" if role else None
    known = {"aws:principalarn": arn, "aws:principalaccount": ACCOUNT, "aws:resourceaccount": ACCOUNT}
    unknown = ("sourceip", "useragent", "userid", "sourcevpc", "sourcevpce", "vpcsourceip", "referer", "calledvia")
    return _common() | known | {f"aws:{name}": None for name in unknown}


def of_service(service: str, source: str | None = None) -> dict[str, str | None]:
    """What is known of a service's own call for a source, such as a rule, by the ARN of that."""
    account = source.split(":")[4] if source and source.count(":") >= 5 else ACCOUNT
    by = {"aws:principalservicename": service, "aws:principalisawsservice": "true"}
    return _common() | by | {"aws:sourceaccount": account or ACCOUNT, "aws:sourcearn": source}


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


def _common() -> dict[str, str | None]:
    now = datetime.now(UTC)
    times = {"aws:currenttime": now.isoformat(), "aws:epochtime": str(now.timestamp()), "aws:tokenissuetime": None}
    return {**times, "aws:securetransport": "true", "aws:requestedregion": REGION}


def _test(operator: str, context: Context, key: str, patterns: list[str]) -> Verdict:
    """Whether one key passes one operator's test."""
    key, parts = key.lower(), OPERATOR.fullmatch(operator)
    if parts is None:
        return False
    if key not in context and not key.startswith(OF_SERVICES):
        return None
    if parts["name"] == "Null":
        return any((text.lower() == "true") == (key not in context) for text in patterns)
    negated = NEGATED.search(parts["name"]) is not None
    if key not in context:
        return negated or parts["if_exists"] is not None or operator.startswith("ForAllValues:")
    value, compare = context[key], COMPARISONS.get(NEGATED.sub("", parts["name"]))
    if value is None or compare is None or any("${" in pattern for pattern in patterns):
        return None
    return any(compare(pattern, value) for pattern in patterns) != negated


def like(pattern: str, text: str, flags: int = 0) -> bool:
    """Whether one of IAM's patterns, in which `*` and `?` are wildcards, fits the whole text."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None


def _arn_like(pattern: str, arn: str) -> bool:
    """Whether each of the six parts fits by itself."""
    parts, found = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(found) and all(map(like, parts, found))


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
    return pattern.lower() == value.lower()


COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _same_in_any_case,
    "StringLike": like,
    "ArnEquals": _arn_like,  # as AWS reads it: the same as ArnLike
    "ArnLike": _arn_like,
    "Bool": _same_in_any_case,
}
for _kind in ("Numeric", "Date"):
    COMPARISONS |= {
        f"{_kind}Equals": _ordered(float.__eq__),
        f"{_kind}LessThan": _ordered(float.__lt__),
        f"{_kind}LessThanEquals": _ordered(float.__le__),
        f"{_kind}GreaterThan": _ordered(float.__gt__),
        f"{_kind}GreaterThanEquals": _ordered(float.__ge__),
    }
