"""The notebooks: solved ones give the outputs they were saved with, untouched ones run through."""

import os
import re
import shutil
import subprocess

import nbformat
import pytest

from lab_harness.authoring import notebook_runs
from lab_harness.authoring.notebook_runs import kernel_environment, run_all, run_one, scratch_emulator, without_tasks
from lab_harness.course import Course
from lab_harness.errors import LabError
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.notebooks import SHOWS_FAILURE, build, failed_cell, shown_failures, task_of, without_machine
from lab_harness.lab.solutions import answers
from lab_harness.render.blocks import Note
from lab_harness.render.text import report_text
from lab_harness.results import CheckResult, LabReport, Outcome
from tests.conftest import ROOT

SANITIZE = ROOT / "tests" / "nbval.cfg"
LABS = all_labs()


@pytest.fixture(autouse=True)
def kernels(warm_kernels, monkeypatch, tmp_path_factory):
    """The notebooks run in kernels that have loaded what they use; their emulators end with the tests."""
    monkeypatch.setenv("JUPYTER_PATH", str(warm_kernels))
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="module")
def notebook_emulator():
    """An empty emulator for notebooks; nbval runs fixtures for no cell, so kernels find it by their environment."""
    with scratch_emulator() as emulator:
        yield emulator


def nbval(warm, folder, emulator):
    """Run nbval on the notebooks of a folder, with a fresh account and fresh progress."""
    emulator.reset()
    (emulator.home / "progress.sqlite").unlink(missing_ok=True)
    environ = kernel_environment(emulator, emulator.home, dict(os.environ)) | {"LAB_COURSE": str(ROOT)}
    command = [*warm, "pytest", "--nbval", str(folder), "--nbval-sanitize-with", str(SANITIZE)]
    command += [
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
        "--nbval-cell-timeout",
        "120",
    ]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def copy_of(lab, folder):
    shutil.copy(ROOT / "notebooks" / "solved" / lab.file.notebook, folder)
    return folder / lab.file.notebook


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_the_solved_notebook_gives_its_saved_outputs(lab, warm, tmp_path):
    """By the command that a maintainer types. The account and the progress of whoever types it stay as they are."""
    command = [*warm, "pytest", "--nbval", f"notebooks/solved/{lab.file.notebook}"]
    environ = os.environ | {"LAB_HOME": str(tmp_path / "own")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    told = re.sub(r"<style>.*?</style>", "", done.stdout, flags=re.DOTALL)
    assert done.returncode == 0, told[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    assert not (tmp_path / "own").exists()


def test_a_changed_output_makes_nbval_fail(warm, notebook_emulator, tmp_path):
    path = copy_of(load_lab("hello_lambda"), tmp_path)
    notebook = nbformat.read(path, as_version=4)
    end = next(number for number, cell in enumerate(notebook.cells) if cell.id == "role-check")
    (output,) = notebook.cells[end].outputs
    assert "✓ passed" in output["data"]["text/plain"]
    output["data"]["text/plain"] = output["data"]["text/plain"].replace("✓ passed", "✗ failed", 1)
    notebook.cells = notebook.cells[: end + 1]
    nbformat.write(notebook, path)
    done = nbval(warm, tmp_path, notebook_emulator)
    assert done.returncode == 1
    assert "✗ failed" in done.stdout


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_run_all_on_an_untouched_notebook_ends_without_a_traceback(lab, warm, notebook_emulator, tmp_path):
    notebook_emulator.reset()
    path = tmp_path / lab.file.notebook
    shutil.copy(ROOT / "notebooks" / lab.file.notebook, path)
    environ = kernel_environment(notebook_emulator, tmp_path / "home", dict(os.environ)) | {"LAB_COURSE": str(ROOT)}
    environ["LAB_HOME"] = str(notebook_emulator.home)
    command = [*warm, "papermill", str(path), str(path), "--cwd", str(tmp_path), "--no-progress-bar"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    text = "".join(str(output) for output in outputs)
    assert "✗ failed" in text or "○ absent" in text
    assert ("This cell needs the task" in text) == ("%%after " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_each_task_cell_is_followed_by_a_check_of_its_task_or_of_what_it_is_for(lab):
    cells = nbformat.read(ROOT / "notebooks" / lab.file.notebook, as_version=4).cells
    checked = [cell.source for cell in cells if cell.source.startswith("lab.check(")]
    for cell in cells:
        if task := task_of(cell):
            assert f'lab.check("{task}")' in checked


def test_notebook_without_tasks_keeps_all_other_cells():
    def cell(source, *tags):
        return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})

    cells = [
        cell("import boto3"),
        cell("1", "task:queue"),
        cell("2", "task:job"),
        cell("3", "task:clean_up"),
        cell("4"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    left = without_tasks(notebook, {"job", "clean_up"})
    assert [each.source for each in left.cells] == ["import boto3", "1", "4"]
    assert [each.source for each in without_tasks(left, set()).cells] == ["import boto3", "1", "4"]


def test_running_a_solved_notebook_leaves_out_what_stands_apart_and_what_cannot_be_done(
    sample_course, notebook_emulator
):
    notebook_emulator.reset()
    course = sample_course("apart")
    lab = load_lab("apart", course)
    cells = [nbformat.v4.new_code_cell("import boto3\nsqs = boto3.client('sqs')")]
    for found in answers(lab).values():
        cells.append(nbformat.v4.new_code_cell(found.cell, metadata={"tags": [f"task:{found.task}"]}))
    course.solved.mkdir(parents=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for folder in (course.notebooks, course.solved):  # as solved, the tasks' cells hold the answers
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / lab.file.notebook)
    (run,) = run_all(course, [lab], notebook_emulator, dict(os.environ), 1, lambda run: None)
    assert (run.problem, run.good) == (None, True)
    assert {result.name: str(result.outcome) for result in run.report} == {
        "queue_exists": "passed",
        "job_ran": "unsupported",
    }


def test_running_the_solved_notebooks_reports_each_lab(course, notebook_emulator):
    notebook_emulator.reset()
    seen = []
    runs = run_all(course, LABS[:1], notebook_emulator, dict(os.environ), 1, seen.append)
    assert [(run.lab.id, run.problem) for run in runs] == [(LABS[0].id, None)]
    assert [(result.name, result.found) for result in runs[0].report if result.outcome != "passed"] == []
    assert runs[0].good
    assert seen == runs
    assert notebook_emulator.healthy()


def test_without_an_emulator_each_notebook_has_one_of_its_own(course, monkeypatch):
    homes = []

    def run_one(course, lab, emulator, environ):
        homes.append((emulator.home, emulator.healthy()))
        return notebook_runs.NotebookRun(lab, 0.0, None)

    monkeypatch.setattr(notebook_runs, "run_one", run_one)
    run_all(course, LABS[:2], None, {}, 2, lambda run: None)
    assert len({home for home, _ in homes}) == 2
    assert all(healthy for _, healthy in homes)


def test_the_cell_that_failed_is_named_with_its_error_in_plain_text():
    failed = nbformat.v4.new_code_cell("1 / 0", id="share")
    traceback = ["\x1b[0;31mZeroDivisionError\x1b[0m", "Cell In[1], line 1", "ZeroDivisionError: division by zero"]
    failed.outputs = [
        nbformat.v4.new_output("stream", text="before"),
        nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="division by zero", traceback=traceback),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print()"), failed])
    assert failed_cell(notebook) == (
        "cell share: ZeroDivisionError: division by zero\n"
        "ZeroDivisionError\nCell In[1], line 1\nZeroDivisionError: division by zero"
    )
    failed.outputs.pop()
    assert failed_cell(notebook) == ""


def shows(text, *tags):
    cell = nbformat.v4.new_code_cell("lab.check()", id="here", metadata={"tags": list(tags)})
    cell.outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": text})]
    return shown_failures(nbformat.v4.new_notebook(cells=[cell]))


def test_what_a_solved_notebook_shows_of_failed_checks_is_found_unless_its_cell_is_meant_to():
    results = [CheckResult(str(each), "The queue exists", "queue", each) for each in Outcome]
    results.append(CheckResult("gone", "It is there", "queue", Outcome.FAILED, there=False))
    report = LabReport("queue", "A queue", "embedded", tuple(results))
    assert [line.split()[3] for line in shows(report_text(report))] == ["failed", "blocked", "broken", "absent"]
    assert shows(report_text(report), SHOWS_FAILURE) == []
    assert shows(str(Note("Not yet.", ("This cell needs the task 'queue' first.",)))) == ["cell here: Not yet."]
    assert shows("  No (Fail): ✗ failed") == ["cell here: No (Fail): ✗ failed"]
    assert shows("  8 ms  learner    ✗ execute-api GET /prod/dogs (<1 ms), failed\n✗ differs") == []


def test_what_a_cell_prints_is_one_text_however_it_came_and_what_it_shows_stays_between():
    def printed(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    shown = nbformat.v4.new_output("display_data", data={"text/plain": "a picture"})
    cell = nbformat.v4.new_code_cell("work()")
    cell.outputs = [printed("1\n"), printed("2\n"), shown, printed("3\n"), printed("no\n", "stderr"), printed("4\n")]
    without_machine(nbformat.v4.new_notebook(cells=[cell]))
    assert [each.get("text") for each in cell.outputs] == ["1\n2\n", None, "3\n", "no\n", "4\n"]


def test_a_solved_notebook_in_which_a_check_fails_is_not_saved(sample_course, notebook_emulator):
    notebook_emulator.reset()
    course = sample_course("queue")
    lab = load_lab("queue", course)
    cells = [nbformat.v4.new_code_cell("from lab_harness import open_lab\nlab = open_lab('queue')\nimport boto3")]
    cells.append(nbformat.v4.new_code_cell("lab.check('queue')", id="too-early"))
    cells[0].source += "\nsqs = boto3.client('sqs')"
    for task in lab.tasks:
        cells.append(nbformat.v4.new_code_cell("# Your code here", metadata={"tags": [f"task:{task.id}"]}))
    course.notebooks.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), course.notebooks / lab.file.notebook)
    environ = kernel_environment(notebook_emulator, notebook_emulator.home, dict(os.environ))
    with pytest.raises(LabError, match=r"shows what failed:\ncell too-early: . absent"):
        build(course, lab, environ)
    assert not (course.solved / lab.file.notebook).exists()


def test_a_solved_notebook_that_is_out_of_date_is_not_taken_for_a_good_one(course, tmp_path):
    lab = load_lab("first_steps")
    old = shutil.copytree(course.solved, tmp_path / "notebooks" / "solved")
    shutil.copy(course.notebooks / lab.file.notebook, tmp_path / "notebooks")
    path = old / lab.file.notebook
    path.write_text(path.read_text(encoding="utf-8").replace("import boto3", "import boto3, json", 1), encoding="utf-8")
    run = run_one(Course(tmp_path), lab, None, {})
    assert (run.good, run.problem) == (False, "It is out of date; run: lab notebooks build first_steps")
