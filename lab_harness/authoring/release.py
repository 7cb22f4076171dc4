"""Makes the bundle that a class is given: the course without its answers, and proves that they are not in it."""

import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from lab_harness.authoring.readme_table import ROW
from lab_harness.course import Course
from lab_harness.errors import CourseError, LabError, UsageError
from lab_harness.lab.facts import FILE as FACTS
from lab_harness.lab.finished import FILE as FINISHED
from lab_harness.lab.labs import Lab, all_labs, lab_ids, load_lab
from lab_harness.lab.modules import CHECK_FILES
from lab_harness.lab.quiz import Quiz
from lab_harness.lab.sealed import FILE, SEALED_FILE, seal
from lab_harness.lab.solutions import answers

WHOLE = (
    "LICENSE",
    "README.md",
    "Makefile",
    "pyproject.toml",
    "requirements.txt",
    "uv.lock",
    "lab_harness",
    f"labs/{FACTS}",
)
OF_A_LAB = ("lab.toml", "README.md", *CHECK_FILES, "functions", "given", "site", FINISHED)
NOT_FOR_STUDENTS = re.compile(
    r"^<!-- not for students -->\n.*?<!-- /not for students -->\n"  # lines, or a part of one
    r"|<!-- not for students -->.*?<!-- /not for students -->"
    r"|^# not for students\n.*?^# /not for students\n",  # of a Makefile
    re.DOTALL | re.MULTILINE,
)
ABRIDGED = ("README.md", "Makefile", ".ipynb")  # by how the names of the files end that may say more to teachers
# The templates of new labs have lines that are in many an answer, and their questions are in many a quiz.
WITHOUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints", "*.j2", "questions")
LINES = 3  # of an answer in a row: nobody writes them by chance
SHORTEST = 30  # characters of a shorter answer that is looked for

Run = tuple[str, ...]


def release(course: Course, folder: Path, only: Collection[str] = ()) -> list[Path]:
    """Write the students' bundle to a new folder, of all labs or of these only; returns its files.

    LabError where a part of an answer is found in it, and then nothing is left there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty; name a new folder.")
    labs = [load_lab(lab_id, course) for lab_id in only] or all_labs(course)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".release-") as scratch:
            bundle = Path(scratch) / "bundle"
            _copy(course, labs, bundle)
            if found := list(leaks(bundle, labs)):
                raise LabError("The bundle would give answers away:\n" + "\n".join(found))
            bundle.replace(folder)
    except OSError as error:
        raise CourseError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
    return sorted(path for path in folder.rglob("*") if path.is_file())


def leaks(bundle: Path, labs: list[Lab]) -> Iterator[str]:
    """What of the labs' answers is found in a bundle.

    A notebook shows and gives some of the code that an answer needs, so there the whole answer must be missing;
    anywhere else each part of it that the notebook does not give.
    """
    asked = [(lab, task.id) for lab in labs for task in lab.tasks if not task.given]
    parts = [(lab, task, _answer_runs(answers(lab)[task].source)) for lab, task in asked]
    texts = {path: _text(path) for path in sorted(bundle.rglob("*")) if path.is_file()}
    runs = {path: _all_runs(_lines(text)) for path, text in texts.items()}
    notebooks = [path for path in texts if path.suffix == ".ipynb"]
    given: set[Run] = set().union(*(runs[path] for path in notebooks))
    for path in texts:
        name = path.relative_to(bundle)
        if path.name == "solution.py" or path.parent.name == "solved":
            yield f"{name} is an answer"
        for lab, task, answer in parts:
            found = answer & runs[path]
            if found and (found == answer if path in notebooks else found - given):
                yield f"{name} holds the answer of {lab.id}, task {task}: {min(found)[0]}"
    yield from _quiz_leaks(bundle, labs)


def _quiz_leaks(bundle: Path, labs: list[Lab]) -> Iterator[str]:
    """What is found in a bundle of the quizzes' answers: the files that tell them, and the explanations."""
    questions = [(lab.id, each) for lab in labs if isinstance(lab.quiz, Quiz) for each in lab.quiz.questions]
    for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
        name, text = path.relative_to(bundle), path.read_text(encoding="utf-8", errors="replace")
        if path.name == FILE and path.parent.parent.name == "labs":
            yield f"{name} holds the answers of the quiz"
            continue
        for lab_id, question in questions:
            if question.explanation in text or json.dumps(question.explanation)[1:-1] in text:
                yield f"{name} explains the question {question.id} of {lab_id}"


def _copy(course: Course, labs: list[Lab], bundle: Path) -> None:
    for name in WHOLE:
        _copy_one(course.root / name, bundle / name)
    _leave_out(set(lab_ids(course)) - {lab.id for lab in labs}, bundle / "README.md")
    for lab in labs:
        notebook = lab.file.notebook
        _copy_one(course.notebooks / notebook, bundle / "notebooks" / notebook)
        for name in OF_A_LAB:
            _copy_one(lab.folder / name, bundle / "labs" / lab.id / name)
        if isinstance(lab.quiz, Quiz):
            (bundle / "labs" / lab.id / SEALED_FILE).write_text(seal(lab.quiz), encoding="utf-8")
        for answer in answers(lab).values():
            if answer.file:
                _remove(bundle / "labs" / lab.id / answer.file)


def _leave_out(labs: Collection[str], readme: Path) -> None:
    """Take the rows of these labs out of a README's table."""
    if readme.exists():
        text = readme.read_text(encoding="utf-8")
        rows = [row[0] for row in ROW.finditer(text) if row[1] in labs]
        for row in rows:
            text = text.replace(f"{row}\n", "")
        readme.write_text(text, encoding="utf-8")


def _remove(path: Path) -> None:
    """Remove a file, and the folders that are empty without it."""
    path.unlink()
    for folder in list(path.parents)[:2]:
        if not any(folder.iterdir()):
            folder.rmdir()


def _copy_one(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=WITHOUT)
    elif source.name.endswith(ABRIDGED) and source.exists():
        target.write_bytes(NOT_FOR_STUDENTS.sub("", source.read_bytes().decode()).encode())
    elif source.exists():
        shutil.copy2(source, target)


def _answer_runs(source: str) -> set[Run]:
    """The lines of an answer, some in a row at a time; those of a short one together, unless they say too little."""
    lines = _lines(source)
    if len(lines) < LINES:
        return {tuple(lines)} if sum(map(len, lines)) >= SHORTEST else set()
    return _windows(lines, LINES)


def _lines(text: str) -> list[str]:
    """The lines that say something: a bracket or an import is nobody's answer."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if any(map(str.isalnum, line)) and not line.startswith(("import ", "#"))]


def _all_runs(lines: list[str]) -> set[Run]:
    return set().union(*(_windows(lines, length) for length in range(1, LINES + 1)))


def _windows(lines: list[str], length: int) -> set[Run]:
    return {tuple(lines[at : at + length]) for at in range(len(lines) - length + 1)}


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")
