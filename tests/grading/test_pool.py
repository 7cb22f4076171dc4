"""Tests for grading submissions side by side: what a right, a broken, an endless and an empty one get."""

import os
import signal

import psutil
import pytest
from msgspec.structs import replace

from lab_harness.course import Course
from lab_harness.grading.grade import Status, Submission
from lab_harness.grading.pool import Grader, grade_all
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.grading.told import grade_of
from lab_harness.handing_in.cells import read_cells
from lab_harness.lab.labs import load_lab
from tests.grading.class_work import LIMITS, RIGHT_CELLS, errors, hand_in, hand_in_right, outcomes
from tests.per_lab import LABS

CLOSED = not missing_protections()


@pytest.fixture(params=["closed", "open"])
def grader(request, grader_with):
    """One with bubblewrap, and one without."""
    if request.param == "closed" and not CLOSED:
        pytest.skip("bubblewrap cannot close submissions off here")
    return grader_with(sandbox=request.param == "closed", workers=2)


def grade(grader, *submissions):
    """The grades by student."""
    return {each.student: each for each in grader.grade(submissions)}


BOTH_WAYS = ["first_steps", "hello_lambda", "pets_api"]  # open and closed
OTHERS = [lab for lab in LABS if lab not in BOTH_WAYS]  # closed, where that can be


@pytest.mark.parametrize("lab", BOTH_WAYS)
def test_a_right_submission_gets_every_point(grader, tmp_path, course, lab):
    graded = grade(grader, hand_in_right(tmp_path, course, lab))["ana"]
    assert (graded.status, graded.reason, graded.cell_errors) == (Status.GRADED, "", ())
    assert graded.points == graded.total > 0
    assert graded.seconds > graded.cpu_seconds / os.cpu_count() > 0


def test_right_submissions_of_the_other_labs_get_every_point_within_the_labs_own_limits(grader_with, tmp_path, course):
    submissions = [hand_in_right(tmp_path, course, lab, student=lab) for lab in OTHERS]
    graded = list(grader_with(sandbox=CLOSED, workers=2, limits=None).grade(submissions))
    found = {each.student: (each.status, each.reason, each.cell_errors, each.points == each.total) for each in graded}
    assert found == dict.fromkeys(OTHERS, (Status.GRADED, "", (), True))


def test_grading_that_ended_in_the_middle_of_the_checks_gives_no_points(course, tmp_path):
    told = {"hit": [], "judged": False, "results": [], "errors": [], "cpu": 0.1, "fingerprint": ""}
    graded = grade_of(Submission("ana", "first_steps", tmp_path), load_lab("first_steps", course), told, 1.0)
    assert (graded.status, graded.report) == (Status.BROKEN, None)


def test_an_untouched_notebook_gets_no_points_and_no_errors(grader, tmp_path, course):
    submission = Submission("ana", "hello_lambda", course.notebooks / "01_hello_lambda.ipynb")
    graded = grade(grader, submission)["ana"]
    assert (graded.status, graded.points, graded.total, graded.cell_errors) == (Status.GRADED, 0, 13, ())


def test_each_submission_gets_its_own_grade(grader, tmp_path):
    graded = grade(
        grader,
        hand_in(tmp_path, *RIGHT_CELLS, student="right"),
        hand_in(tmp_path, RIGHT_CELLS[0], student="half"),
        hand_in(tmp_path, student="empty"),
        hand_in(tmp_path, "1 / 0", *RIGHT_CELLS, student="error"),
        hand_in(tmp_path, "while True: pass", RIGHT_CELLS[0], student="endless"),
    )
    points = {student: (each.points, each.status) for student, each in graded.items()}
    assert points == {
        "right": (4, "graded"),
        "half": (2, "graded"),
        "empty": (0, "graded"),
        "error": (4, "graded"),
        "endless": (2, "limited"),
    }
    assert outcomes(graded["half"])["message_says_hello"] == "blocked"


def test_waiting_submissions_do_not_hold_up_others(grader, tmp_path):
    waiting = [hand_in(tmp_path, "import time; time.sleep(100)", student=f"waits-{n}") for n in range(4)]
    quick = hand_in(tmp_path, *RIGHT_CELLS, student="quick")
    patient = replace(LIMITS, cell_seconds=120, notebook_seconds=120)
    with Grader(grader.course, workers=2, limits=patient, sandbox=grader.sandbox) as own:
        assert next(own.grade([*waiting, quick])).student == "quick"


