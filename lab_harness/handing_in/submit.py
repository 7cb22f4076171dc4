"""Makes what a learner hands in: a signed bundle of the notebook, its report and the attempt log."""

import ast
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.handing_in.bundle import ATTEMPTS, REPORT, Attempts, CheckLog, Manifest, QuestionLog, TaskLog, pack
from lab_harness.handing_in.notebooks import Notebook, read_submitted
from lab_harness.handing_in.rejected import Rejected
from lab_harness.handing_in.released import releases_of
from lab_harness.handing_in.similarity import MAGIC
from lab_harness.handing_in.versions import versions_of
from lab_harness.lab.labs import Lab
from lab_harness.learner.progress import LabProgress
from lab_harness.private import private_file, private_folder
from lab_harness.results import LabReport, Outcome
from lab_harness.whole_files import write_whole

KEY, STUDENT = "submit-key.pem", "student.txt"  # in the course's home
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
    progress: LabProgress,
    report: LabReport | None,
    key: Ed25519PrivateKey,
) -> bytes:
    """The file to hand in. The notebook's outputs are left out, because `lab grade` runs it again."""
    contents = {
        lab.file.notebook: _without_outputs(saved.content),
        ATTEMPTS: msgspec.json.format(msgspec.json.encode(_attempts(progress)), indent=2),
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


def hand_in(
    lab: Lab, course: Course, saved: Saved, student: str, progress: LabProgress, report: LabReport | None, out: Path
) -> Path:
    """Write the file to hand in to the folder `out`, and remember the student's name; returns the file's path."""
    remember_student(course.home, student)
    packed = signed_bundle(lab, saved, student, progress, report, signing_key(course.home))
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
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error


def student_name(given: str) -> str:
    """The name as it is handed in: in one line. UsageError where nothing of it can be read."""
    name = " ".join(given.split())
    if not name or not name.isprintable():
        raise UsageError('Say who you are, once: lab submit LAB --student "YOUR NAME", or in the panel.')
    return name


def what_is_sent(progress: LabProgress, checked: bool = True) -> tuple[str, ...]:
    """What a bundle tells a teacher beside the notebook, as sentences."""
    hints, solutions = sum(progress.hints.values()), ", ".join(sorted(progress.solutions)) or "none"
    return (
        f"The notebook: its code and prose, without outputs{'; and what the checks say of your account' * checked}.",
        "Your attempts: how often each check and question was tried, and when it was right first.",
        f"The help that you took: {hints} {'hint' if hints == 1 else 'hints'}; solutions shown: {solutions}.",
    )


def remembered_student(home: Path) -> str:
    """The student's name that was given last; empty if there is none."""
    try:
        return (home / STUDENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def remember_student(home: Path, name: str) -> None:
    """Save the student's name for the next time."""
    try:
        private_file(home / STUDENT).write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{home / STUDENT} cannot be written: {error.strerror}.") from error


def signing_key(home: Path) -> Ed25519PrivateKey:
    """The key of this installation. It is made at first use; only its user can read it."""
    path = home / KEY
    try:
        private_folder(home)
        if not path.exists():
            _make_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CourseError(f"{path} cannot be used: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise CourseError(f"{path} is no key any more. Delete it, and the next `lab submit` makes another.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CourseError(f"{path} is a key of another kind. Delete it, and the next `lab submit` makes another.")
    return key


def _make_key(path: Path) -> None:
    """Write a new key. If two commands do this at the same time, the first key stays."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    said = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(said)
    if path.exists():
        new.unlink()
    else:
        new.replace(path)


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


def _attempts(progress: LabProgress) -> Attempts:
    helped = sorted({*progress.hints, *progress.solutions})
    return Attempts(
        checks={name: CheckLog(tries, _when(progress.passed.get(name))) for name, tries in progress.tries.items()},
        tasks={task: TaskLog(progress.hints.get(task, 0), task in progress.solutions) for task in helped},
        quiz={name: QuestionLog(count, _when(progress.right.get(name))) for name, count in progress.answered.items()},
    )


def _when(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).replace(microsecond=0)
