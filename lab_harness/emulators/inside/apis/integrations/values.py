"""The values of a template, as Java has them: what is written of each, and which methods it has.

A template may call these methods and no others. Regular expressions, which could run for ever, are bounded.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab_harness.emulators.inside.apis.integrations.budget import MOST_CHARACTERS, TemplateError, spend, step, work

QUANTIFIERS = re.compile(r"[*+?{]")
ESCAPED = re.compile(r"\\(?:[1-9]|(.))", re.DOTALL)  # a character, or what a group has found
CHOICE_REPEATED = re.compile(r"\|.*\)[*+{]", re.DOTALL)
LONGEST_PATTERN = 200
LONGEST_SEARCHED = 5000  # characters in which a pattern with a quantifier is looked for
OF_AN_ELEMENT, OF_AN_ENTRY = 50, 1000  # what it costs to look at one, in characters
REFERENCE = re.compile(r"\\(.)|\$(\d)", re.DOTALL)


@dataclass
class Tool:
    """What API Gateway gives a template, such as `$input`: functions, and fields that are read like members."""

    functions: Mapping[str, Callable[..., Any]]
    fields: Mapping[str, Any] = field(default_factory=dict)


class Overrides(dict[str, Any]):
    """What a template overrides: each parameter once, as on AWS, where a second time is a failure."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            raise TemplateError(f"{key} is overridden twice")
        super().__setitem__(key, value)


def text(value: Any) -> str:
    """What is written of a value: a map as Java writes it, a list as JSON."""
    if isinstance(value, dict):
        step()
        return "{" + ", ".join(f"{text(key)}={text(each)}" for key, each in value.items()) + "}"
    found = value if isinstance(value, str) else as_json(value)
    spend(len(found))
    return found


def as_json(value: Any) -> str:
    """A value as JSON, without spaces."""
    step()
    if isinstance(value, dict):
        parts = [f"{json.dumps(text(key), ensure_ascii=False)}:{as_json(each)}" for key, each in value.items()]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_json(each) for each in value) + "]"
    if value is None or isinstance(value, str | int | float):
        found = json.dumps(value, ensure_ascii=False)
        spend(len(found))
        return found
    return '""'