def test_a_cells_error_is_told_from_the_cell_on_without_this_machines_folders(grader, tmp_path, course):
    source = """
        import json
        def build():
            json.loads("{")
        build()
        """
    [error] = grade(grader, hand_in(tmp_path, "", source))["ana"].cell_errors
    assert (error.cell, error.error[:16]) == ("cell-2", "JSONDecodeError:")
    assert error.traceback.splitlines()[1].startswith('  File "this cell", line 4')
    assert str(course.root) not in error.traceback
    assert len(error.traceback.splitlines()) <= 20


def test_endless_recursion_is_an_error_as_others_are(grader, tmp_path):
    graded = grade(grader, hand_in(tmp_path, "def f(): f()\nf()", *RIGHT_CELLS))["ana"]
    assert (graded.status, graded.points) == (Status.GRADED, 4)
    assert errors(graded)["cell-1"].startswith("RecursionError")


def test_texts_that_cannot_be_stored_or_shown_are_made_plain(grader, tmp_path):
    [error] = grade(grader, hand_in(tmp_path, r'raise ValueError("\ud800 \x1b[31m \x00 ä\n")'))["ana"].cell_errors
    assert error.error == "ValueError: � �[31m � ä\n"


def test_cells_run_as_in_a_kernel(grader, tmp_path):
    graded = grade(
        grader,
        hand_in(
            tmp_path,
            "%%writefile functions.py\nanswer = 41",
            "from functions import answer\nassert answer == 41\n%matplotlib inline",
            "import asyncio\nawait asyncio.sleep(0)\nassert asyncio.get_running_loop()",
            "files = !ls\nassert 'functions.py' in list(files), files",
            'from lab_harness import open_lab\nlab = open_lab("first_steps")\nlab.check()\nlab.calls()\nlab.diagram()',
            "lab.panel()\nlab.trace()\nlab.inbox()\nlab.quiz()\nlab.overview()\nlab",
            "%%after queue\nprint(boto3)",
            "input('Name?')",
        ),
    )["ana"]
    assert errors(graded) == {"cell-8": "EOFError: EOF when reading a line"}


def test_two_builds_of_the_same_have_one_fingerprint_and_another_build_has_another(grader, tmp_path, course):
    if grader.sandbox is False:
        pytest.skip("once is enough")
    same = [hand_in_right(tmp_path, course, "pets_api", student, without=["key"]) for student in ("ana", "bea")]
    less = hand_in(tmp_path, RIGHT_CELLS[0], student="cy")
    other = hand_in(tmp_path, RIGHT_CELLS[0], 'sqs.create_queue(QueueName="another")', student="di")
    prints = {student: each.fingerprint for student, each in grade(grader, *same, less, other).items()}
    assert prints["ana"] == prints["bea"] != ""
    assert len({prints["ana"], prints["cy"], prints["di"]}) == 3


def test_complete_work_has_no_fingerprint_for_it_is_not_compared(grader, tmp_path):
    graded = grade(grader, hand_in(tmp_path, *RIGHT_CELLS))["ana"]
    assert (graded.points, graded.fingerprint) == (graded.total, "")


