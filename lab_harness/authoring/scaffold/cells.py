"""A notebook from a text: each cell begins with a line like `# %% queue task:queue` or `# %% [markdown] queue-md`."""

import re
from typing import Any

from nbformat import v4

CELL = re.compile(r"^# %% (?P<markdown>\[markdown\] )?(?P<id>[\w-]+)(?: (?P<tag>\S+))?\n", re.MULTILINE)


def notebook(text: str) -> str:
    """The notebook that a text describes, as JSON; what stands behind a cell's id is its tag."""
    format_: Any = v4
    marks = list(CELL.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    cells = []
    for mark, end in zip(marks, ends, strict=True):
        make = format_.new_markdown_cell if mark["markdown"] else format_.new_code_cell
        tags = {"tags": [mark["tag"]]} if mark["tag"] else {}
        cells.append(make(text[mark.end() : end].strip("\n"), id=mark["id"], metadata=tags))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return str(format_.writes(format_.new_notebook(cells=cells, metadata=metadata))) + "\n"
