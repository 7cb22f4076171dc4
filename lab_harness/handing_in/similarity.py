"""Finds students whose code is more alike than the task explains.

What is compared are the tokens of the syntax, without comments, layout, and the names that a student chose. Code that
is in the notebook or in the reference answer, or that many students wrote, does not count.

That two accounts are in the same state, and not right, says nothing by itself: whoever stops after the same task has
built the same. With code that is somewhat alike, it says that a mistake was copied with it.
"""

import ast
import builtins
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations, islice
from typing import Any

WINDOW = 6  # tokens in a row that are compared as one
# Windows that two have in common before chance and habit no longer explain it. Two calls of AWS's with the same two
# settings more than asked for have some 20.
ENOUGH = 30
ALIKE = 0.6  # of the unexplained windows of both
ALIKE_IN_ONE_STATE = 0.3  # where both have built the same, and not right
COMMON = 0.25  # of a class: what so many share is no sign of copying
FEW = 3  # students; in a small class each pair counts
MOST = 30  # students, in a class of any size
LONGEST = 20_000  # characters of a task's code that are compared
MOST_WINDOWS = 5_000  # of one student's for a lab
MAGIC = re.compile(r"^[^\S\n]*[%!].*$", re.MULTILINE)  # within one line: many empty lines would take long

NAMED = ("id", "name", "arg", "asname")  # the fields of the syntax that hold names

Hashes = frozenset[int]
HashAll = Callable[[Sequence[tuple[str, ...]], frozenset[str]], Sequence[Hashes]]  # the code of each student's


@dataclass(frozen=True)
class Pair:
    """Two students whose work for a lab is alike. `alike` is from 0 to 1; `shared` counts the windows that count."""

    lab: str
    students: tuple[str, str]
    alike: float
    shared: int
    same_state: bool = False


@dataclass(frozen=True)
class Piece:
    """One student's work for a lab, as it is compared.

    `codes` has the code of each task, in the order of the tasks. The fingerprints of complete work are not compared:
    they are the same because the work is right.
    """

    student: str
    codes: tuple[str, ...]
    fingerprint: str = ""
    complete: bool = False


def hash_here(codes: Sequence[tuple[str, ...]], kept: frozenset[str]) -> list[Hashes]:
    """The hashes of code that is safe to parse in this process."""
    return [hashes_of(each, kept) for each in codes]


def suspicious_pairs(
    lab: str, pieces: Iterable[Piece], explained: Iterable[str], hash_all: HashAll = hash_here
) -> list[Pair]:
    """The pairs that a teacher should look at, most alike first. `explained` is code that everybody has."""
    known = list(explained)
    kept = names_in(known)
    pieces = sorted(pieces, key=lambda piece: piece.student)
    hashes = hash_all([piece.codes for piece in pieces], kept)
    everybody = frozenset().union(*(hashes_of([code], kept) for code in known))
    by_student = {piece.student: each for piece, each in zip(pieces, hashes, strict=True)}
    windows = _unexplained(by_student, everybody)
    states = _same_states(pieces)
    found = {}
    for one, other in sorted(_candidates(windows)):
        shared = len(windows[one] & windows[other])
        alike = shared / max(len(windows[one] | windows[other]), 1)
        same = (one, other) in states
        if shared >= ENOUGH and alike >= (ALIKE_IN_ONE_STATE if same else ALIKE):
            found[one, other] = Pair(lab, (one, other), round(alike, 2), shared, same)
    return sorted(found.values(), key=lambda pair: (-pair.alike, -pair.shared, pair.students))


