"""Whether a handler in the learner's files is newer than its function: a forgotten deployment explains failures."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.lab.file import TASK_TAG
from lab_harness.lab.labs import Lab
from lab_harness.results import CheckResult, Outcome

WRITTEN = re.compile(r"%%writefile (functions/(\w+)/\w+\.py)\n")  # what a task's cell begins with
TOLERANCE = 1.0  # seconds: of when a function was changed an emulator may tell no more than the second


def reminder(lab: Lab, clients: Clients, folders: Collection[Path]) -> Callable[[CheckResult], CheckResult]:
    """What puts before the next step of a failed check that the handler of its task is not deployed yet, if so.

    The handler lies in one of these folders; where it lies in none, as for a grader, nothing is known.
    """
    written = _written(Course(lab.folder.parent.parent).notebooks / lab.file.notebook)

    def remind(result: CheckResult) -> CheckResult:
        file = written.get(result.task or "")
        if result.outcome is not Outcome.FAILED or file is None or not _is_newer(clients, file, folders):
            return result
        first = f"{file[0]} has changed since the function got its code: run the cell that deploys it, and check again."
        return replace(result, next_step=f"{first} {result.next_step or ''}".rstrip())

    return remind


def _written(notebook: Path) -> dict[str, tuple[str, str]]:
    """The file that the cell of a task writes, and the folder's name, by task."""
    found: dict[str, tuple[str, str]] = {}
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    for cell in cells:
        tasks = filter(None, map(TASK_TAG.fullmatch, cell.get("metadata", {}).get("tags", [])))
        if file := WRITTEN.match("".join(cell.get("source", ""))):
            found |= {task[1]: (file[1], file[2]) for task in tasks}
    return found


def _is_newer(clients: Clients, file: tuple[str, str], folders: Collection[Path]) -> bool:
    """Whether the file was written after the function that is called like its folder was changed."""
    times = [path.stat().st_mtime for folder in folders if (path := folder / file[0]).is_file()]
    if not times:
        return False
    try:
        name = file[1].replace("_", "-")
        changed = clients["lambda"].get_function_configuration(FunctionName=name)["LastModified"]
        return times[0] > datetime.fromisoformat(changed).timestamp() + TOLERANCE
    except (BotoCoreError, ClientError, ValueError):
        return False
