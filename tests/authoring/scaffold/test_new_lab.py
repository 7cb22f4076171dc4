"""Tests for the files of a new lab: whatever parts it has, it keeps the rules, fails untouched and passes solved."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lab_harness import run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authoring import lint
from lab_harness.authoring.release import release
from lab_harness.authoring.scaffold import Wanted, new_lab
from lab_harness.cli import authoring
from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.lab.labs import load_lab
from tests.conftest import ROOT

BIN = Path(sys.executable).parent
LONG = "23456789012345678901234567890"
LABS = {
    "a_queue": Wanted(),
    "stores": Wanted(table=("OneTable", "TwoTable"), bucket=("one-bucket",), queue=("one-queue",)),
    "lone": Wanted(function=("say-hello",)),
    "noted_uploads": Wanted(function=("make-thumbnail",), bucket=("pet-photos",), table=("PetPhotos",)),
    "copies": Wanted(function=("copy-note",), bucket=("note-in", "note-out"), queue=("notes",)),
    "front": Wanted(function=("front-desk",), api=("front-door",)),
    "everything": Wanted(
        function=(f"f{LONG}",),
        queue=(f"q{LONG}",),
        api=(f"a{LONG}",),
        table=(f"T{LONG}", f"U{LONG}"),
        bucket=(f"b{LONG}", f"c{LONG}", f"d{LONG}"),
    ),
}
README = "| 06 | [`web_app`](labs/web_app/README.md) | a site |\n"


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A course without a lab, whose README has the table."""
    root = tmp_path / "course"
    for folder in ("labs", "notebooks", "tests/labs"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "labs" / "facts.toml", root / "labs")
    (root / "README.md").write_text(README, encoding="utf-8")
    monkeypatch.setenv("LAB_COURSE", str(root))
    return Course(root)


@pytest.fixture(params=LABS)
def made(request, empty):
    """A new lab with these parts."""
    new_lab(empty, request.param, LABS[request.param])
    return empty, load_lab(request.param, empty)


def test_it_keeps_all_rules_but_the_one_that_asks_for_the_solved_notebook(made):
    course, lab = made
    solved = f"notebooks/solved/{lab.file.notebook}"
    assert list(lint.problems(course, [lab]))[1:] == [
        f"{lab.id}: {solved} is missing; run: lab notebooks build {lab.id}"
    ]
    assert len(lab.all_checks) >= 2 * len(lab.tasks) - 2


def test_it_fails_untouched_passes_solved_and_a_reset_leaves_nothing(made, clients):
    _, lab = made
    assert list(lint.behaviour_problems(lab, clients)) == []
    lab.solve(clients)
    named = {resource.name for resource in lab.file.resources}
    assert {resource.name for resource in remove_resources(lab, clients)} == named
    assert run_checks(lab, clients).passed == 0


def test_its_code_is_as_ruff_wants_it(made):
    course, lab = made
    # What it imports from the course comes last, so ruff must find that.
    for name in ("pyproject.toml", "lab_harness", "tests/waiting.py", "tests/labs/helpers.py"):
        (course.root / name).symlink_to(ROOT / name)
    for words in (["check"], ["format", "--diff"]):
        ruff = [BIN / "ruff", *words, "--no-cache", f"labs/{lab.id}", f"tests/labs/test_{lab.id}.py"]
        done = subprocess.run(ruff, cwd=course.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_its_notebook_is_valid_and_has_no_gaps(made):
    course, lab = made
    notebook = nbformat.read(course.notebooks / lab.file.notebook, as_version=4)
    nbformat.validate(notebook)
    assert not [cell.id for cell in notebook.cells if "\n\n\n\n" in cell.source or not cell.source.strip()]
    assert not [cell.id for cell in notebook.cells if "{{" in cell.source or "{%" in cell.source]


def test_a_function_that_is_not_right_yet_can_be_deployed_again(empty):
    new_lab(empty, "copies", LABS["copies"])
    notebook = nbformat.read(empty.notebooks / load_lab("copies", empty).file.notebook, as_version=4)
    (deploy,) = (cell.source for cell in notebook.cells if "update_function_code" in cell.source)
    assert deploy.startswith("%%after function_exists\n")


def test_checks_of_uploads_are_said_to_upload(empty):
    new_lab(empty, "copies", Wanted(function=("copy-note",), bucket=("note-in", "note-out")))
    text = (empty.notebooks / load_lab("copies", empty).file.notebook).read_text(encoding="utf-8")
    assert "The checks send uploads of their own" in text


def test_copy_that_was_given_out_has_no_templates_and_says_so(made, monkeypatch):
    course, lab = made
    (course.root / "lab_harness").symlink_to(ROOT / "lab_harness")
    bundle = course.root.parent / "bundle"
    release(course, bundle)
    assert not list(bundle.rglob("*.j2"))
    monkeypatch.setattr("lab_harness.authoring.scaffold.files.HERE", bundle / "lab_harness/authoring/scaffold")
    with pytest.raises(CourseError, match=r"This copy of the course was given out; lab new works in the one"):
        new_lab(Course(bundle), f"{lab.id}_again", Wanted())
    assert not (bundle / "labs" / f"{lab.id}_again").exists()


def test_each_of_its_checks_is_seen_to_fail_by_its_own_tests(tmp_path):
    """In a copy of the course, as an author works in it."""
    root = tmp_path / "course"
    left_out = shutil.ignore_patterns("__pycache__", "test_*.py", "sample_labs")
    shutil.copytree(ROOT / "tests", root / "tests", ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("labs", "notebooks"):
        (root / folder).mkdir()
    shutil.copy(ROOT / "labs" / "facts.toml", root / "labs")
    for name in ("lone", "everything"):
        new_lab(Course(root), name, LABS[name])
    environ = os.environ | {"PYTHONPATH": str(root), "COLUMNS": "120"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/labs"]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "skipped" not in done.stdout


# What is refused, and that nothing is written then


def refused(course, *arguments):
    before = {path: path.is_file() and path.read_bytes() for path in course.root.rglob("*")}
    with pytest.raises(UsageError) as caught:
        new_lab(course, *arguments)
    assert {path: path.is_file() and path.read_bytes() for path in course.root.rglob("*")} == before
    return str(caught.value).replace(f"{course.root}/", "")


def test_lab_that_is_there_is_not_overwritten(sample_course):
    course = sample_course("queue")
    assert refused(course, "queue", Wanted()) == "labs/queue exists already; nothing was written."


@pytest.mark.parametrize("name", ["tests/labs/test_my_lab.py", "notebooks/02_my_lab.ipynb"])
def test_file_that_is_there_is_not_overwritten(sample_course, name):
    course = sample_course("queue")
    path = course.root / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert refused(course, "my_lab", Wanted()) == f"{name} exists already; nothing was written."


def test_number_that_is_taken_is_refused_with_the_lab_that_has_it(sample_course):
    assert refused(sample_course("queue"), "my_lab", Wanted(), 1) == (
        "The number 1 is taken by the lab queue; leave --number out for the next one."
    )


def test_name_of_another_labs_resource_is_refused(sample_course):
    assert refused(sample_course("queue"), "my_lab", Wanted(queue=("sample-queue",))) == (
        "The lab queue asks for sample-queue, too: a reset of one would remove the other's. Choose another name."
    )


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(api=("shop",)), "--api wants --function, too: what answers the API's requests?"),
        (
            Wanted(function=("one", "two")),
            "--function can be given once; --table and --bucket as often as you like.",
        ),
        (
            Wanted(table=tuple("ABCDEF"[number] * 3 for number in range(6))),
            "--table can be given 5 times at most: a lab is done in an hour.",
        ),
        (Wanted(bucket=("Photos",)), "--bucket 'Photos': the name of a bucket has no capital letters."),
    ],
)
def test_parts_that_make_no_lab_are_refused(empty, wanted, said):
    assert refused(empty, "my_lab", wanted) == said


