"""Tests for the gradebook, for what a run grades and what it leaves, and for what changed when it grades again."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lab_harness.course import Course
from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.grade import CellError, Status
from lab_harness.grading.intake.submissions import Work
from lab_harness.grading.plan import carry_out, chosen, plan
from lab_harness.grading.results.gradebook import VERSION, open_gradebook
from lab_harness.grading.results.regrades import regrade
from lab_harness.grading.students import Student
from lab_harness.handing_in.bundle import Attempts, CheckLog, unpack
from lab_harness.handing_in.versions import versions_of
from lab_harness.lab.labs import load_lab
from tests.grading.handing_in import bundled, graded

NOW = {"checks": "1"}


def work(student="ana", lab="hello_lambda", digest="a", **values):
    return Work(Student(student, student), lab, Path("notebook.ipynb"), digest, {"role": "code"}, **values)


def versions(lab):
    return dict(NOW)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gradebook.sqlite"


@pytest.fixture
def run(path):
    """Runs what a plan for some work says, with grades by (student, lab); gives what was asked of the grader."""

    def run(works, grades=(), versions=versions, regrade=(), **options):
        asked = []

        def grade_all(submissions):
            asked.extend((each.student, each.lab) for each in submissions)
            yield from grades or (graded(*key, passed="passed") for key in asked)

        with open_gradebook(path) as gradebook:
            for lab in regrade:
                gradebook.grade_again(lab, {each.student.id for each in works if each.lab == lab})
            steps = plan(works, gradebook.by_key(), versions, **options)
            run.done = list(carry_out(steps, gradebook, grade_all, versions))
        return asked

    return run


def rows(path):
    with open_gradebook(path) as gradebook:
        return gradebook.rows()


# What is kept


def test_grade_comes_back_as_it_was_recorded(path):
    errors = (CellError("role", "NameError: x", "line 1"),)
    grade = graded("ana", errors=errors, fingerprint="f", a="passed", b="failed")
    student = Student("ana_1", "ana", "canvas", "1")
    with open_gradebook(path) as gradebook:
        gradebook.record(
            replace(work(), student=student, late=True, note="the newest", file="ana/a.ipynb"),
            replace(grade, student="ana_1"),
        )
    [row] = rows(path)
    assert row.student == student
    assert row.grade == replace(grade, student="ana_1")
    assert (row.late, row.note, row.digest, row.tasks) == (True, "the newest", "a", {"role": "code"})
    assert (row.reason, row.file) == ("late; the newest", "ana/a.ipynb")


def test_second_grade_for_the_same_work_takes_the_first_ones_place(path):
    with open_gradebook(path) as gradebook:
        gradebook.record(work(), graded("ana", a="failed"))
        gradebook.record(work(), graded("ana", a="passed"))
    [row] = rows(path)
    assert row.grade.points == 1


def test_work_that_has_not_changed_was_handed_in_when_it_came_first(path):
    with open_gradebook(path) as gradebook:
        gradebook.record(replace(work(), handed_in=200.0), graded("ana", a="failed"))
        gradebook.annotate(replace(work(), handed_in=300.0))
        assert [row.handed_in for row in gradebook.rows()] == [200.0]
        gradebook.record(replace(work(), handed_in=100.0), graded("ana", a="passed"))
        assert [row.handed_in for row in gradebook.rows()] == [100.0]
        gradebook.record(replace(work(), handed_in=400.0, digest="other"), graded("ana", a="passed"))
        assert [row.handed_in for row in gradebook.rows()] == [400.0]


def test_gradebook_is_read_while_another_run_writes(path):
    with open_gradebook(path) as one:
        one.record(work(), graded("ana", a="passed"))
        one._database.execute("begin immediate")
        assert [row.student.id for row in rows(path)] == ["ana"]


def test_gradebook_of_a_newer_version_is_left_alone(path):
    with open_gradebook(path):
        pass
    database = sqlite3.connect(path)
    assert database.execute("pragma user_version").fetchone() == (VERSION,)
    database.execute(f"pragma user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(CourseError, match="newer version"), open_gradebook(path):
        pass


def test_file_that_is_no_gradebook_is_named(path):
    path.write_text("no database at all, and long enough to be looked at")
    with pytest.raises(CourseError, match=r"gradebook\.sqlite cannot be used"), open_gradebook(path):
        pass


# What a run grades


def test_unchanged_work_is_not_graded_again_and_changed_or_new_work_is(run):
    assert run([work("ana"), work("bo")]) == [("ana", "hello_lambda"), ("bo", "hello_lambda")]
    assert run([work("ana"), work("bo")]) == []
    assert run([work("ana", digest="b"), work("bo"), work("cy")]) == [("ana", "hello_lambda"), ("cy", "hello_lambda")]


def test_other_versions_grade_again(run):
    run([work()])
    assert run([work()], versions=lambda lab: {"checks": "2"}) == [("ana", "hello_lambda")]
    assert run([work()], versions=lambda lab: {"checks": "2"}) == []


def test_what_broke_is_graded_again_and_what_hit_a_limit_is_not(run):
    broken, limited = graded("ana", status=Status.BROKEN), graded("bo", status=Status.LIMITED, a="passed")
    run([work("ana"), work("bo")], [broken, limited])
    assert run([work("ana"), work("bo")]) == [("ana", "hello_lambda")]


def test_killed_run_goes_on_where_it_was(run, path):
    def killed():
        yield graded("ana", a="passed")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([work("ana"), work("bo")], killed())
    assert [row.student.id for row in rows(path)] == ["ana"]
    assert run([work("ana"), work("bo")]) == [("bo", "hello_lambda")]


def test_regrade_grades_one_lab_again_and_the_limit_holds(run):
    works = [work("ana"), work("ana", "pets_api"), work("bo")]
    run(works)
    assert run(works, regrade=["hello_lambda"]) == [("ana", "hello_lambda"), ("bo", "hello_lambda")]
    assert run(works, regrade=["hello_lambda"], limit=1) == [("ana", "hello_lambda")]
    assert run(works, regrade=["hello_lambda"], limit=1) == [("bo", "hello_lambda")]
    assert run(works) == []


def test_regrade_that_is_killed_goes_on_and_forgets_no_change(run, path):
    works = [work("ana"), work("bo")]
    run(works, [graded("ana", a="failed"), graded("bo", a="failed")])

    def killed():
        yield graded("ana", a="passed")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(works, killed(), regrade=["hello_lambda"])
    assert run(works, [graded("bo", a="passed")], regrade=["hello_lambda"]) == [("bo", "hello_lambda")]
    assert [str(row.regrade) for row in rows(path)] == [
        f"{name} hello_lambda: 0 → 1 points (The a is right: failed → passed)" for name in ("ana", "bo")
    ]
    run(works, [graded("ana", a="passed"), graded("bo", a="passed")], regrade=["hello_lambda"])
    assert [row.regrade for row in rows(path)] == [None, None]


def test_rejected_work_is_recorded_and_forgotten_when_the_student_hands_in_anew(run, path):
    run([replace(work(lab="", digest=""), rejected="it is empty", path=None)])
    [row] = rows(path)
    assert (row.grade.status, row.grade.reason) == (Status.REJECTED, "it is empty")
    run([work()])
    assert [(row.lab, row.grade.status) for row in rows(path)] == [("hello_lambda", Status.GRADED)]


def test_what_is_known_of_unchanged_work_is_brought_up_to_date(run, path):
    run([work()])
    run([work(late=True, note="the newest")])
    [row] = rows(path)
    assert (row.late, row.note, row.grade.status) == (True, "the newest", Status.GRADED)


def test_grade_that_never_comes_is_broken(run, path):
    run([work("ana"), work("bo")], [graded("ana", a="passed")])
    assert [(row.student.id, row.grade.status) for row in rows(path)] == [("ana", "graded"), ("bo", "broken")]


def test_grade_names_the_versions_that_it_was_made_by(run, path):
    run([work()])
    assert rows(path)[0].grade.versions == {"checks": "1"}


def test_students_are_chosen_by_id_or_name_and_unknown_ones_are_named():
    works = [replace(work(), student=Student("doejane_12", "doejane")), work("bo")]
    assert chosen(works, ["DoeJane"]) == chosen(works, ["doejane_12"]) == [works[0]]
    assert chosen(works, []) == works
    with pytest.raises(UsageError, match=r"There is no student 'b0'\. Did you mean bo\?"):
        chosen(works, ["b0"])


def test_gradebook_of_the_first_version_is_used_on_and_learns_where_work_comes_from(run, path):
    run([work("ana"), work("bo")])
    with closing(sqlite3.connect(path)) as database, database:
        for column in ("origin", "before", "due", "claim", "file", "handed_in", "shown"):
            database.execute(f"alter table grades drop column {column}")
        database.executescript("drop table similar; drop table run; drop table marks;")
        database.execute("pragma user_version = 1")
    assert [row.origin for row in rows(path)] == [None, None]
    origin = unpack(bundled({"cells": []}, attempts=Attempts(checks={"a": CheckLog(3)}))).origin
    assert run([work("ana", origin=origin), work("bo", digest="b", origin=origin)]) == [("bo", "hello_lambda")]
    assert [row.origin for row in rows(path)] == [origin, origin]


# Versions


def test_versions_change_with_what_judges_and_not_with_the_rest(course, sample_course):
    lab = load_lab("queue", sample_course("queue"))
    before = versions_of(lab)
    assert set(before) == {"course", "checks", "emulator", "harness"}
    (lab.folder / "README.md").write_text("other words")
    (lab.folder / "solution.py").write_text("x = 1")
    assert versions_of(lab) == before
    (lab.folder / "checks.py").write_text("x = 1")
    after = versions_of(lab)
    assert after["checks"] != before["checks"]
    assert versions_of(load_lab("hello_lambda", Course(course.root))) == versions_of(load_lab("hello_lambda", course))


# What changed


def test_change_says_check_by_check_whose_score_changed_and_why(run):
    run([work("ana"), work("bo")], [graded("ana", role="failed", code="passed"), graded("bo", role="passed")])
    again = [graded("ana", role="passed", code="passed"), graded("bo", role="failed", new="blocked")]
    run([work("ana"), work("bo")], again, regrade=["hello_lambda"])
    assert [str(each.change) for each in run.done] == [
        "ana hello_lambda: 1 → 2 points (The role is right: failed → passed)",
        "bo hello_lambda: 1 → 0 points "
        "(The role is right: passed → failed, found no role; The new is right: absent → blocked)",
    ]


def test_same_result_and_other_work_are_no_change(run):
    run([work("ana"), work("bo")], [graded("ana", a="passed"), graded("bo", a="failed")])
    run(
        [work("ana"), work("bo", digest="b")],
        [graded("ana", a="passed"), graded("bo", a="passed")],
        regrade=["hello_lambda"],
    )
    assert [each.change for each in run.done] == [None, None]


def test_change_of_status_is_named():
    found = regrade(graded("ana", status=Status.BROKEN, reason="lost"), graded("ana", a="passed"))
    assert found.score_changed
    assert str(found) == "ana hello_lambda: broken → graded, 0 → 1 points (The a is right: absent → passed)"
