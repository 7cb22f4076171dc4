"""The rule for what a lab's files import of the package: the author API, and no more."""

import ast
from collections.abc import Iterator
from pathlib import Path

from lab_harness import authors
from lab_harness.course import Course
from lab_harness.lab.labs import Lab
from lab_harness.lab.modules import check_sources

AUTHORS = authors.__name__
PACKAGE = AUTHORS.partition(".")[0]
# What each of a lab's files may import of the package: public names, by the module that has them.
OF_CHECKS, OF_SOLUTION = {AUTHORS: set(authors.__all__)}, {PACKAGE: {"load_lab"}}


def lab_imports_what_is_public(course: Course, lab: Lab) -> Iterator[str]:
    """Checks and probes import public names of lab_harness.authors, solution.py `load_lab`, and a function nothing."""
    public_to = dict.fromkeys(check_sources(lab.folder), OF_CHECKS) | {lab.folder / "solution.py": OF_SOLUTION}
    for path in sorted(lab.folder.rglob("*.py")):
        name, public = path.relative_to(lab.folder).as_posix(), public_to.get(path, {})
        for line, module, imported in _imports(path):
            if imported not in public.get(module, ()):
                yield f"{name}, line {line}: imports {'.'.join(filter(None, (module, imported)))}; {_allowed(public)}"


def _imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """What a file imports of the package: the line, the module and the name; "" where it is the module itself."""
    try:
        tree = ast.parse(path.read_bytes(), path)
    except SyntaxError:
        return  # python_can_be_parsed says so.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        yield from ((node.lineno, *each) for each in found if each[0].partition(".")[0] == PACKAGE)


def _allowed(public: dict[str, set[str]]) -> str:
    for module, names in public.items():
        return f"of the package it may import these names of {module} alone: {', '.join(sorted(names))}"
    return "a function has nothing of the package where it runs"