def test_lab_stands_where_its_number_belongs(sample_course):
    course = sample_course("queue")
    readme = course.root / "README.md"
    readme.write_text(README, encoding="utf-8")
    new_lab(course, "before", Wanted(table=("EarlyTable",)), 3)
    new_lab(course, "after", Wanted(function=("late",), queue=("last",)), 9)
    assert readme.read_text(encoding="utf-8").splitlines() == [
        "| 03 | [`before`](labs/before/README.md) | a table, `EarlyTable` |",
        README.strip(),
        "| 09 | [`after`](labs/after/README.md) | `last` → `late` |",
    ]


# The command


def examples():
    """The commands with options that the documents, and the command's help, have as examples."""
    documents = [(ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "docs/authoring.md")]
    texts = [*documents, authoring.new.help]
    return [found for text in texts for found in re.findall(r"\blab new \w+ --[^`\n]+", text)]


def test_examples_that_are_given_can_be_typed(tmp_path, lab, monkeypatch):
    ignored = shutil.ignore_patterns("__pycache__", "solved")
    for folder in ("labs", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / "course" / folder, ignore=ignored)
    monkeypatch.setenv("LAB_COURSE", str(tmp_path / "course"))
    assert len(examples()) == 2
    for number, command in enumerate(examples()):
        _, *words = command.split()
        told = lab(*words, "--number", 90 + number)
        assert (told.code, told.err) == (0, "")
        shutil.rmtree(tmp_path / "course" / "labs" / words[1])  # the next one may have the same names


def test_command_prints_what_is_to_be_typed_next(sample_course, lab, monkeypatch):
    course = sample_course("queue")
    monkeypatch.chdir(course.root)
    monkeypatch.setenv("PATH", str(BIN))
    (course.root / "tests").mkdir()
    (course.root / "tests" / "conftest.py").touch()
    told = lab("new", "my_lab", "--function", "keep", "--table", "Kept", "--table", "Copies")
    assert told.out.endswith(
        "Next, and again after each change:\n    lab notebooks build my_lab\n    make test-lab LAB=my_lab\n"
    )
    monkeypatch.chdir(course.labs)
    assert f"    make -C {course.root} test-lab LAB=other\n" in lab("new", "other").out


def test_command_of_a_course_without_tests_names_lint_and_a_path_where_no_shell_finds_lab(
    sample_course, lab, monkeypatch
):
    course = sample_course("queue")
    monkeypatch.chdir(course.root)
    monkeypatch.setenv("PATH", str(course.root))
    program = os.path.relpath(BIN / "lab")
    assert lab("new", "my_lab").out.endswith(f"    {program} notebooks build my_lab\n    {program} lint my_lab\n")


def test_command_tells_what_is_wrong(sample_course, lab):
    sample_course("queue")
    told = lab("new", "my_lab", "--bucket", "Photos")
    assert (told.code, told.err) == (2, "error: --bucket 'Photos': the name of a bucket has no capital letters.\n")
