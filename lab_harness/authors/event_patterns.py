"""Says which fields of an EventBridge event pattern an event matches, which not, and why.

AWS's own TestEventPattern answers only yes or no. It decides; this explains, and leaves open what it cannot
say for certain. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from lab_harness.authors.event_operators import OPERATORS, Verdict, all_of, any_of, judge_item, reason

Path = tuple[str, ...]

MOST_WAYS = 1000  # what AWS allows $or to multiply to


@dataclass(frozen=True)
class Field:
    """One field of a pattern: what it asks, as JSON, what the event has there, whether that matches, and why."""

    path: str
    asked: str
    found: str
    matched: Verdict
    why: str


@dataclass(frozen=True)
class Comparison:
    """A pattern against an event: the fields of each way to match, of which `$or` makes several."""

    ways: tuple[tuple[Field, ...], ...]
    unclear: str = ""

    @property
    def matched(self) -> Verdict:
        """Whether all fields of one way match."""
        return None if self.unclear else any_of(all_of(field.matched for field in way) for way in self.ways)


class _Unclear(Exception):
    """The pattern says something that is not explained here."""


def compare(pattern: Any, event: Any) -> Comparison:
    """How an event compares with a pattern, field by field.

    For example:

        fields = [field for way in event_patterns.compare(pattern, event).ways for field in way if not field.matched]
    """
    try:
        return Comparison(tuple(tuple(_fields(_tree(way), event)) for way in _ways([{}], (), pattern)))
    except _Unclear as unclear:
        return Comparison((), str(unclear))


# The pattern, taken apart as EventBridge does it.


def _ways(ways: list[dict[Path, Any]], path: Path, pattern: Any) -> list[dict[Path, Any]]:
    """The ways that `$or` leaves to match: what each asks of each field. The last one written to a field stands."""
    if not isinstance(pattern, dict) or not pattern:
        _refused("an object with fields", pattern)
    for key, asked in pattern.items():
        if key == "$or":
            ways = [way for member in _members(asked) for way in _ways(list(ways), path, member)]
        elif "." in key:
            raise _Unclear(f"The field name {key!r} has a dot in it, which is not explained here.")
        elif isinstance(asked, dict):
            ways = _ways(ways, (*path, key), asked)
        elif isinstance(asked, list) and asked:
            ways = [{**way, (*path, key): asked} for way in ways]
        else:
            _refused(f"a list of values or an object for {key}", asked)
        if len(ways) > MOST_WAYS:
            raise _Unclear(f"$or makes more than {MOST_WAYS} ways to match.")
    return ways


def _members(asked: Any) -> list[dict[str, Any]]:
    if not isinstance(asked, list) or len(asked) < 2 or not all(isinstance(member, dict) for member in asked):
        _refused("a list of two or more objects for $or", asked)
    if reserved := sorted({"exists", *OPERATORS} & {name for member in asked for name in member}):
        raise _Unclear(f"{reserved[0]} below $or is a field's name, which is not explained here.")
    return list(asked)


def _refused(wanted: str, found: Any) -> NoReturn:
    raise _Unclear(f"A pattern needs {wanted}, not {json.dumps(found)}.")


def _tree(way: dict[Path, Any]) -> dict[str, Any]:
    """The fields as nested objects again: fields below one list of objects must match in the same object."""
    tree: dict[str, Any] = {}
    for path, asked in way.items():
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
            if not isinstance(node, dict):
                raise _Unclear(f"{'.'.join(path)} asks for values and for fields at once.")
        if isinstance(node.get(path[-1]), dict):
            raise _Unclear(f"{'.'.join(path)} asks for values and for fields at once.")
        node[path[-1]] = asked
    return tree


# The comparison.


def _fields(tree: dict[str, Any], event: Any, path: Path = (), among: bool = False) -> list[Field]:
    """One way's fields against an object; `among` tells that it is one of several in a list."""
    fields = []
    for key, asked in tree.items():
        there = isinstance(event, dict) and key in event
        value = event[key] if there else None
        if isinstance(asked, list):
            fields.append(_field((*path, key), asked, there, value, among))
        else:
            objects = _flat(value, dict) or [{}]
            several = among or len(objects) > 1
            fields += _nearest([_fields(asked, each, (*path, key), several) for each in objects])
    return fields


def _nearest(candidates: list[list[Field]]) -> list[Field]:
    """Of the objects in a list, the one that matches, or may match, or has most fields that do."""

    def rank(fields: list[Field]) -> tuple[int, int]:
        verdict = all_of(field.matched for field in fields)
        return (2 if verdict else 1 if verdict is None else 0), sum(field.matched is True for field in fields)

    return max(candidates, key=rank)


def _field(path: Path, asked: list[Any], there: bool, value: Any, among: bool) -> Field:
    leaves = [leaf for leaf in _flat(value, object) if not isinstance(leaf, dict)] if there else []
    judged = [(judge_item(item, leaves, among), item) for item in asked]
    matched = any_of(verdict for verdict, _ in judged)
    if matched is False and not leaves:
        why = "holds no single value" if there else "is not in the event"
    else:
        why = " and ".join(dict.fromkeys(reason(item, verdict) for verdict, item in judged if verdict is matched))
    return Field(".".join(path), json.dumps(asked), json.dumps(value) if there else "nothing", matched, why)


def _flat(value: Any, kind: type) -> list[Any]:
    """A value, or the members of a list and of the lists in it, as far as they are of a kind."""
    if isinstance(value, list):
        return [leaf for member in value for leaf in _flat(member, kind)]
    return [value] if isinstance(value, kind) else []
