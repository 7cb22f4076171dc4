"""A lab's reference answer: `solution.py`, one `# %% task:<id>` cell for each task.

A cell with `file=functions/<name>/<file>.py` behind its id stands for the lab's own file of that path: the
answer of a task in which the learner writes that file.
"""

import contextlib
import io
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_harness.aws import answering, using_emulator
from lab_harness.emulators.base import Emulator
from lab_harness.errors import EmulatorNotReady, LabError, UsageError
from lab_harness.lab.labs import Lab, unknown
from lab_harness.lab.modules import error_in

CELL = re.compile(r"^# %% task:(?P<task>\w+)(?: file=(?P<file>\S+))?[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """One task's answer: `source` is its code, or the content of `file`; `line` is where it begins."""

    task: str
    source: str
    file: str | None
    line: int

    @property
    def cell(self) -> str:
        """The answer as a notebook cell."""
        return f"%%writefile {self.file}\n{self.source}" if self.file else self.source


def has_answers(lab: Lab) -> bool:
    """Whether this copy of the course has the lab's answers; a class may be given one without."""
    return (lab.folder / "solution.py").exists()


def answers(lab: Lab) -> dict[str, Answer]:
    """The lab's answers by task, in the order written. Raises LabError when a task has none, or an unknown one has."""
    path = lab.folder / "solution.py"
    text = _read(path)
    found = {}
    marks = list(CELL.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        rest = text[mark.end() : following.start() if following else len(text)]
        source = rest.strip("\n")
        line = 1 + text.count("\n", 0, mark.end()) + len(rest) - len(rest.lstrip("\n"))
        if mark["file"]:
            source = _read(lab.folder / mark["file"]).rstrip("\n")
        found[mark["task"]] = Answer(mark["task"], source, mark["file"], line)
    answered, asked = [mark["task"] for mark in marks], [task.id for task in lab.tasks]
    if answered != asked:
        raise LabError(f"{path} answers the tasks {', '.join(answered)}; lab.toml asks for {', '.join(asked)}.")
    return found


def answer(lab: Lab, task: str) -> Answer:
    """One task's answer; UsageError names the nearest task otherwise."""
    found = answers(lab)
    if task not in found:
        raise UsageError(unknown("task", task, list(found), f"The lab {lab.id} has"))
    return found[task]


def solve(lab: Lab, emulator: Emulator) -> str:
    """Run the lab's answers against the emulator, in a folder of their own, and return what they printed.

    The answers of tasks that stand apart, or that the emulator cannot do, are left out. Raises LabError, which names
    the line, when one of them fails.
    """
    left_out = lab.tasks_left_out(emulator.supports)
    found = [each for each in answers(lab).values() if each.task not in left_out]
    printed = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        using_emulator(emulator),
        contextlib.redirect_stdout(printed),
    ):
        for each in found:  # Files first: a function may be made from one before its task asks to write it.
            if each.file:
                Path(each.file).parent.mkdir(parents=True, exist_ok=True)
                Path(each.file).write_text(each.source + "\n", encoding="utf-8")
        _run(lab, [each for each in found if not each.file])
    return printed.getvalue()


def _run(lab: Lab, found: Iterable[Answer]) -> None:
    """Run what stands above the first answer of `solution.py`, and then these, as one program."""
    path = lab.folder / "solution.py"
    preamble = CELL.split(_read(path), maxsplit=1)[0]
    scope: dict[str, Any] = {"__name__": "solution"}
    try:
        with answering():
            exec(compile(preamble, path, "exec"), scope)  # noqa: S102  the course's own file
            for each in found:
                # The blank lines make an error name the line in solution.py.
                exec(compile("\n" * (each.line - 1) + each.source, path, "exec"), scope)  # noqa: S102
    except EmulatorNotReady:
        raise
    except Exception as error:
        hint = f"If part of the lab is there already, remove it first with: lab reset {lab.id}"
        raise LabError(f"{error_in(path, error)}\n{hint}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        if path.name == "solution.py" and not path.exists():
            why = "A class may be given the course without its answers; each task has hints."
            raise LabError(f"The lab {path.parent.name} has no solution.py. {why}") from error
        raise LabError(f"{path} cannot be read: {error.strerror}.") from error
