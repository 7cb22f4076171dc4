"""Tests for `lab submit`: what it insists on, what is in the file that it makes, and what is not."""

import json
import os
import stat
from types import SimpleNamespace

import nbformat
import pytest

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.handing_in.bundle import unpack
from lab_harness.handing_in.student import signing_key
from lab_harness.handing_in.submit import file_name
from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import Progress
from lab_harness.runner import run_checks
from tests.conftest import ROOT
from tests.grading.handing_in import answered, solved

COURSE = Course(ROOT)
START = "00_start.ipynb"
LAB = load_lab("first_steps", COURSE)


@pytest.fixture
def lab(lab, monkeypatch, tmp_path):
    """Runs `lab submit first_steps` with these words in an empty folder; gives its code, out and err."""
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("LAB_COURSE", str(ROOT))
    monkeypatch.chdir(tmp_path / "here")
    run = lab
    return lambda *words, lab="first_steps": run("submit", lab, "--no-rehearse", *words)


@pytest.fixture
def notebook(tmp_path):
    """Saves the learner's notebook: one as a dict, solved unless given, last changed at a moment."""

    def save(content=None, name=START, moment=None):
        path = tmp_path / name
        path.write_text(json.dumps(content or solved(LAB)), encoding="utf-8")
        if moment is not None:
            os.utime(path, (moment, moment))
        return path

    return save


@pytest.fixture
def built(in_use, monkeypatch):
    """The lab, solved on the emulator that the command finds."""
    monkeypatch.setenv("LAB_COURSE", str(ROOT))
    LAB.solve(Clients(in_use))
    return in_use


def made(tmp_path, name="first_steps-ana-example.zip"):
    return unpack((tmp_path / "here" / name).read_bytes())


def submit_unchecked(lab, path, *words):
    return lab("--notebook", path, "--student", "Ana Example", "--no-check", *words)


# What is made


def test_bundle_holds_notebook_report_and_log_and_grade_accepts_it(lab, notebook, built, tmp_path):
    progress = Progress(built.home / "progress.sqlite")
    progress.take_hint("first_steps", "queue", 3)
    progress.take_solution("first_steps", "message")
    progress.record_answer("first_steps", "q1", True)
    done = lab("--notebook", notebook(), "--student", "Ana  Example")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "4 of 4 checks pass in your account.\n"
        "Beside your notebook the file tells your teacher, who does not grade it:\n"
        "  tries: 0 (how often you had checks run)\n"
        f"  hints: 1 for {LAB.task('queue').title}\n"
        f"  solutions shown: {LAB.task('message').title}\n"
        "  questions: 1 of 1 answered are right\n"
        f"Hand in first_steps-ana-example.zip: {START} of Ana Example. To tell none of this, hand in the notebook "
        "itself.\n"
    )
    found = made(tmp_path)
    assert set(found.manifest.files) == {START, "report.json", "attempts.json"}
    assert set(found.manifest.versions) == {"course", "checks", "emulator", "harness"}
    assert (found.attempts.hints, found.attempts.solutions, found.attempts.right) == (1, ["message"], 1)
    assert progress.of("first_steps").tries == {}  # handing in is no try
    [work] = read_submissions(tmp_path / "here", COURSE, tmp_path / "scratch").works
    assert (work.student.id, work.lab, work.rejected) == ("Ana Example", "first_steps", "")


def test_notebook_in_the_bundle_has_no_outputs_and_all_else(lab, notebook, tmp_path):
    run = solved(LAB)
    for cell in run["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": "secret"}]}
    submit_unchecked(lab, notebook(run))
    found = made(tmp_path)
    assert b"secret" not in found.notebook
    kept, before = (nbformat.reads(text, 4) for text in (found.notebook.decode(), json.dumps(solved(LAB))))
    assert [(cell.id, cell.source) for cell in kept.cells] == [(cell.id, cell.source) for cell in before.cells]
    assert "report.json" not in found.manifest.files


