"""Makes what a learner hands in: a signed bundle of the notebook, its report and the attempt log."""

import ast
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.handing_in.bundle import ATTEMPTS, REPORT, Attempts, CheckLog, Manifest, QuestionLog, TaskLog, pack
from lab_harness.handing_in.notebooks import Notebook, read_submitted
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.released import releases_of
from lab_harness.handing_in.similarity import MAGIC
from lab_harness.handing_in.student import remember_student, signing_key
from lab_harness.handing_in.versions import versions_of
from lab_harness.lab.labs import Lab
from lab_harness.learner.progress import LabProgress
from lab_harness.results import LabReport, Outcome
from lab_harness.whole_files import write_whole

AT_ONCE = 10.0  # seconds between a task's cell and the notebook's being saved that say nothing


@dataclass(frozen=True)
class Saved:
    """A lab's saved notebook: its file, when it was saved (seconds since 1970), and what `lab grade` reads in it."""

    path: Path
    moment: float
    content: bytes
    notebook: Notebook


def saved_notebook(lab: Lab, course: Course, path: Path | None = None) -> Saved:
    """The lab's notebook, or the one at `path`.

    Raises UsageError if it belongs to another lab, and CourseError if it cannot be read.
    """
    path = path or course.notebooks / lab.file.notebook
    try:
        content, moment = path.read_bytes(), path.stat().st_mtime
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}. Name your notebook: --notebook PATH") from error
    try:
        known = {id: released.known for id, released in releases_of(course).items()}
        notebook = read_submitted(content, path.name, known)
    except Rejected as reason:
        raise UsageError(f"{path} cannot be handed in: {reason}.") from reason
    if notebook.lab != lab.id:
        raise UsageError(f"{path} is the notebook of {notebook.lab}, not of {lab.id}.")
    return Saved(path, moment, content, notebook)


def doubts(saved: Saved, lab: Lab, progress: LabProgress, report: LabReport | None) -> list[str]:
    """Signs that the file does not hold what the learner has built, for example because it was not saved.

    The grade comes from the notebook alone: a task that was done elsewhere does not count.
    """
    found = []
    late = max(progress.passed.values(), default=0.0) - saved.moment
    if late > AT_ONCE:
        found.append(f"It was saved {_minutes(late)} before you passed the last check.")
    if empty := sorted(passed_tasks(lab, report) & empty_tasks(saved.notebook)):
        found.append(f"What you built for {', '.join(empty)} is in your account, but the cell of the task is empty.")
    return found


def passed_tasks(lab: Lab, report: LabReport | None) -> set[str]:
    """The tasks that are done, going by a report; none without one."""
    return {task.id for task in lab.tasks if report and _passed(report, task.id)}


def signed_bundle(
    lab: Lab,
    saved: Saved,
    student: str,
    attempts: Attempts,
    report: LabReport | None,
    key: Ed25519PrivateKey,
) -> bytes:
    """The file to hand in. The notebook's outputs are left out, because `lab grade` runs it again."""
    contents = {
        lab.file.notebook: _without_outputs(saved.content),
        ATTEMPTS: msgspec.json.format(msgspec.json.encode(attempts), indent=2),
    }
    if report:
        contents[REPORT] = json.dumps(report.to_dict(), indent=2, ensure_ascii=False).encode()
    manifest = Manifest(
        lab=lab.id,
        notebook=lab.file.notebook,
        student=student,
        made=datetime.now(UTC).replace(microsecond=0),
        versions=versions_of(lab),
        files={},
        key=b"",
    )
    return pack(manifest, contents, key)


def what_is_sent(lab: Lab, progress: LabProgress) -> list[str]:
    """What the file tells a teacher beside the notebook, in words for whom it is about."""
    attempts = attempts_of(progress)
    titles = {task.id: task.title for task in lab.tasks}
    hints = [f"{log.hints} for {titles.get(id, id)}" for id, log in attempts.tasks.items() if log.hints]
    solutions = [titles.get(id, id) for id in attempts.solutions]
    questions = f"{attempts.right} of {len(attempts.quiz)} answered are right" if attempts.quiz else "none answered"
    return [
        f"tries: {attempts.tries} (how often you had checks run)",
        f"hints: {'; '.join(hints) or 'none'}",
        f"solutions shown: {'; '.join(solutions) or 'none'}",
        f"questions: {questions}",
    ]


def hand_in(
    lab: Lab, course: Course, saved: Saved, student: str, progress: LabProgress, report: LabReport | None, out: Path
) -> Path:
    """Write the file to hand in to the folder `out`, and remember the student's name; returns the file's path."""
    remember_student(course.home, student)
    packed = signed_bundle(lab, saved, student, attempts_of(progress), report, signing_key(course.home))
    return write_bundle(packed, out / file_name(lab, student))


def file_name(lab: Lab, student: str) -> str:
    """The name of a bundle, such as `hello_lambda-ana-example.zip`."""
    words = re.sub(r"[\W_]+", "-", student.casefold()).strip("-")
    return f"{lab.id}-{words[:60] or 'student'}.zip"


def write_bundle(content: bytes, path: Path) -> Path:
    """Write a bundle, over an older one if there is one; returns the path."""
    try:
        return write_whole(path, content)
    except OSError as error:
        raise CourseError.unwritable(f"{path} cannot be written", error) from error


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes" if minutes else f"{seconds:.0f} seconds"


def _passed(report: LabReport, task: str) -> bool:
    outcomes = [result.outcome for result in report if result.task == task]
    return bool(outcomes) and all(outcome is Outcome.PASSED for outcome in outcomes)


def empty_tasks(notebook: Notebook) -> set[str]:
    """The tasks whose cells hold only comments, or nothing."""
    tasks = notebook.tasks
    return {task for task, source in tasks.items() if not MAGIC.search(source) and not _statements(source)}


def _statements(source: str) -> int:
    try:
        return len(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 1  # something is there


def _without_outputs(content: bytes) -> bytes:
    """The saved notebook, with its prose, without its outputs."""
    notebook: dict[str, Any] = json.loads(content)
    notebook.get("metadata", {}).pop("widgets", None)
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")


def attempts_of(progress: LabProgress) -> Attempts:
    """What the learner's progress says of a lab, as it is handed in."""
    helped = sorted({*progress.hints, *progress.solutions})
    return Attempts(
        asked=progress.asked,
        checks={name: CheckLog(tries, _when(progress.passed.get(name))) for name, tries in progress.tries.items()},
        tasks={task: TaskLog(progress.hints.get(task, 0), task in progress.solutions) for task in helped},
        quiz={name: QuestionLog(count, _when(progress.right.get(name))) for name, count in progress.answered.items()},
    )


def _when(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).replace(microsecond=0)
