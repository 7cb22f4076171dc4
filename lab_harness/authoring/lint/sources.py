"""The rules for what stands in a lab's files and its notebook: Python that can be parsed, links that lead somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lab_harness.course import Course
from lab_harness.lab.labs import Lab
from lab_harness.lab.notebooks import read_notebook

LINK = re.compile(r"\]\((?!\w+:|#|/)([^)#\s]+)")  # Markdown's, to a file beside the one that it stands in
PYTHON_BELOW = re.compile(r"\A%%(?:(?:after|capture|time)\b.*|writefile .*\.py)$", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def python_can_be_parsed(course: Course, lab: Lab) -> Iterator[str]:
    """The answers and the functions; `checks.py` is loaded by every other rule."""
    functions = [*lab.folder.glob("functions/**/*.py"), *lab.folder.glob("given/**/*.py")]
    for path in sorted([lab.folder / "solution.py", *functions]):
        if path.is_file() and (problem := _problem(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(lab.folder).as_posix()}, {problem}"


def notebook_code_can_be_parsed(course: Course, lab: Lab) -> Iterator[str]:
    """The code of each cell, as IPython reads it: a magic is no mistake."""
    for cell in read_notebook(course.notebooks / lab.file.notebook).cells:
        if cell.cell_type == "code" and (problem := _problem(_as_python(cell.source))):
            yield f"{lab.file.notebook}, cell {cell.id}, {problem}"


def links_lead_somewhere(course: Course, lab: Lab) -> Iterator[str]:
    """A link in the notebook's texts or the lab's README to a file names one that is there."""
    readme = lab.folder / "README.md"
    if readme.exists():
        yield from _dead_links(readme.read_text(encoding="utf-8"), lab.folder, "README.md")
    for cell in read_notebook(course.notebooks / lab.file.notebook).cells:
        if cell.cell_type == "markdown":
            yield from _dead_links(cell.source, course.notebooks, f"{lab.file.notebook}, cell {cell.id}")


def _as_python(cell: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager  # takes a moment

    cell = PYTHON_BELOW.sub("#", cell, count=1)  # a comment, so that the lines keep their numbers
    return str(TransformerManager().transform_cell(cell))  # type: ignore[no-untyped-call]


def _problem(source: str) -> str:
    """Where Python could not go on reading, and why; empty where it can read all."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return f"line {line}: {getattr(error, 'msg', error)}"
    return ""


def _dead_links(text: str, folder: Path, where: str) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", text)):
        if not (folder / unquote(target)).exists():
            yield f"{where}: the link to {target} leads nowhere"