def windows_of(code: str, kept: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """All runs of WINDOW tokens. Names in `kept` that the code does not give itself stay; all others are one token."""
    plain = MAGIC.sub("", code[:LONGEST])
    try:
        tree = ast.parse(plain)
        others = kept - _given_names(tree)
        tokens = [token for statement in tree.body for token in _tokens(statement, others)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tokens = re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", plain))
    return (tuple(tokens[at : at + WINDOW]) for at in range(len(tokens) - WINDOW + 1))


def hashes_of(codes: Iterable[str], kept: frozenset[str]) -> Hashes:
    """The windows of all this code, as numbers that are the same in every process; at most MOST_WINDOWS of them."""
    windows = islice((window for code in codes for window in windows_of(code, kept)), MOST_WINDOWS)
    return frozenset(_number(window) for window in windows)


def _number(window: tuple[str, ...]) -> int:
    digest = blake2b("\0".join(window).encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def names_in(codes: Iterable[str]) -> frozenset[str]:
    """The names in code that everybody has, and Python's own names: no student has chosen these."""
    found = set(dir(builtins))
    for code in codes:
        found.update(re.findall(r"[A-Za-z_]\w*", code))
    return frozenset(found)


def _given_names(tree: ast.AST) -> set[str]:
    """The names that code gives to variables, parameters, functions and classes: a copy gives them others."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif not isinstance(node, ast.alias | ast.keyword):
            found |= {getattr(node, field) for field in ("name", "arg") if isinstance(getattr(node, field, None), str)}
    return found


def _unexplained(by_student: Mapping[str, Hashes], everybody: Hashes) -> dict[str, Hashes]:
    counts = Counter(window for windows in by_student.values() for window in windows)
    most = min(max(FEW, int(len(by_student) * COMMON)), MOST)
    common = {window for window, count in counts.items() if count > most}
    return {student: windows - everybody - common for student, windows in by_student.items()}


def _candidates(by_student: Mapping[str, Hashes]) -> set[tuple[str, str]]:
    """The pairs with enough windows in common, found from the windows, without comparing every pair."""
    owners = defaultdict(list)
    for student, windows in by_student.items():
        for window in windows:
            owners[window].append(student)
    counts = Counter(pair for students in owners.values() for pair in combinations(sorted(students), 2))
    return {pair for pair, count in counts.items() if count >= ENOUGH}


def _same_states(pieces: Iterable[Piece]) -> set[tuple[str, str]]:
    """The pairs with the same fingerprint, where the work is not complete and only few students have it."""
    owners = defaultdict(list)
    for piece in pieces:
        if piece.fingerprint and not piece.complete:
            owners[piece.fingerprint].append(piece.student)
    few = (students for students in owners.values() if len(students) <= FEW)
    return {pair for students in few for pair in combinations(sorted(students), 2)}


def _tokens(tree: ast.AST, kept: frozenset[str]) -> Iterator[str]:
    """The tokens of a syntax tree, in the order of the source; a node comes before its parts."""
    waiting: list[ast.AST | str] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)):  # a text that is a comment
            yield type(each).__name__
            waiting += reversed(list(_parts(each, kept)))


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node. Keyword arguments, and the entries of a dictionary, come in one order, however they stand.

    Many write an AWS call in the order of its documentation, others in that of the task: no sign of copying.
    """
    if isinstance(node, ast.Dict):
        entries = sorted(zip(node.keys, node.values, strict=True), key=_key)
        yield from (("keys", [key for key, _ in entries]), ("values", [value for _, value in entries]))
        return
    for name, value in ast.iter_fields(node):
        keywords = isinstance(node, ast.Call) and name == "keywords"
        yield name, sorted(value, key=lambda keyword: keyword.arg or "") if keywords else value


def _key(entry: tuple[ast.expr | None, ast.expr]) -> str:
    """What an entry of a dictionary is put in order by; those whose key is no constant stay in their order."""
    return repr(entry[0].value) if isinstance(entry[0], ast.Constant) else ""


def _parts(node: ast.AST, kept: frozenset[str]) -> Iterator[ast.AST | str]:
    for name, value in _fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                if not isinstance(each, ast.expr_context):
                    yield each
            elif isinstance(each, str) and name in NAMED and not isinstance(node, ast.keyword):
                yield each if each in kept else "_"
            elif each is not None and name != "kind":
                yield repr(each)
