"""Whether a handler in the learner's files is newer than its function: a forgotten deployment explains failures."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.lab.file import TASK_TAG
from lab_harness.lab.labs import Lab
from lab_harness.results import CheckResult, Outcome

WRITTEN = re.compile(r"%%writefile (functions/(\w+)/\w+\.py)\n")  # what a task's cell begins with
TOLERANCE = 1.0  # seconds: of when a function was changed an emulator may tell no more than the second


class Handler(NamedTuple):
    """A file that the cell of a task writes, and the function that gets its code."""

    path: str
    function: str


def reminder(lab: Lab, clients: Clients, folders: Collection[Path]) -> Callable[[CheckResult], CheckResult]:
    """What puts before the next step of a failed check that the handler of its task is not deployed yet, if so.

    The handler lies in one of these folders; where it lies in none, as for a grader, nothing is known.
    """
    written = _written(Course(lab.folder.parent.parent).notebooks / lab.file.notebook)

    def remind(result: CheckResult) -> CheckResult:
        handler = written.get(result.task or "")
        if result.outcome is not Outcome.FAILED or handler is None or not _is_newer(clients, handler, folders):
            return result
        first = f"{handler.path} has changed since the function got its code"
        next_step = f"{first}: run the cell that deploys it, and check again. {result.next_step or ''}".rstrip()
        return replace(result, next_step=next_step)

    return remind


def _written(notebook: Path) -> dict[str, Handler]:
    """The handlers that the cells of tasks write, by task."""
    found: dict[str, Handler] = {}
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    for cell in cells:
        tasks = filter(None, map(TASK_TAG.fullmatch, cell.get("metadata", {}).get("tags", [])))
        if file := WRITTEN.match("".join(cell.get("source", ""))):
            found |= {task[1]: Handler(file[1], file[2].replace("_", "-")) for task in tasks}
    return found


def _is_newer(clients: Clients, handler: Handler, folders: Collection[Path]) -> bool:
    """Whether the handler was written after its function was changed."""
    times = [path.stat().st_mtime for folder in folders if (path := folder / handler.path).is_file()]
    if not times:
        return False
    try:
        changed = clients["lambda"].get_function_configuration(FunctionName=handler.function)["LastModified"]
        return times[0] > datetime.fromisoformat(changed).timestamp() + TOLERANCE
    except (BotoCoreError, ClientError, ValueError):
        return False