@pytest.mark.parametrize("text", ["", "no notebook", "[]", '{"cells": 1}', '{"cells": [1]}', "[" * 100_000, "\xff"])
def test_a_file_that_is_no_notebook_is_rejected(course, tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_bytes(text.encode("latin-1"))
    [graded] = grade_all([Submission("ana", "first_steps", path)], course, workers=1, limits=LIMITS, sandbox=False)
    assert (graded.status, graded.reason, graded.report) == (Status.REJECTED, "The file is no notebook.", None)


def test_a_missing_file_and_an_unknown_lab_are_no_reason_to_stop(course, tmp_path):
    submissions = [Submission("ana", "first_steps", tmp_path / "none.ipynb"), Submission("bea", "no_lab", tmp_path)]
    graded = {each.student: each for each in grade_all(submissions, course, workers=1, limits=LIMITS, sandbox=False)}
    assert (graded["ana"].status, graded["bea"].status) == (Status.REJECTED, Status.BROKEN)
    assert graded["ana"].reason == "The file cannot be read: No such file or directory."
    assert graded["bea"].reason.startswith("There is no lab 'no_lab'")


def test_cells_without_an_id_have_their_number(tmp_path):
    path = tmp_path / "old.ipynb"
    path.write_text(
        '{"cells": [{"cell_type": "markdown", "source": ""}, {"cell_type": "code", "source": ["a\\n", "b"]}]}'
    )
    assert read_cells(path) == [("2", "a\nb")]


def test_the_cells_of_tasks_that_undo_the_lab_are_left_out(course, tmp_path):
    submission = hand_in_right(tmp_path, course, "pets_api")
    assert len(read_cells(submission.path, {"clean_up"})) == len(read_cells(submission.path)) - 1


def test_a_check_that_breaks_is_the_courses_fault(sample_course, tmp_path):
    made = sample_course("outcomes")
    submission = hand_in(tmp_path, "pass", lab="outcomes")
    [graded] = grade_all([submission], made, workers=1, limits=LIMITS, sandbox=CLOSED)
    assert graded.status is Status.GRADED
    assert "broken" in outcomes(graded).values()


def test_a_warm_process_that_was_killed_loses_no_submission(course, tmp_path):
    submissions = [hand_in(tmp_path, "import time; time.sleep(1)", *RIGHT_CELLS, student=name) for name in ("a", "b")]
    quick = hand_in(tmp_path, *RIGHT_CELLS, student="quick")
    before = {*psutil.Process().children()}  # among them other tests' warm processes
    with Grader(course, workers=2, limits=LIMITS, sandbox=CLOSED) as running:
        assert grade(running, quick)["quick"].points == 4
        grades = running.grade([*submissions, quick])
        first = next(grades)
        for process in {*psutil.Process().children()} - before:
            if "lab_harness.grading.room.zygote" in process.cmdline():
                process.send_signal(signal.SIGKILL)
        points = {each.student: each.points for each in [first, *grades]}
    assert points == {"a": 4, "b": 4, "quick": 4}


def test_nothing_is_left_running_when_the_grader_is_done(course, tmp_path):
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    submission = hand_in(tmp_path, 'import subprocess; subprocess.Popen(["sleep", "7.25"], start_new_session=True)')
    [graded] = grade_all([submission], course, workers=1, limits=LIMITS, sandbox=False)
    assert graded.cell_errors == ()
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    running = [each.info["cmdline"] for each in psutil.process_iter(["cmdline"])]
    assert ["sleep", "7.25"] not in running


def test_a_notebook_that_ends_by_a_signal_without_a_name_is_judged(grader_with, tmp_path):
    submission = hand_in(tmp_path, *RIGHT_CELLS, "import os; os.kill(os.getpid(), 40)")
    [graded] = grader_with(sandbox=False).grade([submission])
    assert (graded.status, graded.points) == (Status.GRADED, 4)
    assert graded.cell_errors[0].error == "The notebook's process ended by signal 40."


def test_a_notebook_that_runs_too_long_in_all_is_ended_and_judged(grader, monkeypatch, tmp_path):
    monkeypatch.setattr(grader, "limits", replace(LIMITS, cell_seconds=60, notebook_seconds=10))
    graded = grade(grader, hand_in(tmp_path, *RIGHT_CELLS, "import time; time.sleep(60)"))["ana"]
    assert (graded.status, graded.points) == (Status.LIMITED, 4)
    assert graded.reason == "The notebook ran longer than 10 s and was stopped."


def test_cpu_time_is_limited_across_processes(grader, monkeypatch, tmp_path):
    monkeypatch.setattr(grader, "limits", replace(LIMITS, cpu_seconds=2, cell_seconds=60, notebook_seconds=60))
    source = "import os\nfor _ in range(3): os.fork()\nwhile True: pass"
    graded = grade(grader, hand_in(tmp_path, *RIGHT_CELLS, source))["ana"]
    assert (graded.status, graded.points) == (Status.LIMITED, 4)
    assert "CPU time" in graded.reason


def test_no_submissions_are_no_grades():
    assert list(grade_all([], Course("/nowhere"), workers=1, limits=LIMITS)) == []


def test_each_submission_runs_with_its_own_labs_limits(sample_course, tmp_path):
    made = sample_course("queue", "apart")
    with (made.labs / "apart" / "lab.toml").open("a", encoding="utf-8") as file:
        file.write("\n[limits]\ncell_seconds = 0.5\n")
    waits = "import time; time.sleep(1)"
    submissions = [hand_in(tmp_path, waits, lab="queue"), hand_in(tmp_path, waits, lab="apart")]
    graded = {each.lab: each for each in grade_all(submissions, made, workers=2, sandbox=CLOSED)}
    assert (graded["queue"].status, graded["queue"].reason) == (Status.GRADED, "")
    assert graded["apart"].status is Status.LIMITED
    assert graded["apart"].reason == "Cell cell-1 ran longer than 0.5 s and was stopped."
