"""Tests for a class's work as its files tell it, and for what the teacher says, which goes into them."""

import csv
import json
import sqlite3
from contextlib import closing

import pytest
from filelock import FileLock

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.remarks import NOTHING, Said
from lab_harness.grading.results.output import read_results
from lab_harness.grading.review.class_work import ClassWork
from tests.grading.handing_in import COURSE
from tests.grading.review.conftest import BO

BETTER = Said(1.5, "Nearly.\n- Mind the principal.")
HEAD = "student,lab,task,points,comment\n"


def row_of(class_work, student, lab="hello_lambda"):
    return next(row for row in class_work.rows if (row.student.id, row.lab) == (student, lab))


def remarks(school):
    with (school / "remarks.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_what_is_saved_is_in_the_file_on_the_pages_and_in_the_exports(class_work, school):
    assert class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER), "": (NOTHING, NOTHING)}) == {}
    assert remarks(school) == [["ana", "hello_lambda", "role", "1.5", BETTER.comment]]
    assert row_of(class_work, "ana").mark == 1.5
    assert class_work.write() == ""
    feedback = (school / "results/feedback/ana.html").read_text()
    assert "Your teacher gave you 1.5 instead of 1 points: Nearly." in feedback
    grades = json.loads((school / "results/gradebook.json").read_text())["grades"]
    assert [each["mark"] for each in grades if each["remarks"]] == [1.5]
    assert "role: 1.5 points instead of 1: Nearly." in (school / "results/gradebook.csv").read_text()


def test_what_is_taken_back_leaves_no_line(class_work, school):
    class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})
    class_work.save(row_of(class_work, "ana"), {"role": (BETTER, NOTHING)})
    assert remarks(school) == []
    assert row_of(class_work, "ana").mark == 1


def test_lines_of_others_stay_as_they_are(class_work, school):
    text = '\ufeffstudent;task;lab;points;comment;mine\r\ncy;;hello_lambda;;"a;""b""";x\r\n\r\n'
    text += "ana;role;hello_lambda;1,5;;y\r\n"
    (school / "remarks.csv").write_bytes(text.encode())
    class_work.refresh()
    class_work.save(row_of(class_work, "ana"), {"role": (Said(1.5), Said(2, "Yes."))})
    assert (school / "remarks.csv").read_bytes().decode() == text.replace("1,5;;y", "2;Yes.;y")


def test_line_under_another_name_of_the_students_is_the_one_that_is_changed(class_work, school):
    (school / "remarks.csv").write_text(f"{HEAD}ana@school.test,hello_lambda,role,,Hm\n")
    class_work.refresh()
    class_work.save(row_of(class_work, "ana"), {"role": (Said(None, "Hm"), BETTER)})
    assert remarks(school) == [["ana@school.test", "hello_lambda", "role", "1.5", BETTER.comment]]


def test_what_was_changed_by_hand_meanwhile_is_not_overwritten(class_work, school):
    row = row_of(class_work, "ana")
    (school / "remarks.csv").write_text(f"{HEAD}ana,hello_lambda,role,2,By hand.\ncy,hello_lambda,,,Other.\n")
    before = (school / "remarks.csv").read_bytes()
    changes = {"role": (NOTHING, BETTER), "": (NOTHING, Said(None, "x"))}
    assert class_work.save(row, changes) == {"role": Said(2, "By hand.")}
    assert (school / "remarks.csv").read_bytes() == before
    assert class_work.save(row, {"role": (Said(2, "By hand."), BETTER)}) == {}
    assert [line[4] for line in remarks(school)] == [BETTER.comment, "Other."]


def test_file_that_was_changed_by_hand_is_read_again(class_work, school):
    (school / "remarks.csv").write_text(f"{HEAD}ana,hello_lambda,role,2,By hand.\n")
    class_work.refresh()
    assert row_of(class_work, "ana").mark == 2
    (school / "remarks.csv").write_text(f"{HEAD}cy,hello_lambda,role,2,By hand.\nana,hello_lambda,,,x\n")
    class_work.refresh()
    assert row_of(class_work, "ana").mark == 1
    class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})
    class_work.write()
    assert "By hand." in (school / "results/feedback/cy.html").read_text()  # others' pages, too


def test_only_the_page_of_who_was_changed_is_written_again(class_work, school):
    class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})
    class_work.write()
    cy, ana = (school / "results/feedback" / f"{name}.html" for name in ("cy", "ana"))
    before = cy.stat().st_ino, ana.stat().st_ino
    class_work.save(row_of(class_work, "ana"), {"role": (BETTER, NOTHING)})
    class_work.write()
    assert cy.stat().st_ino == before[0]
    assert "Nearly" not in ana.read_text()


