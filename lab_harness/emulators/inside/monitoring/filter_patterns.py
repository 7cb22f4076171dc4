"""Filter patterns of CloudWatch Logs: by words, and by the fields of lines that are JSON.

Patterns of columns, `[ip, user, ...]`, and regular expressions, `%...%`, are none here. As on AWS, a path has one `[*]`
at most and a pattern three, so that no line takes long to compare.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html (2026)
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any

Test = Callable[[Any], bool]

LONGEST = 1024  # characters of a pattern
MOST_IN_PATH, MOST_IN_PATTERN = 1, 3  # of [*]
WORDS = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
TOKEN = re.compile(
    r"""\s*(?:(?P<path>\$(?:\.[\w-]+|\[(?:\d+|\*)\])+)|(?P<operator>&&|\|\||[()]|!=|>=|<=|[=<>])"""
    r"""|(?P<words>IS\s+NULL|IS\s+TRUE|IS\s+FALSE|NOT\s+EXISTS)\b|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"()&|=<>!%]+))"""
)
PART = re.compile(r"\.([\w-]+)|\[(\d+|\*)\]")
ORDERS: Mapping[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
STATES: Mapping[str, Test] = {
    "IS NULL": lambda found: None in found,
    "IS TRUE": lambda found: any(each is True for each in found),
    "IS FALSE": lambda found: any(each is False for each in found),
    "NOT EXISTS": lambda found: not found,
}


class PatternError(ValueError):
    """A text that is no pattern, or of a kind that is not read here; what it says is for who wrote it."""


@lru_cache(256)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a line fits this pattern, for each line. Raises a `PatternError`."""
    text = pattern.strip()
    if len(text) > LONGEST:
        raise PatternError(f"The pattern is longer than {LONGEST} characters.")
    if text.startswith("["):
        raise PatternError("This emulator takes patterns of words and of JSON, and none of columns.")
    if not text.startswith("{"):
        return _of_words(text)
    try:
        test = Reader(text).whole()
    except RecursionError as error:
        raise PatternError("The pattern is nested too deeply.") from error
    return lambda line: _fits(test, line)


def flaw(pattern: str) -> str:
    """What is wrong with a pattern, as AWS says it; "" where it is one."""
    try:
        matcher(pattern)
    except PatternError as error:
        return f"Invalid filter pattern. {error}"
    return ""


def value_at(line: str, path: str) -> Any:
    """What stands at a path such as `$.level` of a line that is JSON; None where nothing does."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return next(_values(told, PART.findall(path)), None)


def _fits(test: Test, line: str) -> bool:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and test(told)


def _of_words(text: str) -> Callable[[str], bool]:
    """All words, one of those with a ?, if there are any, and none with a -."""
    words = [(sign, quoted or plain) for sign, quoted, plain in WORDS.findall(text)]
    some = [word for sign, word in words if sign == "?"]
    return lambda line: (
        all(word in line for sign, word in words if not sign)
        and not any(word in line for sign, word in words if sign == "-")
        and (not some or any(word in line for word in some) or any(not sign for sign, _ in words))
    )


class Reader:
    """Reads `{ $.level = "ERROR" && ($.tries > 3 || $.user NOT EXISTS) }`."""

    def __init__(self, text: str) -> None:
        if not text.endswith("}"):
            raise PatternError("A pattern of JSON ends in a brace.")
        self._tokens = list(_tokens(text[1:-1]))
        self._at = 0
        wide = [token.count("[*]") for kind, token in self._tokens if kind == "path"]
        if max(wide, default=0) > MOST_IN_PATH or sum(wide) > MOST_IN_PATTERN:
            raise PatternError(f"A path has {MOST_IN_PATH} [*] at most, and a pattern {MOST_IN_PATTERN}.")

    def whole(self) -> Test:
        """The test that the whole pattern is."""
        test = self._any()
        if self._at < len(self._tokens):
            raise PatternError(f"Nobody knows what {self._tokens[self._at][1]!r} is there for.")
        return test

    def _any(self) -> Test:
        return self._joined("||", any, self._all)

    def _all(self) -> Test:
        return self._joined("&&", all, self._one)

    def _joined(self, operator: str, which: Callable[[Iterator[bool]], bool], part: Callable[[], Test]) -> Test:
        tests = [part()]
        while self._next_is(operator):
            tests.append(part())
        return tests[0] if len(tests) == 1 else lambda told: which(each(told) for each in tests)

    def _next_is(self, operator: str) -> bool:
        found = self._tokens[self._at : self._at + 1] == [("operator", operator)]
        self._at += found
        return found

    def _take(self, *kinds: str) -> tuple[str, str]:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        if kind not in kinds:
            raise PatternError(f"{text or 'The end'} comes where the pattern needs {' or '.join(kinds)}.")
        self._at += 1
        return kind, text

    def _one(self) -> Test:
        if self._next_is("("):
            test = self._any()
            if not self._next_is(")"):
                raise PatternError("A parenthesis is not closed.")
            return test
        path = PART.findall(self._take("path")[1])
        kind, text = self._take("operator", "words")
        compared = (
            STATES[" ".join(text.split())] if kind == "words" else _compared(text, *self._take("quoted", "plain"))
        )
        return lambda told: compared(list(_values(told, path)))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise PatternError(f"{text[at:].strip()[:40]!r} cannot be read; regular expressions are none here.")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _compared(operator: str, kind: str, text: str) -> Test:
    """A test of the values at a path; without any no comparison holds."""
    limit = number(text) if kind == "plain" else None
    if operator in ORDERS:
        if limit is None:
            raise PatternError(f"{text!r} is no number.")
        return lambda found: any(ORDERS[operator](each, limit) for each in found if _is_number(each))
    if operator not in ("=", "!="):
        raise PatternError(f"{operator} compares nothing.")
    pattern = re.sub(r"\\(.)", r"\1", text).replace("[", "[[]").replace("?", "[?]")

    def equal(value: Any) -> bool:
        if (kind, text) == ("plain", "*"):
            return value is not None
        if _is_number(value):
            return bool(limit == value)
        return isinstance(value, str) and fnmatchcase(value, pattern)

    return lambda found: any(equal(each) is (operator == "=") for each in found)


def number(text: str) -> float | None:
    """The number that a text is; None where it is none."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _values(told: Any, path: list[tuple[str, str]]) -> Iterator[Any]:
    """What stands at a path: nothing, one value, or with a * each element's."""
    if not path:
        yield told
        return
    (name, index), *rest = path
    if name and isinstance(told, dict) and name in told:
        yield from _values(told[name], rest)
    elif index and isinstance(told, list):
        chosen = told if index == "*" else told[int(index) : int(index) + 1]
        for each in chosen:
            yield from _values(each, rest)