def truth(value: Any) -> bool:
    """Whether a condition holds: all but null and false do, an empty text as well."""
    return value is not None and value is not False


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same; lists and maps are where they are one and the same."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return one is other
    if one is None or other is None:
        return one is other
    work(len(one) // 10 if isinstance(one, str) else 0)
    return bool(one == other) if type(one) is type(other) else text(one) == text(other)


def member(value: Any, name: str) -> Any:
    """A map's or a tool's member; None where there is none."""
    if isinstance(value, Tool):
        return value.fields.get(name)
    return value.get(name) if isinstance(value, dict) else None


def item(value: Any, index: Any) -> Any:
    """What stands at an index of a list, or at a key of a map; None where there is nothing."""
    if isinstance(value, list) and type(index) is int:
        return value[index] if 0 <= index < len(value) else None
    return value.get(index) if isinstance(value, dict) and isinstance(index, str) else None


def call(value: Any, name: str, arguments: list[Any]) -> Any:
    """What a method of a value returns. It is an error where it has no such method."""
    step()
    functions = value.functions if isinstance(value, Tool) else METHODS.get(type(value), _OF_OTHERS)
    if isinstance(value, Overrides):
        functions = METHODS[dict]
    if value is None:
        return None
    if name not in functions:
        raise TemplateError(f"there is no method {name} of a {type(value).__name__}")
    if isinstance(value, str):
        work(len(value) // 10)
    result = functions[name](*arguments) if isinstance(value, Tool) else functions[name](value, *arguments)
    work(len(result) if isinstance(result, str) else 0)
    return result


def _pattern(pattern: Any, searched: str) -> re.Pattern[str]:
    """A regular expression that ends in short time with this text."""
    plain = ESCAPED.sub(lambda found: "" if found[1] else "*", str(pattern))
    quantifiers = len(QUANTIFIERS.findall(plain))
    if len(str(pattern)) > LONGEST_PATTERN or quantifiers > 1 or CHOICE_REPEATED.search(plain):
        raise TemplateError("a regular expression has more than one quantifier, one of a choice, or 200 characters")
    if quantifiers and len(searched) > LONGEST_SEARCHED:
        raise TemplateError("the text is too long for a regular expression with a quantifier")
    work(len(searched) ** 2 // 4 if quantifiers else len(searched))
    try:
        return re.compile(str(pattern))
    except re.error as error:
        raise TemplateError(f"{pattern} is no regular expression") from error


def _replace_all(self: str, pattern: Any, new: Any) -> str:
    def expanded(found: re.Match[str]) -> str:
        made = REFERENCE.sub(lambda part: part[1] or found[int(part[2])] or "", text(new))
        spend(len(made))
        return made

    return _pattern(pattern, self).sub(expanded, self)


def _replace(self: str, old: Any, new: Any) -> str:
    if (self.count(text(old)) + 1) * len(text(new)) > MOST_CHARACTERS:
        raise TemplateError("the template writes more than 10 MB")
    return self.replace(text(old), text(new))


def _substring(self: str, start: int, end: int | None = None) -> str:
    if not 0 <= start <= (len(self) if end is None else end) <= len(self):
        raise TemplateError(f"there is no such part of {self!r}")
    return self[start:end]


def _set(self: list[Any], index: int, value: Any) -> Any:
    before, self[index] = self[index], value
    return before


def _put(self: dict[str, Any], key: Any, value: Any) -> Any:
    before = self.get(key)
    self[key] = value
    return before


def _holds(self: list[Any], value: Any) -> bool:
    work(len(self) * OF_AN_ELEMENT)
    return any(equal(each, value) for each in self)


def _listed(self: Any) -> list[Any]:
    work(len(self) * OF_AN_ELEMENT)
    return list(self)


def _entries(self: dict[str, Any]) -> list[Any]:
    work(len(self) * OF_AN_ENTRY)
    return [Tool({"getKey": lambda k=k: k, "getValue": lambda v=v: v}, {"key": k, "value": v}) for k, v in self.items()]


_OF_OTHERS: Mapping[str, Callable[..., Any]] = {"toString": text, "equals": equal, "intValue": int}
METHODS: Mapping[type, Mapping[str, Callable[..., Any]]] = {
    str: {
        **_OF_OTHERS,
        "length": len,
        "isEmpty": lambda self: not self,
        "contains": lambda self, part: text(part) in self,
        "startsWith": lambda self, part: self.startswith(text(part)),
        "endsWith": lambda self, part: self.endswith(text(part)),
        "indexOf": lambda self, part: self.find(text(part)),
        "equalsIgnoreCase": lambda self, other: self.lower() == text(other).lower(),
        "toLowerCase": str.lower,
        "toUpperCase": str.upper,
        "trim": str.strip,
        "concat": lambda self, other: text(self) + text(other),
        "substring": _substring,
        "replace": _replace,
        "replaceAll": _replace_all,
        "matches": lambda self, pattern: bool(_pattern(pattern, self).fullmatch(self)),
        "split": lambda self, pattern: _listed(_pattern(pattern, self).split(self)),
    },
    list: {
        **_OF_OTHERS,
        "size": len,
        "isEmpty": lambda self: not self,
        "get": item,
        "contains": _holds,
        "add": lambda self, value: self.append(value) or True,
        "set": _set,
    },
    dict: {
        **_OF_OTHERS,
        "size": len,
        "isEmpty": lambda self: not self,
        "get": lambda self, key: self.get(text(key)),
        "containsKey": lambda self, key: text(key) in self,
        "keySet": _listed,
        "values": lambda self: _listed(self.values()),
        "entrySet": _entries,
        "put": _put,
        "putAll": lambda self, others: self.update(others),
    },
}
