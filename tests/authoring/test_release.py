"""Tests for the students' bundle: all that they need is in it, and no answer."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from lab_harness.authoring.readme_table import listed
from lab_harness.authoring.release import leaks, release
from lab_harness.course import Course
from lab_harness.errors import LabError, UsageError
from lab_harness.lab import sealed
from lab_harness.lab.labs import all_labs, load_lab
from lab_harness.lab.notebooks import read_notebook
from lab_harness.lab.solutions import answers
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def bundle(course, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed, "COST", 1)
        release(course, folder)
    return folder


@pytest.fixture
def copy(bundle, tmp_path):
    """A bundle that a test may change."""
    return shutil.copytree(bundle, tmp_path / "bundle")


def test_bundle_holds_each_labs_files_and_its_notebook(bundle, course):
    labs = all_labs(course)
    assert [lab.id for lab in all_labs(Course(bundle))] == [lab.id for lab in labs]
    assert (bundle / "labs" / "facts.toml").read_bytes() == (course.labs / "facts.toml").read_bytes()
    for lab in labs:
        assert (bundle / "notebooks" / lab.file.notebook).is_file()
        assert (bundle / "labs" / lab.id / "checks.py").is_file()
        assert (bundle / "labs" / lab.id / "quiz.sealed.json").exists() == (lab.folder / "quiz.toml").exists()
        assert not (bundle / "labs" / lab.id / "quiz.toml").exists()
    assert {path.name for path in bundle.iterdir()} == {
        "LICENSE", "Makefile", "README.md", "lab_harness", "labs", "notebooks", "pyproject.toml", "requirements.txt",
        "uv.lock",
    }  # fmt: skip


def test_bundle_holds_the_whole_package_but_the_templates_of_new_labs(bundle):
    def package(root):
        paths = [path for path in (root / "lab_harness").rglob("*") if path.suffix not in ("", ".pyc", ".j2")]
        return {path.relative_to(root) for path in paths if path.parent.name != "questions"}

    assert package(bundle) == package(ROOT)
    assert not list(bundle.rglob("questions"))
    assert (bundle / "lab_harness/notebook/panel/assets/idiomorph/LICENSE").is_file()


def test_readme_of_the_bundle_speaks_of_nothing_that_is_not_in_it(bundle):
    text = (bundle / "README.md").read_text(encoding="utf-8")
    for missing in (
        "lab grade",
        "lab solve",
        "notebooks/solved",
        "make course",
        "docker",
        "for students",
        "CONTRIBUTING",
        "solution",
    ):
        assert missing not in text
    assert "3 it could not be run |\n\nOther tools" in text  # the table ends as a table
    assert "## Hand in" in text
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)
    assert len(links) > 5
    assert [link for link in links if not (bundle / link).exists()] == []


def test_bundle_of_some_labs_holds_these_and_names_no_other_in_its_table(course, tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "COST", 1)
    release(course, tmp_path / "bundle", ["hello_lambda", "first_steps"])
    some = Course(tmp_path / "bundle")
    assert [lab.id for lab in all_labs(some)] == ["first_steps", "hello_lambda"]
    assert sorted(path.name for path in some.notebooks.iterdir()) == ["00_start.ipynb", "01_hello_lambda.ipynb"]
    assert list(listed(some.root / "README.md")) == ["first_steps", "hello_lambda"]
    with pytest.raises(UsageError, match="There is no lab 'hello'"):
        release(course, tmp_path / "other", ["hello"])


def test_notebooks_of_the_bundle_promise_no_answers_and_those_of_the_course_do(bundle, course):
    promises = (
        "a solution",
        "lab.solution",
        "and an answer",
        "and the answer",
        "a wrong one when you want it",
        "for students",
    )
    for notebook in sorted(path.name for path in course.notebooks.glob("*.ipynb")):
        theirs, ours = (read_notebook(root / notebook) for root in (bundle / "notebooks", course.notebooks))
        prose = [
            "\n".join(cell.source for cell in each.cells if cell.cell_type == "markdown") for each in (theirs, ours)
        ]
        assert [promise for promise in promises if promise in prose[0]] == []
        assert "a wrong one when you want it" in prose[1]
        assert [(cell.id, cell.cell_type) for cell in theirs.cells] == [
            (cell.id, cell.cell_type) for cell in ours.cells
        ]


def test_makefile_of_the_bundle_has_no_command_for_what_is_not_there(bundle):
    text = (bundle / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE) == ["help", "setup", "lab", "clean"]
    assert not re.search(r"tests|benchmarks|-dev|solution|for students", text)
    for switch in ("UV=", "UV=uv"):
        done = subprocess.run(["make", "-n", "lab", switch], cwd=bundle, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "lab open" in done.stdout


def test_quiz_of_the_bundle_is_answered_and_explained_by_the_right_answer_alone(bundle, course):
    lab = next(lab for lab in all_labs(Course(bundle)) if lab.id == "hello_lambda")
    question = lab.quiz.questions[0]
    plain = load_lab("hello_lambda", course).quiz.questions[0]
    assert question.opened(list(plain.right)) == plain.explained
    assert [question.opened([wrong]) for wrong in plain.wrong] == [None] * len(plain.wrong)


def test_answers_of_a_quiz_are_found_wherever_they_stand(copy, course):
    plain = course.labs / "hello_lambda" / "quiz.toml"
    shutil.copy(plain, copy / "labs/hello_lambda/quiz.toml")
    explanation = load_lab("hello_lambda", course).quiz.questions[1].explanation
    (copy / "README.md").write_text(f"So: {explanation}", encoding="utf-8")
    assert list(leaks(copy, all_labs(course))) == [
        "README.md explains the question bound_by_cpu of hello_lambda",
        "labs/hello_lambda/quiz.toml holds the answers of the quiz",
    ]


def test_no_answer_is_anywhere_in_the_bundle(bundle, course):
    assert not list(bundle.rglob("solution.py")) + list(bundle.rglob("solved")) + list(bundle.rglob("__pycache__"))
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in bundle.rglob("*") if path.is_file()}
    for lab in all_labs(course):
        for answer in answers(lab).values():
            assert not [path for path, text in texts.items() if answer.source in text]
            assert not (answer.file and (bundle / "labs" / lab.id / answer.file).exists())


def test_bundle_is_a_course_that_works(bundle, tmp_path):
    environ = os.environ | {"PYTHONPATH": str(bundle), "LAB_HOME": str(tmp_path)}

    def lab(*words):
        command = [sys.executable, "-m", "lab_harness", *words]
        return subprocess.run(command, env=environ, cwd=bundle, capture_output=True, text=True, check=False)

    assert "hello_lambda" in lab("list").stdout
    done = lab("solve", "hello_lambda")
    lab("stop")
    assert done.returncode == 3
    assert "The lab hello_lambda has no solution.py. A class may be given the course without its answers" in done.stderr


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("labs/hello_lambda/solution.py", "x = 1"),
        ("notebooks/solved/01_hello_lambda.ipynb", '{"cells": []}'),
    ],
)
def test_file_of_answers_is_found(copy, course, path, content):
    (copy / path).parent.mkdir(exist_ok=True)
    (copy / path).write_text(content)
    assert list(leaks(copy, all_labs(course))) == [f"{path} is an answer"]


def test_part_of_an_answer_is_found_wherever_it_stands(copy, course):
    labs = {lab.id: lab for lab in all_labs(course)}
    lines = answers(labs["orders_pipeline"])["queues"].source.splitlines()
    (copy / "README.md").write_text("text\n" + "\n".join(f"    {line}  " for line in lines[:5]))
    found = list(leaks(copy, list(labs.values())))
    assert found and all(
        line.startswith("README.md holds the answer of orders_pipeline, task queues") for line in found
    )


def test_short_answer_is_found(copy, course):
    labs = {lab.id: lab for lab in all_labs(course)}
    short = answers(labs["hello_lambda"])["test_event"].source
    assert len(short.splitlines()) == 2
    (copy / "labs/hello_lambda/README.md").write_text(f"before\n{short}\nafter")
    assert len(list(leaks(copy, list(labs.values())))) == 1


def test_whole_answer_in_a_notebook_is_found_and_demonstrations_are_not(copy, course):
    labs = all_labs(course)
    assert list(leaks(copy, labs)) == []
    shutil.copy(course.solved / "01_hello_lambda.ipynb", copy / "notebooks/01_hello_lambda.ipynb")
    found = list(leaks(copy, labs))
    assert [line.partition(": ")[0] for line in found if "notebooks/" in line] == [
        f"notebooks/01_hello_lambda.ipynb holds the answer of hello_lambda, task {task}"
        for task in ("role", "function", "handler", "test_event")
    ]


def test_bundle_with_a_leak_is_not_made(course, tmp_path, monkeypatch):
    monkeypatch.setattr("lab_harness.authoring.release.leaks", lambda *_: iter(["README.md holds it"]))
    with pytest.raises(LabError, match="would give answers away"):
        release(course, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_empty_is_left_alone(course, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UsageError, match="is not empty"):
        release(course, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
