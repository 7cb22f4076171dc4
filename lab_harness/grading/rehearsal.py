"""Rehearses a grade: grades the learner's saved notebook, on the learner's machine, as `lab grade` will.

Run as `python -m lab_harness.grading.rehearsal COURSE LAB NOTEBOOK`. It writes a line of JSON for each step, with the
cells and the checks that are done, and at last one with the rehearsal; it ends when its standard input does.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from lab_harness.course import Course
from lab_harness.errors import HarnessError
from lab_harness.handing_in.rehearsal import Rehearsal, failed_cell, limit_in_words
from lab_harness.handing_in.submit import Saved, saved_notebook
from lab_harness.lab.labs import Lab, load_lab
from lab_harness.results import LabReport

STUDENT = "you"
ONLY_LINUX = "that needs Linux, on which your teacher grades. You can hand in all the same."
LEFT_ANYWAY = "You can hand in all the same."

Step = Callable[[str], object]


def rehearse(saved: Saved, lab: Lab, course: Course, step: Step = lambda said: None) -> Rehearsal:
    """What `lab grade` would give the saved notebook, found in an account and processes of its own.

    Neither the learner's account nor the progress is touched. `step` is told how it goes on. Nothing raises when it
    cannot be done: then the rehearsal says why.
    """
    if not sys.platform.startswith("linux"):
        return Rehearsal(lab.id, saved.notebook.digest, ONLY_LINUX)
    try:
        return _graded(saved, lab, course, _news(step))
    except (HarnessError, OSError) as error:
        return Rehearsal(lab.id, saved.notebook.digest, f"{error} {LEFT_ANYWAY}")


def _graded(saved: Saved, lab: Lab, course: Course, step: Step) -> Rehearsal:
    from lab_harness.grading import pool
    from lab_harness.grading.ending import ended_in_order
    from lab_harness.grading.grade import Submission
    from lab_harness.grading.room import sandbox
    from lab_harness.grading.room.scratch import Scratch, remove_left_behind
    from lab_harness.handing_in.cells import write_cells

    remove_left_behind()
    step("It gets ready…")
    cells, checks = saved.notebook.cells, sum(not check.apart for check in lab.all_checks)

    def follow(begun: int, judged: int) -> None:
        step(f"Check {judged + 1} of {checks}…" if judged else f"Cell {max(begun, 1)} of {len(cells)}…")

    walled = not sandbox.why_not_closed()
    with ended_in_order(), Scratch() as scratch:
        path = write_cells(cells, Path(scratch) / "notebook" / lab.file.notebook)
        submission = Submission(STUDENT, lab.id, path)
        [grade] = pool.grade_all([submission], course, workers=1, sandbox=walled, follow=follow)
    if grade.report is None:
        return Rehearsal(lab.id, saved.notebook.digest, f"{grade.reason} {LEFT_ANYWAY}")
    return Rehearsal(
        lab.id,
        saved.notebook.digest,
        reason=limit_in_words(saved.notebook, grade.reason),
        report=LabReport.from_dict(grade.report),
        failed=tuple(failed_cell(saved.notebook, each.cell, each.error, each.traceback) for each in grade.cell_errors),
        walled=walled,
        seconds=grade.seconds,
    )


def _news(step: Step) -> Step:
    """The same, told only what is another step than the last one."""
    last = [""]

    def tell(said: str) -> None:
        if said != last[0]:
            last[0] = said
            step(said)

    return tell


def main() -> None:
    """Rehearse, and tell it in lines of JSON on standard output."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    course = Course(Path(sys.argv[1]))
    lab = load_lab(sys.argv[2], course)
    try:
        saved = saved_notebook(lab, course, Path(sys.argv[3]))
    except HarnessError as error:
        found = Rehearsal(lab.id, "", str(error))
    else:
        found = rehearse(saved, lab, course, lambda said: _tell({"step": said}))
    _tell({"rehearsal": found.to_dict()})


def _tell(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


def _end_with_parent() -> None:
    """End in good order when who started us has ended, or wants no more of it."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