def test_key_is_made_once_and_readable_by_its_user_alone(lab, notebook, tmp_path):
    submit_unchecked(lab, notebook())
    first = made(tmp_path).manifest.key
    submit_unchecked(lab, notebook())
    assert made(tmp_path).manifest.key == first
    path = tmp_path / "lab" / "submit-key.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing_key(tmp_path / "other").public_key().public_bytes_raw() != first
    assert [each.name for each in path.parent.glob("submit-key*")] == [path.name]


def test_damaged_key_is_named_and_not_replaced(lab, notebook, tmp_path):
    path = tmp_path / "lab" / "submit-key.pem"
    path.parent.mkdir()
    path.write_text("no key")
    done = submit_unchecked(lab, notebook())
    assert done.code == 3
    assert "submit-key.pem is no key any more. Delete it" in done.err
    assert path.read_text() == "no key"


def test_name_is_remembered_and_asked_for_once(lab, notebook, tmp_path, monkeypatch):
    path = notebook()
    done = lab("--notebook", path, "--no-check")
    assert (done.code, "Say who you are" in done.err) == (2, True)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("click.prompt", lambda text: "Bo Übel")
    assert lab("--notebook", path, "--no-check").code == 0
    monkeypatch.setattr("click.prompt", lambda text: pytest.fail("asked again"))
    assert lab("--notebook", path, "--no-check").code == 0
    assert made(tmp_path, "first_steps-bo-übel.zip").manifest.student == "Bo Übel"
    assert lab("--notebook", path, "--no-check", "--student", " ").code == 2


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Ana Example", "first_steps-ana-example.zip"),
        ("../../x", "first_steps-x.zip"),
        ("…", "first_steps-student.zip"),
        ("x" * 300, f"first_steps-{'x' * 60}.zip"),
    ],
)
def test_file_is_called_by_lab_and_student_and_by_nothing_that_leads_elsewhere(name, file):
    assert file_name(LAB, name) == file


def test_bundle_is_written_where_it_is_asked_for_and_an_older_one_replaced(lab, notebook, tmp_path):
    for _ in range(2):
        done = submit_unchecked(lab, notebook(), "--out", tmp_path / "out")
        assert done.code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["first_steps-ana-example.zip"]
    (tmp_path / "file").write_text("")
    assert "cannot be written" in submit_unchecked(lab, notebook(), "--out", tmp_path / "file").err


# What is insisted on


def test_notebook_must_be_there_and_be_the_labs(lab, notebook, tmp_path):
    assert "Name your notebook: --notebook PATH" in submit_unchecked(lab, tmp_path / "none.ipynb").err
    other = lab("--notebook", notebook(), "--no-check", "--student", "Ana", lab="hello_lambda")
    assert (other.code, "is the notebook of first_steps, not of hello_lambda." in other.err) == (2, True)
    (tmp_path / "x.ipynb").write_text("no json")
    assert "cannot be handed in: it is no notebook" in submit_unchecked(lab, tmp_path / "x.ipynb").err
    assert not list((tmp_path / "here").iterdir())


def test_notebook_saved_before_the_last_check_passed_is_doubted(lab, notebook, tmp_path, built):
    progress = Progress(built.home / "progress.sqlite")
    progress.record(run_checks(LAB, Clients(built)))
    passed = max(progress.of("first_steps").passed.values())
    path = notebook(moment=passed - 300)
    done = submit_unchecked(lab, path)
    assert done.code == 2
    assert f"Is {START} saved? It was saved 5 minutes before you passed the last check." in done.err
    assert submit_unchecked(lab, path, "--anyway").code == 0
    assert submit_unchecked(lab, notebook(moment=passed - 2)).code == 0


def test_task_that_is_built_but_not_in_its_cell_is_doubted(lab, notebook, built):
    path = notebook(answered(START, queue='sqs.create_queue(QueueName="first-steps")', message="# Your code here\n"))
    done = lab("--notebook", path, "--student", "Ana")
    assert done.code == 2
    assert "What you built for message is in your account, but the cell of the task is empty." in done.err
    assert lab("--notebook", path, "--student", "Ana", "--anyway").code == 0
