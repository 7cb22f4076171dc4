"""Tests for `lab grade`, `lab class` and `lab release`: their words, their exit codes, and how a run is stopped."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab_harness import cli
from lab_harness.cli import app
from lab_harness.grading import pool
from lab_harness.grading.grade import Status
from lab_harness.grading.room import sandbox
from lab_harness.lab import sealed
from tests.grading.handing_in import ORDERS, bundled, graded, hand_in, untouched
from tests.grading.stand_in import gradebook
from tests.waiting import wait_until

# A run


def test_who_keeps_the_limits_is_said_at_the_start(lab, stand_in, school, out, monkeypatch):
    warm = SimpleNamespace(keeps_limits="Memory and processors are limited by control groups.")
    monkeypatch.setattr(sandbox, "begin_warm", lambda *_: nullcontext(warm))
    assert lab("grade", school, "--out", out).err == f"{warm.keeps_limits}\n"


def test_rejected_work_is_a_line_and_the_run_goes_on_and_ends_with_3(lab, stand_in, school, out):
    hand_in(school, {"cy/notes.txt": "x"})
    done = lab("grade", school, "--out", out)
    assert done.code == 3
    assert done.err == "cy: rejected: notes.txt: it is no notebook: its name does not end in .ipynb\n"
    assert done.out.startswith("3 graded, 0 unchanged, 1 rejected.")
    assert gradebook(out)["cy", ""]["status"] == "rejected"
    assert lab("grade", school, "--out", out).code == 3  # it still is


def test_students_whose_bundles_come_from_one_installation_are_named(lab, stand_in, tmp_path, out):
    key, mine = Ed25519PrivateKey.generate(), {"name": ORDERS, "lab": "orders_pipeline"}
    files = {"ana/a.zip": bundled(untouched(), key=key), "bo/b.zip": bundled(untouched(ORDERS), key=key, **mine)}
    files |= {"cy/c.zip": bundled(untouched())}
    done = lab("grade", hand_in(tmp_path / "class", files), "--out", out)
    assert (done.code, done.err) == (0, "Handed in from one installation: ana, bo\n")
    assert "Handed in from one installation" in (out / "index.html").read_text(encoding="utf-8")


def test_broken_grade_ends_with_3_and_is_tried_again(lab, stand_in, school, out):
    stand_in.grades["bo"] = graded("bo", status=Status.BROKEN, reason="the emulator ended")
    done = lab("grade", school, "--out", out)
    assert (done.code, done.err) == (3, "bo hello_lambda: broken: the emulator ended\n")
    del stand_in.grades["bo"]
    assert lab("grade", school, "--out", out).code == 0
    assert stand_in.asked[3:] == [("bo", "hello_lambda")]


def test_submission_that_hit_a_limit_is_graded_and_named(lab, stand_in, school, out):
    stand_in.grades["bo"] = graded("bo", status=Status.LIMITED, reason="a cell took more than 20 s", a="passed")
    done = lab("grade", school, "--out", out)
    assert (done.code, done.err) == (0, "bo hello_lambda: limited: a cell took more than 20 s\n")


def test_regrade_tells_whose_score_changed_and_why(lab, stand_in, school, out):
    lab("grade", school, "--out", out)
    stand_in.grades["bo"] = graded("bo", a="passed", b="failed")
    done = lab("grade", school, "--out", out, "--regrade", "hello_lambda")
    assert done.out.splitlines()[:2] == [
        "Graded again with another result (1):",
        "  bo hello_lambda: 2 → 1 points (The b is right: passed → failed, found no b)",
    ]
    assert done.out.splitlines()[2].startswith("2 graded, 1 unchanged.")
    assert (out / "changes.csv").read_text(encoding="utf-8").splitlines() == [
        "student,lab,points before,points,check,was,is,found",
        "bo,hello_lambda,2,1,The b is right,passed,failed,no b",
    ]


# What can go wrong


def test_machine_that_cannot_wall_submissions_in_insists_on_no_sandbox(lab, stand_in, school, out, monkeypatch):
    monkeypatch.setattr(sandbox, "missing_protections", lambda: ["bubblewrap is not installed", "it reads your files"])
    done = lab("grade", school, "--out", out)
    assert done.code == 3
    assert done.err == (
        "error: Submissions cannot be walled in here; add --no-sandbox if you trust them all:\n"
        "  bubblewrap is not installed\n  it reads your files\n"
    )
    assert lab("grade", school, "--out", out, "--no-sandbox").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lab", "hello_lamda"], "There is no lab 'hello_lamda'. Did you mean hello_lambda?"),
        (["--regrade", "x"], "There is no lab 'x'."),
        (["--only", "anna"], "There is no student 'anna'. Did you mean ana? Among the submissions are: ana, bo."),
    ],
)
def test_unknown_lab_and_student_are_named(lab, stand_in, school, out, words, said):
    done = lab("grade", school, "--out", out, *words)
    assert done.code == 2
    assert done.err.startswith(f"error: {said}")


def test_missing_folder_and_nothing_to_grade_are_one_line(lab, stand_in, tmp_path, out):
    done = lab("grade", tmp_path / "none", "--out", out)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "does not exist" in done.err
    (tmp_path / "empty").mkdir()
    done = lab("grade", tmp_path / "empty", "--out", out)
    assert done.code == 2
    assert done.err.startswith("error: There is nothing to grade in ")
    assert not out.exists()


def test_results_that_cannot_be_written_are_one_line(lab, stand_in, school, tmp_path):
    (tmp_path / "file").touch()
    done = lab("grade", school, "--out", tmp_path / "file")
    assert done.code == 3
    assert re.fullmatch(r"error: .*file cannot be written: File exists\.\n", done.err)
    assert lab("grade", school, "--out", "/proc/results").code == 3
    assert stand_in.asked == []


def test_results_are_closed_to_other_users_and_stay_as_the_teacher_opens_them(lab, stand_in, school, out):
    assert lab("grade", school, "--out", out).code == 0
    assert out.stat().st_mode & 0o777 == 0o700
    out.chmod(0o750)
    assert lab("grade", school, "--out", out).code == 0
    assert out.stat().st_mode & 0o777 == 0o750


def test_results_do_not_go_among_the_submissions(lab, stand_in, school):
    done = lab("grade", school, "--out", school / "results")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "lies among the submissions" in done.err


def test_labs_that_a_student_handed_in_do_not_say_what_is_right(lab, stand_in, school, out, course, monkeypatch):
    handed_in = next(folder for folder in school.iterdir() if folder.is_dir())
    shutil.copytree(course.labs / "first_steps", handed_in / "labs" / "first_steps")
    monkeypatch.delenv("LAB_COURSE", raising=False)
    monkeypatch.chdir(handed_in)
    done = lab("grade", school, "--out", out)
    assert (done.code, stand_in.asked) == (2, [])
    assert f"The labs in {handed_in} lie among the submissions" in done.err


def test_other_systems_than_linux_are_told_so(lab, stand_in, school, out, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    done = lab("grade", school, "--out", out)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "grade on Linux" in done.err


def test_ctrl_c_keeps_what_is_graded_and_says_how_to_go_on(lab, stand_in, school, out, monkeypatch):
    def stopped(submissions, **settings):
        yield graded(submissions[0].student, submissions[0].lab, a="passed")
        raise KeyboardInterrupt

    whole = pool.grade_all
    monkeypatch.setattr(pool, "grade_all", stopped)
    done = lab("grade", school, "--out", out)
    assert done.code == 130
    assert done.err == "Stopped. What is graded is kept, 2 are left: give the same command to go on.\n"
    assert len(gradebook(out)) == len(list((out / "feedback").iterdir())) == 1  # what is known is written
    monkeypatch.setattr(pool, "grade_all", whole)
    assert lab("grade", school, "--out", out).out.startswith("2 graded, 1 unchanged.")


KILLED = """
import sys, time
from lab_harness import cli
from lab_harness.grading import pool
from lab_harness.grading.room import sandbox
from lab_harness.handing_in import versions
from tests.grading.handing_in import graded

