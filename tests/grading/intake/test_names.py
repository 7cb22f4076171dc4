"""Tests for names that mean harm: whatever a file, a folder or a student is called gets a row or a notice."""

import os
from pathlib import Path

import pytest

from lab_harness.grading import pool
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.grading.room import sandbox
from lab_harness.handing_in import versions
from tests.grading.handing_in import COURSE, HELLO, as_bytes, graded, hand_in, untouched

SPOKEN = "\x1b[31m\x9b2J\x07\u202egnp\u2066"  # colours, a cleared screen, a bell, letters turned round
NAMES = {
    "control codes": f"ana{SPOKEN}",
    "Latin-1": os.fsdecode("Jos\xe9".encode("latin-1")),
    "no UTF-8": os.fsdecode(b"\xff\xfe\x80"),
    "four bytes a letter": "😀" * 60,
    "long": "a" * 250,
    "a device": "con",
    "a formula": '=HYPERLINK("x")',
    "an option": "--help",
    "a line's end": "ana\nbo: graded",
    "nothing that is seen": "\u200b \u2028",
    "quotes": "<b>'\"&",
}


@pytest.fixture
def run(lab, monkeypatch, tmp_path):
    """Runs `lab grade` on a folder, with a grader that gives full points; what it said, and all it has written."""

    def grade_all(submissions, **_):
        for each in submissions:
            yield graded(each.student, each.lab, a="passed")

    monkeypatch.setattr(pool, "grade_all", grade_all)
    monkeypatch.setattr(sandbox, "missing_protections", list)
    monkeypatch.setattr(versions, "versions_of", lambda _: {"checks": "1"})

    def run(folder):
        done = lab("grade", folder, "--out", tmp_path / "results")
        return done, {path: path.read_bytes().decode() for path in (tmp_path / "results").rglob("*.[cjhx]*")}

    return run


def school(folder, *names):
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / HELLO).write_bytes(as_bytes(untouched()))
    return folder


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_student_of_any_name_is_graded_and_nothing_that_is_written_obeys_the_name(run, tmp_path, name):
    done, written = run(school(tmp_path / "class", name, "bo"))
    assert done.code == 0, done.err
    assert done.out.startswith("2 graded")
    assert len([path for path in written if path.parent.name == "feedback"]) == 2
    for text in (done.out, done.err, *written.values()):
        assert not set(SPOKEN) - set("[31m2Jgnp") & set(text)


def test_file_of_any_name_is_read_and_named_in_what_is_said(run, tmp_path):
    folder = school(tmp_path / "class", "bo")
    for number, name in enumerate(NAMES.values()):
        (folder / f"ana{number}").mkdir()
        (folder / f"ana{number}" / f"{name[:60]}.txt").touch()
        (folder / name).touch()
    done, written = run(folder)
    assert (done.code, done.out[:8]) == (3, "1 graded")
    assert done.err.count("it is no notebook: its name does not end in .ipynb") == len(NAMES)
    assert done.err.count("is in no student's folder; it was left out.") == len(NAMES)
    for text in (done.err, *written.values()):
        assert not set(SPOKEN) - set("[31m2Jgnp") & set(text)


def test_folders_in_folders_without_end_are_left_out_and_named(tmp_path, reader):
    folder = school(tmp_path / "class", "ana", "bo")
    here = os.open(folder / "bo", os.O_RDONLY)
    for _ in range(1300):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    found = read_submissions(folder, COURSE, tmp_path / "scratch", reader=reader)
    assert [(work.student.id, work.rejected) for work in found.works] == [("ana", ""), ("bo", "")]
    [notice] = found.notices
    assert notice.endswith("lies too deep; what is in its folders was left out.")
    remove(folder / "bo" / "deeper")


def remove(folder):
    """Remove folders that lie deeper than a path may be long."""
    here = Path.cwd()
    os.chdir(folder)
    depth = 0
    while Path("deeper").is_dir():
        os.chdir("deeper")
        depth += 1
    for _ in range(depth):
        os.chdir("..")
        Path("deeper").rmdir()
    os.chdir(here)


def test_hidden_folder_is_left_out_and_named(tmp_path, reader):
    found = read_submissions(school(tmp_path / "class", "...a", "bo"), COURSE, tmp_path / "scratch", reader=reader)
    assert (len(found.works), found.notices) == (1, ["...a is hidden; it was left out."])


def test_folder_of_too_many_files_and_one_that_cannot_be_listed_are_named(tmp_path, reader, monkeypatch):
    files = {f"ana/{number}.txt": "" for number in range(1100)} | {f"bo/{HELLO}": untouched(), "cy/x/y": "x"}
    folder = hand_in(tmp_path / "class", files)
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("/x"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = read_submissions(folder, COURSE, tmp_path / "scratch", reader=reader)
    assert found.notices == [
        "ana holds too many files; the rest was left out.",
        "cy/x cannot be read (Permission denied); it was left out.",
    ]
    assert [(work.student.id, bool(work.rejected)) for work in found.works] == [
        ("ana", True),
        ("bo", False),
        ("cy", True),
    ]


def test_names_of_a_class_list_are_shown_without_what_a_terminal_obeys(lab, run, tmp_path):
    run(school(tmp_path / "class", "bo"))
    (tmp_path / "roster.csv").write_text(f"student\nana{SPOKEN}\n", encoding="utf-8")
    done = lab("class", tmp_path / "roster.csv", tmp_path / "results")
    assert done.code == 0
    assert "missing" in done.out
    assert not set(SPOKEN) - set("[31m2Jgnp") & set(done.out)
