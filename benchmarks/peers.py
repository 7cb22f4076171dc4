"""The other graders at work on the assignment: nbgrader and otter-grader, as their own commands in their own place.

They share one emulator, so that none of them starts any: what it uses is not counted. A submission's first cell gives
it an account of its own there.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from textwrap import indent
from typing import Any

import nbformat

from benchmarks.assignment import ACCOUNT, TESTS
from benchmarks.measured import run, side_by_side

HERE = Path(__file__).parent
PLACE = HERE / ".venv-peers"
LIST = HERE / "peers.txt"
NAME = "hello.ipynb"
OTTER_TEST = """
from otter.test_files import test_case
OK_FORMAT = False
name = "{name}"
points = {points}

@test_case()
def test_{name}(env):
{code}
"""


def install() -> None:
    """Make the peers' virtual environment, if it is not there or its list has changed."""
    stamp = PLACE / "installed.txt"
    if stamp.exists() and stamp.read_text() == LIST.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
    subprocess.run([PLACE / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", LIST], check=True)
    stamp.write_text(LIST.read_text())


def with_account(notebook: Any) -> Any:
    """The notebook with a first cell that gives it an account of its own."""
    cell = nbformat.v4.new_code_cell(ACCOUNT.strip(), id="account", metadata=_graded("account", 0, grade=False))
    return nbformat.from_dict(notebook | {"cells": [cell, *notebook.cells]})


def _graded(name: str, points: int, grade: bool = True) -> dict[str, Any]:
    about = {"grade": grade, "grade_id": name, "locked": True, "schema_version": 3, "solution": False, "task": False}
    return {"nbgrader": about | ({"points": points} if grade else {})}


class Nbgrader:
    """A course folder of nbgrader's."""

    def __init__(self, folder: Path, environ: Mapping[str, str], submissions: Mapping[str, Any]) -> None:
        self.folder, self.environ = folder, environ
        (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n")
        for place in (folder / "source" / "ps1", *(folder / "submitted" / name / "ps1" for name in submissions)):
            place.mkdir(parents=True)
        tests = [
            nbformat.v4.new_code_cell(code.strip(), id=f"test-{name}", metadata=_graded(f"test-{name}", points))
            for name, (points, code) in TESTS.items()
        ]
        for name, notebook in submissions.items():
            made = with_account(notebook)
            made.cells += tests
            nbformat.write(made, folder / "submitted" / name / "ps1" / NAME)
            nbformat.write(made, folder / "source" / "ps1" / NAME)
        self._run("generate_assignment", "ps1", "--create")

    def _run(self, *words: str) -> None:
        run([PLACE / "bin" / "nbgrader", *words], self.environ, self.folder)

    def grade(self, *students: str) -> list[float]:
        """Grade the students of each pattern in a process of its own; the seconds of each but a process's first."""
        side_by_side([lambda each=each: self._run("autograde", "ps1", f"--student={each}") for each in students])
        ends = [sorted(path.stat().st_mtime for path in self._graded_by(each)) for each in students]
        return [later - earlier for part in ends for earlier, later in pairwise(part)]

    def _graded_by(self, students: str) -> Iterable[Path]:
        return (self.folder / "autograded").glob(f"{students}/ps1/{NAME}")

    def points(self) -> list[float]:
        """What each submission got, from the database."""
        words = "from nbgrader.api import Gradebook\nimport json\nwith Gradebook('sqlite:///gradebook.db') as book:"
        words += "\n print(json.dumps([each.score for each in book.assignment_submissions('ps1')]))"
        asked = [PLACE / "bin" / "python", "-c", words]
        told = subprocess.run(asked, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=True)
        return list(json.loads(told.stdout))


class Otter:
    """An autograder of otter's, and the notebooks that it is to grade."""

    def __init__(self, folder: Path, environ: Mapping[str, str], submissions: Mapping[str, Any]) -> None:
        self.folder, self.environ = folder, environ
        (folder / "tests").mkdir()
        for name, (points, code) in TESTS.items():
            text = OTTER_TEST.format(name=name, points=points, code=indent(code, "    "))
            (folder / "tests" / f"{name}.py").write_text(text)
        for name, notebook in submissions.items():
            (folder / name).mkdir()
            nbformat.write(with_account(notebook), folder / name / NAME)
        words = ["--no-environment", "--no-requirements", "--no-config"]
        run([PLACE / "bin" / "otter", "generate", "-o", "autograder.zip", *words], environ, folder)

    def grade(self) -> list[float]:
        """Grade all, one after another; the seconds of each."""
        return [self._grade(each.parent) for each in sorted(self.folder.glob(f"*/{NAME}"))]

    def _grade(self, student: Path) -> float:
        began = time.perf_counter()
        words = ["-a", self.folder / "autograder.zip", "-o", student, "--no-logo", student / NAME]
        run([PLACE / "bin" / "otter", "run", *words], self.environ, student)
        return time.perf_counter() - began

    def points(self) -> list[float]:
        """What each submission got."""
        results = (json.loads(path.read_text()) for path in self.folder.glob("*/results.json"))
        return [sum(test.get("score", 0) for test in each["tests"]) for each in results]