def grade_all(submissions, **settings):
    yield graded(submissions[0].student, submissions[0].lab, a="passed")
    print("graded", flush=True)
    time.sleep(60)

pool.grade_all, sandbox.missing_protections = grade_all, list
versions.versions_of = lambda lab: {"checks": "1"}
sys.argv[0] = "lab"
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_run_goes_on_where_it_was(lab, stand_in, school, out, number):
    words = [sys.executable, "-c", KILLED, "grade", str(school), "--out", str(out)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, text=True) as process:
        assert process.stdout.readline() == "graded\n"
        process.send_signal(number)
        wait_until(lambda: process.poll() is not None)
        _, err = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number), err
    assert lab("grade", school, "--out", out).out.startswith("2 graded, 1 unchanged.")


# The roster and the students' bundle


def test_class_list_names_what_is_missing(lab, stand_in, school, out, tmp_path):
    lab("grade", school, "--out", out)
    (tmp_path / "roster.csv").write_text("student\nana\nbo\nlou\n", encoding="utf-8")
    done = lab("class", tmp_path / "roster.csv", out)
    assert done.code == 0
    assert done.out.splitlines() == [
        "bo: orders_pipeline: missing",
        "lou: hello_lambda: missing",
        "lou: orders_pipeline: missing",
        "3 students, 3 pieces of work missing",
    ]
    assert lab("class", tmp_path / "roster.csv", out, "--lab", "hello_lambda").out.count("missing") == 2
    assert lab("class", tmp_path / "roster.csv", tmp_path).code == 2
    assert lab("class", tmp_path / "roster.csv", tmp_path / "roster.csv", out).code == 2
    nobody = lab("class", out)
    assert (nobody.code, "There is no roster: name one, or a --class" in nobody.err) == (2, True)


