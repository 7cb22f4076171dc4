"""Examples of the helpers, taken from the checks of the course's labs: of each the shortest statement that uses it."""

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from lab_harness.authoring.reference.helpers import PACKAGE, PARAMETERS
from lab_harness.course import Course
from lab_harness.lab.labs import all_labs
from lab_harness.lab.modules import check_sources

MOST_LINES = 6  # of an example; of a longer statement the first line is shown


@dataclass(frozen=True, order=True)
class Example:
    """A statement of a lab's checks. Of two the smaller is the better one to show."""

    lines: int
    length: int
    lab: str
    code: str
    file: str = "checks.py"


def examples(course: Course) -> dict[str, Example]:
    """The best example of each name of `lab_harness.authors` that a lab's checks use, by its full name."""
    best: dict[str, Example] = {}
    for lab in all_labs(course):
        for path in check_sources(lab.folder):
            for name, code in _uses(path.read_text(encoding="utf-8")):
                file = path.relative_to(lab.folder).as_posix()
                found = Example(code.count("\n") + 1, len(code), lab.id, code, file)
                best[name] = min(found, best.get(name, found))
    return best


def _uses(source: str) -> Iterator[tuple[str, str]]:
    """Each helper's full name that a source uses, and the statement in which it does."""
    tree = ast.parse(source)
    known = PARAMETERS | dict(_imported(tree))
    for statement in ast.walk(tree):
        if isinstance(statement, ast.stmt) and not isinstance(statement, ast.Import | ast.ImportFrom):
            for name in _named(statement, known):
                yield name, _shown(source, statement)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _named(statement: ast.stmt, known: dict[str, str]) -> Iterator[str]:
    """The full names in a statement itself, without those in the statements that it holds."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in known:
                yield f"{known[first]}.{rest}" if rest else known[first]
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _shown(source: str, statement: ast.stmt) -> str:
    lines = source.splitlines()
    marks = getattr(statement, "decorator_list", [])
    first, last = min([statement.lineno, *(mark.lineno for mark in marks)]), statement.end_lineno or statement.lineno
    body = getattr(statement, "body", None)
    if last - first >= MOST_LINES and body:
        head = [line for line in lines[first - 1 : body[0].lineno - 1] if line.strip()]
        return textwrap.dedent("\n".join([*head, f"{' ' * body[0].col_offset}..."]))
    return textwrap.dedent("\n".join(lines[first - 1 : last]))
