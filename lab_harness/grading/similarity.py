"""Finds students whose code is alike beyond what the task itself explains.

Code is compared as the tokens of its syntax: without comments, layout, and the names that a student chose. What the
notebook and the reference answer hold too, and what much of the class wrote, explains itself and does not count.
"""

import ast
import builtins
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

WINDOW = 6  # tokens in a row that are compared as one
ENOUGH = 12  # windows that two have in common before chance and habit no longer explain it
ALIKE = 0.6  # of the unexplained windows of both
COMMON = 0.25  # of a class: what so many share is no sign of copying
FEW = 3  # students; in a small class each pair counts
MOST = 30  # students, in a class of any size
LONGEST = 100_000  # characters of a task's code that are compared
MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)

NAMED = ("id", "name", "arg", "asname")  # the fields of the syntax that hold names

Windows = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Pair:
    """Two students whose work for a lab is alike; `alike` is from 0 to 1, `shared` counts unexplained windows."""

    lab: str
    students: tuple[str, str]
    alike: float
    shared: int
    same_state: bool = False


@dataclass(frozen=True)
class Piece:
    """One student's work for a lab, as it is compared: the code of each task by itself, for who did the same tasks has
    them in the same order. The fingerprint of a complete one explains itself.
    """

    student: str
    codes: tuple[str, ...]
    fingerprint: str = ""
    complete: bool = False


def suspicious_pairs(lab: str, pieces: Iterable[Piece], explained: Iterable[str]) -> list[Pair]:
    """The pairs that are worth a look, most alike first. `explained` is code that everybody has: starter, solution."""
    known = list(explained)
    kept = names_in(known)
    pieces = sorted(pieces, key=lambda piece: piece.student)
    windows = _unexplained({piece.student: _windows_of_all(piece.codes, kept) for piece in pieces}, known, kept)
    states = _same_states(pieces)
    found = {}
    for one, other in sorted(_candidates(windows) | states):
        shared = len(windows[one] & windows[other])
        alike = shared / max(len(windows[one] | windows[other]), 1)
        if (shared >= ENOUGH and alike >= ALIKE) or (one, other) in states:
            found[one, other] = Pair(lab, (one, other), round(alike, 2), shared, (one, other) in states)
    return sorted(found.values(), key=lambda pair: (-pair.alike, -pair.shared, pair.students))


def windows_of(code: str, kept: frozenset[str]) -> Windows:
    """The code's windows of tokens; `kept` are names that the lab fixes."""
    plain = MAGIC.sub("", code[:LONGEST])
    try:
        tokens = [token for statement in ast.parse(plain).body for token in _tokens(statement, kept)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tokens = re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", plain))
    return frozenset(tuple(tokens[at : at + WINDOW]) for at in range(len(tokens) - WINDOW + 1))


def _windows_of_all(codes: Iterable[str], kept: frozenset[str]) -> Windows:
    return frozenset().union(*(windows_of(code, kept) for code in codes))


def names_in(codes: Iterable[str]) -> frozenset[str]:
    """The names in code that everybody has, and Python's own: whoever uses them did not choose them."""
    found = set(dir(builtins))
    for code in codes:
        found.update(re.findall(r"[A-Za-z_]\w*", code))
    return frozenset(found)


def _unexplained(by_student: Mapping[str, Windows], known: list[str], kept: frozenset[str]) -> dict[str, Windows]:
    everybody: set[tuple[str, ...]] = set()
    for code in known:
        everybody |= windows_of(code, kept)
    counts = Counter(window for windows in by_student.values() for window in windows)
    most = min(max(FEW, int(len(by_student) * COMMON)), MOST)
    common = {window for window, count in counts.items() if count > most}
    return {student: windows - everybody - common for student, windows in by_student.items()}


def _candidates(by_student: Mapping[str, Windows]) -> set[tuple[str, str]]:
    """The pairs with enough in common, found by what is rare instead of by looking at each pair."""
    owners = defaultdict(list)
    for student, windows in by_student.items():
        for window in windows:
            owners[window].append(student)
    counts = Counter(pair for students in owners.values() for pair in combinations(sorted(students), 2))
    return {pair for pair, count in counts.items() if count >= ENOUGH}


def _same_states(pieces: Iterable[Piece]) -> set[tuple[str, str]]:
    """The pairs that built the same, where it is not simply right and only few did."""
    owners = defaultdict(list)
    for piece in pieces:
        if piece.fingerprint and not piece.complete:
            owners[piece.fingerprint].append(piece.student)
    few = (students for students in owners.values() if len(students) <= FEW)
    return {pair for students in few for pair in combinations(sorted(students), 2)}


def _tokens(node: ast.AST, kept: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring, or a text that stands for a comment
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                if not isinstance(each, ast.expr_context):
                    yield from _tokens(each, kept)
            elif isinstance(each, str) and name in NAMED and not isinstance(node, ast.keyword):
                yield each if each in kept else "_"
            elif each is not None and name != "kind":
                yield repr(each)