def test_class_file_tells_who_is_missing_or_late_and_is_remembered(lab, stand_in, school, out, tmp_path):
    (tmp_path / "roster.csv").write_text("student\nana\nbo\nlou\n", encoding="utf-8")
    (tmp_path / "class.toml").write_text(
        'format_version = 1\nroster = "roster.csv"\n[deadlines]\nhello_lambda = 2026-11-20T12:00:00Z\n'
        "pets_api = 2026-11-20T12:00:00Z\n[late]\npercent_a_day = 25\n"
    )
    for notebook in school.rglob("*.ipynb"):
        os.utime(notebook, (0, datetime(2026, 11, 21, tzinfo=UTC).timestamp()))
    lab("grade", school, "--out", out)
    told = lab("class", out, "--class", tmp_path / "class.toml", "--lab", "hello_lambda")
    assert told.out.splitlines() == [
        "ana: hello_lambda: 1 day late, 25 % taken off",
        "bo: hello_lambda: 1 day late, 25 % taken off",
        "lou: hello_lambda: missing",
        "3 students, 1 pieces of work missing",
    ]
    lab("grade", school, "--out", out, "--class", tmp_path / "class.toml")
    assert "bo: pets_api: missing" in lab("class", out).out


def test_remarks_among_the_results_count_without_a_class_file(lab, stand_in, school, out):
    lab("grade", school, "--out", out)
    remark = "student,lab,task,points,comment\nbo,hello_lambda,role,1,Half.\nbob,hello_lambda,,,x\n"
    (out / "remarks.csv").write_text(remark, encoding="utf-8")
    done = lab("grade", school, "--out", out)
    assert (done.code, done.err) == (
        0,
        f"Nothing of bob's is in the gradebook, who is named in {out / 'remarks.csv'}.\n",
    )
    assert gradebook(out)["bo", "hello_lambda"]["mark"] == "1"


def test_review_of_what_is_not_there_is_one_line(lab, tmp_path):
    done = lab("review", tmp_path / "results")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "holds no grades" in done.err
    assert not (tmp_path / "results").exists()


def test_class_file_gives_names_and_counts_lateness(lab, stand_in, school, out, tmp_path):
    (tmp_path / "roster.csv").write_text(
        "login,name,mail\nana,Ana An,ana@school.test\nbo,Bo Bo,bo@x\n", encoding="utf-8"
    )
    (tmp_path / "class.toml").write_text(
        'format_version = 1\nroster = "roster.csv"\n[deadlines]\nhello_lambda = 2026-11-20T12:00:00Z\n'
        "[extensions.bo]\nhello_lambda = 2026-11-22T12:00:00Z\n[extensions.nobody]\n[late]\npercent_a_day = 25\n"
    )
    for notebook in school.rglob("*.ipynb"):
        os.utime(notebook, (0, datetime(2026, 11, 21, tzinfo=UTC).timestamp()))
    done = lab("grade", school, "--out", out, "--class", tmp_path / "class.toml")
    assert (done.code, done.err) == (
        0, f"Nothing of nobody's is in the gradebook, who is named in {tmp_path / 'class.toml'}.\n"
    )  # fmt: skip
    ana, bo = (gradebook(out)[who, "hello_lambda"] for who in ("ana", "bo"))
    assert (ana["name"], ana["mail"], ana["mark"], ana["per cent"]) == ("Ana An", "ana@school.test", "1.5", "75")
    assert ana["reason"] == "1 day late, 25 % taken off"
    assert (bo["mark"], bo["reason"]) == ("2", "")
    assert "role (of" in (out / "gradebook_hello_lambda.csv").read_text(encoding="utf-8").splitlines()[0]
    wrong = lab("grade", school, "--out", out, "--class", tmp_path / "roster.csv")
    assert wrong.code == 3
    assert "roster.csv" in wrong.err


def test_release_of_one_lab_says_what_it_wrote(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "COST", 1)
    done = lab("release", "--out", tmp_path / "bundle", "--lab", "hello_lambda")
    assert done.code == 0
    assert [path.name for path in (tmp_path / "bundle/notebooks").iterdir()] == ["01_hello_lambda.ipynb"]
    assert lab("release", "--out", tmp_path / "other", "--lab", "nothing").code == 2


def test_release_says_what_it_wrote(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "COST", 1)
    done = lab("release", "--out", tmp_path / "bundle")
    assert done.code == 0
    assert re.fullmatch(r"wrote \d+ files to .*bundle; no answer of a task or of a quiz was found in them\n", done.out)
    assert lab("release", "--out", tmp_path / "bundle").code == 2


def test_help_names_the_command(lab):
    cli.add_commands()
    assert {"grade", "release", "class", "review"} <= set(app.commands)
    assert "Grade a class" in lab("--help").out