def test_line_that_cannot_be_understood_is_named_and_nothing_is_lost(class_work, school):
    row = row_of(class_work, "ana")
    (school / "remarks.csv").write_text(f"{HEAD}cy,hello_lambda,role,many,x\n")
    with pytest.raises(UsageError, match=r"line 2: 'many' is no number of points"):
        class_work.save(row, {"role": (NOTHING, BETTER)})
    (school / "remarks.csv").write_text(f"{HEAD}ana,hello_lambda,role,1,x\nAna An,hello_lambda,role,2,y\n")
    with pytest.raises(UsageError, match="several lines for one student and task, by the names ana and Ana An"):
        class_work.save(row, {"role": (NOTHING, BETTER)})
    assert len(remarks(school)) == 2


def test_while_lab_grade_runs_it_is_saved_and_written_afterwards(class_work, school):
    with FileLock(school / "results/.lock"):
        assert class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)}) == {}
        said = class_work.write()
        assert said.startswith(
            "What you typed is in remarks.csv; pages and exports are not made anew yet. Another `lab"
        )
        assert remarks(school)
    assert class_work.write() == ""
    assert "1.5 instead" in (school / "results/feedback/ana.html").read_text()


def test_folder_that_cannot_be_written_is_one_message(class_work, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lab_harness.grading.remarks.write_whole", refuse)
    with pytest.raises(CourseError, match=r"remarks\.csv cannot be written: Permission denied\."):
        class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})
    monkeypatch.setattr("lab_harness.grading.review.class_work.FileLock", refuse)
    with pytest.raises(CourseError, match=r"results cannot be written: Permission denied\."):
        class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})


def test_link_to_the_file_stays_one_and_its_mode_too(class_work, school):
    (school / "real.csv").write_text(HEAD)
    (school / "real.csv").chmod(0o600)
    (school / "remarks.csv").symlink_to("real.csv")
    class_work.save(row_of(class_work, "ana"), {"role": (NOTHING, BETTER)})
    assert (school / "remarks.csv").is_symlink()
    assert "Nearly." in (school / "real.csv").read_text()
    assert (school / "real.csv").stat().st_mode & 0o777 == 0o600


def test_name_that_a_spreadsheet_would_run_has_an_apostrophe_in_the_file_alone(class_work, school):
    row = row_of(class_work, "ana")
    whose = row.student.__class__('=HYPERLINK("x")', '=HYPERLINK("x")')
    row = row.__class__(whose, row.grade)
    class_work.save(row, {"role": (NOTHING, Said(None, "-5: no"))})
    class_work.save(row, {"role": (Said(None, "-5: no"), Said(None, "=5"))})
    assert remarks(school) == [['\'=HYPERLINK("x")', "hello_lambda", "role", "", "'=5"]]
    class_work.refresh()
    assert class_work.school.remarks[0].student == '=HYPERLINK("x")'
    assert class_work.school.remarks[0].comment == "=5"


def test_without_class_toml_remarks_are_among_the_results(school):
    (school / "class.toml").write_text("format_version = 1\n")
    class_work = ClassWork(school / "results", COURSE)
    class_work.save(row_of(class_work, BO), {"": (NOTHING, Said(None, "Fine."))})
    assert f"{BO},hello_lambda,,,Fine." in (school / "results/remarks.csv").read_text()
    assert row_of(ClassWork(school / "results", COURSE), BO).remarks


def test_what_cannot_be_used_is_one_message(school, tmp_path):
    with pytest.raises(UsageError, match="holds no grades; `lab grade SUBMISSIONS --out"):
        ClassWork(tmp_path / "nothing", COURSE)
    assert not (tmp_path / "nothing").exists()


def test_folder_of_results_that_is_read_only_is_one_message(school, monkeypatch):
    def refuse(path):
        raise CourseError(f"{path} cannot be written: Read-only file system.")

    monkeypatch.setattr("lab_harness.grading.review.class_work.results_folder", refuse)
    with pytest.raises(CourseError, match="cannot be written: Read-only"):
        ClassWork(school / "results", COURSE)


def test_grades_that_came_meanwhile_are_seen(class_work, school):
    with closing(sqlite3.connect(school / "results/gradebook.sqlite")) as database, database:
        database.execute("delete from grades where student = 'cy'")
    class_work.refresh()
    assert {row.student.id for row in class_work.rows} == {"ana", BO}


def test_files_that_have_not_changed_are_read_once(class_work):
    rows = class_work.rows
    class_work.refresh()
    assert class_work.rows is rows


def test_file_that_changes_while_it_is_read_is_read_again(class_work, school, monkeypatch):
    def read(*args):
        found = read_results(*args)
        (school / "remarks.csv").write_text(f"{HEAD}ana,hello_lambda,role,2,Later.\n")
        return found

    (school / "remarks.csv").write_text(f"{HEAD}ana,hello_lambda,role,1,By hand.\n")
    with monkeypatch.context() as patch:
        patch.setattr("lab_harness.grading.review.class_work.read_results", read)
        class_work.refresh()
    assert row_of(class_work, "ana").mark == 1
    class_work.refresh()
    assert row_of(class_work, "ana").mark == 2
