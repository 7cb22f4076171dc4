"""Python code that templates write, laid out as ruff does, whatever names are filled in."""

import ast
import re
from collections.abc import Sequence

WIDTH = 120  # characters of a line
IMPORT = re.compile(r"^(?P<source>from \S+ )?import (?P<names>[^(\n]+)\n", re.MULTILINE)

Argument = str | tuple[str, Sequence[str]]  # as it stands, or a tuple: what is before its bracket, what is in it


def call(name: str, *arguments: Argument, indent: int = 0) -> str:
    """A call: on one line, else its arguments on a line of their own, else each on one."""
    flat = [each if isinstance(each, str) else f"{each[0]}({', '.join(each[1])})" for each in arguments]
    one = f"{name}({', '.join(flat)})"
    if indent + len(one) <= WIDTH:
        return one
    inside = " " * (indent + 4)
    if len(inside) + len(", ".join(flat)) <= WIDTH:
        lines = [f"{inside}{', '.join(flat)}"]
    else:
        parts = [each if isinstance(each, str) else collection(*each, indent=indent + 4) for each in arguments]
        lines = [f"{inside}{part}," for part in parts]
    return "\n".join([f"{name}(", *lines, f"{' ' * indent})"])


def collection(before: str, entries: Sequence[str], brackets: str = "()", after: str = "", indent: int = 0) -> str:
    """A tuple or set on one line, else each entry on one; `after` is a comment on the first line."""
    one = f"{before}{brackets[0]}{', '.join(entries)}{brackets[1]}{after}"
    if indent + len(one) <= WIDTH:
        return one
    pad = " " * indent
    return "\n".join(
        [f"{before}{brackets[0]}{after}", *(f"{pad}    {each}," for each in entries), f"{pad}{brackets[1]}"]
    )


def without_unused_imports(code: str) -> str:
    """The code without the imports that it does not use: its template has all that any part may need."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}

    def kept(line: re.Match[str]) -> str:
        names = [name for name in line["names"].split(", ") if name.partition(".")[0] in used]
        return f"{line['source'] or ''}import {', '.join(names)}\n" if names else ""

    tidied = re.sub(r"\n{3,}(?=from |import )", "\n\n", IMPORT.sub(kept, code))
    return re.sub(r"\n{4,}", "\n\n\n", tidied).lstrip("\n")
