"""What an EventBridge event pattern may ask of one value, whether the value is so, and how to say why.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import json
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

from lab_harness.iam.conditions import ITSELF, like

Verdict = bool | None  # None: it cannot be said here

COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether all are so."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether one at least is so."""
    found = set(verdicts)
    return True if True in found else None if None in found else False


def judge_item(item: Any, leaves: Sequence[Any], among: bool) -> Verdict:
    """Whether any of the event's values is what one item of a pattern's list asks for.

    `among` tells that they come from one of several objects in a list.
    """
    if not isinstance(item, dict):
        return any_of(_same(item, leaf) for leaf in leaves)
    name, operand = next(iter(item.items()), ("", None))
    if len(item) != 1 or (name not in OPERATORS and name != "exists"):
        return None
    if name == "exists":
        return None if among and operand is False else bool(leaves) is operand
    return any_of(_operation(name, operand, leaf) for leaf in leaves)


def _operation(name: str, operand: Any, value: Any) -> Verdict:
    try:
        return OPERATORS[name].judge(operand, value)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # AWS would refuse such an operand.


def _same(asked: Any, value: Any) -> Verdict:
    """Equality in JSON: text is never a number, and true is not 1."""
    if isinstance(asked, dict | list):
        return None
    numbers = [each for each in (asked, value) if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) == 2 and asked == value and repr(asked) != repr(value):
        return None  # AWS compares numbers as they are written: 300 is not 300.0.
    return type(asked) is type(value) and bool(asked == value)


def _affix(at: Callable[[str, str], bool]) -> Callable[[Any, Any], Verdict]:
    def judge(operand: Any, value: Any) -> Verdict:
        if isinstance(operand, dict):
            operand = operand["equals-ignore-case"]
            return isinstance(value, str) and _if_ascii(operand, value, at(value.lower(), operand.lower()))
        return isinstance(value, str) and at(value, operand)

    return judge


def _if_ascii(operand: str, value: str, verdict: bool) -> Verdict:
    return verdict if operand.isascii() and value.isascii() else None


def _anything_but(operand: Any, value: Any) -> Verdict:
    if isinstance(operand, dict):
        ((name, operands),) = operand.items()
        among = operands if isinstance(operands, list) else [operands]
        found = any_of(_operation(name, each, value) for each in among)
    else:
        found = any_of(_same(each, value) for each in (operand if isinstance(operand, list) else [operand]))
    return None if found is None else not found


def _numeric(operand: list[Any], value: Any) -> Verdict:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(COMPARISONS[sign](value, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True))


def _wildcard(operand: str, value: Any) -> Verdict:
    """`*` stands for any text; `\\*` and `\\\\` for a star and a backslash."""
    parts = re.findall(r"\\[\\*]|\*|[^\\*]+", operand)
    if "".join(parts) != operand or ("*", "*") in pairwise(parts):
        return None  # AWS refuses another backslash, and two stars in a row.
    pattern = "".join(part if part == "*" else re.sub(r"\\(.)", r"\1", part).translate(ITSELF) for part in parts)
    return isinstance(value, str) and like(pattern, value)


def _cidr(operand: str, value: Any) -> Verdict:
    network = ip_network(operand, strict=False)
    try:
        return isinstance(value, str) and ip_address(value) in network
    except ValueError:
        return False  # The event's text is no address.


def _equal_but_for_case(operand: str, value: Any) -> Verdict:
    return isinstance(value, str) and _if_ascii(operand, value, operand.lower() == value.lower())


@dataclass(frozen=True)
class Operator:
    """What decides about one value, and how to say that it matched or did not; `{}` is the operand."""

    judge: Callable[[Any, Any], Verdict]
    yes: str
    no: str


OPERATORS = {
    "anything-but": Operator(_anything_but, "is not ruled out by {}", "is ruled out by {}"),
    "cidr": Operator(_cidr, "is an address in {}", "is no address in {}"),
    "equals-ignore-case": Operator(_equal_but_for_case, "is {} but for its case", "is not {}, even but for its case"),
    "numeric": Operator(_numeric, "is a number {}", "is no number {}"),
    "prefix": Operator(_affix(str.startswith), "begins with {}", "does not begin with {}"),
    "suffix": Operator(_affix(str.endswith), "ends in {}", "does not end in {}"),
    "wildcard": Operator(_wildcard, "fits {}", "does not fit {}"),
}


def reason(item: Any, verdict: Verdict) -> str:
    """In words, what an item of a pattern's list found."""
    if not isinstance(item, dict) and verdict:
        return "is the same"
    if not isinstance(item, dict):
        return f"{'may be' if verdict is None else 'is not'} {json.dumps(item)}"
    if verdict is None:
        return f"{json.dumps(item)} is not judged here"
    ((name, operand),) = item.items()
    if name == "exists":
        return "is there" if operand is verdict else "is not there"
    text = " ".join(map(str, operand)) if name == "numeric" else json.dumps(operand)
    return (OPERATORS[name].yes if verdict else OPERATORS[name].no).format(text)
