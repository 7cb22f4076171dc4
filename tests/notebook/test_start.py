"""Tests for the start page: the course, open in a notebook."""

import json
import os
import subprocess
import sys

import pytest

from lab_harness import open_course
from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import Progress
from lab_harness.results import CheckResult, LabReport, Outcome

IN_IPYTHON = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shown = shell.run_cell("from lab_harness import open_course\\ncourse = open_course()")
shown.raise_error()
"""


@pytest.fixture
def opened(sample_course, tmp_path):
    """The course of two sample labs."""
    course = sample_course("queue", "apart")
    return open_course(), Progress(course.home / "progress.sqlite")


def pass_checks(progress, lab_id, count):
    lab = load_lab(lab_id)
    results = [CheckResult(name, name, None, Outcome.PASSED) for name in lab.check_names[:count]]
    progress.record(LabReport(lab_id, lab.title, "embedded", tuple(results)))


def fail_checks(progress, lab_id, **how):
    lab = load_lab(lab_id)
    results = [CheckResult(name, name, None, Outcome.FAILED) for name in lab.check_names]
    progress.record(LabReport(lab_id, lab.title, "embedded", tuple(results)), **how)


def states(course):
    return [(stop.notebook, stop.state) for stop in course.map().stops]


def test_map_has_every_lab_in_the_order_of_the_notebooks(opened):
    course, _ = opened
    assert states(course) == [("01_queue.ipynb", "not begun"), ("03_apart.ipynb", "not begun")]
    stop = course.map().stops[0]
    lab = load_lab("queue")
    assert (stop.number, stop.title, stop.minutes, stop.goal) == (1, lab.title, lab.file.minutes, lab.file.goal)


def test_map_follows_the_progress_made_elsewhere(opened):
    course, progress = opened
    pass_checks(progress, "queue", 1)
    assert states(course)[0] == ("01_queue.ipynb", "1 of 2 checks")
    assert course.map().next.notebook == "01_queue.ipynb"
    pass_checks(progress, "queue", 2)
    assert states(course)[0] == ("01_queue.ipynb", "✓ done")
    assert course.map().next.notebook == "03_apart.ipynb"


@pytest.mark.parametrize(
    "begin",
    [
        lambda progress: progress.take_hint("apart", "queue", 3),
        lambda progress: progress.take_solution("apart", "queue"),
        lambda progress: progress.record_answer("apart", "kept", right=False),
        lambda progress: fail_checks(progress, "apart"),
    ],
)
def test_lab_is_begun_with_the_first_try_hint_solution_or_answer(opened, begin):
    course, progress = opened
    begin(progress)
    assert states(course) == [("01_queue.ipynb", "not begun"), ("03_apart.ipynb", "0 of 2 checks")]


def test_lab_is_not_begun_by_checks_that_ran_by_themselves(opened):
    course, progress = opened
    fail_checks(progress, "apart", counted=False)
    assert states(course)[1] == ("03_apart.ipynb", "not begun")


def test_questions_of_the_quiz_are_counted_once_each_and_only_those_that_there_are(opened):
    course, progress = opened
    assert course.map().stops[1].quiz == ""
    questions = load_lab("apart").quiz.questions
    for question in (questions[0].id, questions[0].id, questions[1].id, "a_question_of_old"):
        progress.record_answer("apart", question, right=True)
    progress.record_answer("apart", questions[2].id, right=False)
    assert course.map().stops[1].quiz == f"2 of {len(questions)} questions"


def test_lab_is_done_without_what_stands_apart(opened):
    course, progress = opened
    pass_checks(progress, "apart", 2)
    assert states(course)[1] == ("03_apart.ipynb", "✓ done")
    assert "queue_is_gone" not in load_lab("apart").check_names


def test_damaged_progress_is_said_on_the_map(opened):
    course, progress = opened
    progress.path.parent.mkdir(parents=True, exist_ok=True)
    progress.path.write_bytes(b"this is no database" * 100)
    assert "Your progress file was damaged; it was set aside" in course._repr_mimebundle_()["text/plain"]


def test_doctor_looks_at_this_course_and_the_emulator_asked_for(opened, monkeypatch):
    course, _ = opened
    monkeypatch.setenv("LOCALSTACK_HOST", "127.0.0.1:9")
    titles = {finding.title: finding for finding in course.doctor().findings}
    assert titles["Packages"].found == "there is no requirements.txt to compare them with"
    assert "LocalStack does not answer" in titles["Emulator"].found
    assert "There is no emulator 'moto'" in str(course.doctor("moto"))


def test_opening_shows_the_map_and_needs_no_emulator(sample_course):
    course = sample_course("queue")
    environ = os.environ | {"LAB_COURSE": str(course.root), "IPYTHONDIR": str(course.root)}
    done = subprocess.run([sys.executable, "-c", IN_IPYTHON], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Begin with 1 · A queue: 01_queue.ipynb\n")
    assert not (course.home / "emulator.json").exists()


def test_first_notebook_of_the_course_is_the_start_page(course):
    """`lab open` opens the first, so learners begin here."""
    from lab_harness.lab.labs import all_labs

    first = all_labs(course)[0]
    assert (first.id, first.file.notebook) == ("first_steps", "00_start.ipynb")
    cells = json.loads((course.notebooks / "00_start.ipynb").read_text(encoding="utf-8"))["cells"]
    assert any("open_course()" in "".join(cell["source"]) for cell in cells)
