"""Tests for progress: what is remembered, by how many at once, and what happens when it cannot be."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from lab_harness.learner.progress import LabProgress, Progress
from lab_harness.results import CheckResult, LabReport, Outcome

WRITER = """
import sys, time
from pathlib import Path
from lab_harness.learner.progress import Progress
from lab_harness.results import CheckResult, LabReport, Outcome

path, name, count, go = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
progress = Progress(path)
shared, own = (CheckResult(each, each, "task", Outcome.PASSED) for each in ("shared", name))
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
for _ in range(count):
    progress.record(LabReport("sample", "A sample", "embedded", (shared, own)))
    progress.take_hint("sample", name, count)
sys.exit(str(progress.notices) if progress.notices else 0)
"""


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "lab" / "progress.sqlite")


def report(lab="sample", **outcomes):
    results = (CheckResult(name, name, "queue", Outcome(outcome)) for name, outcome in outcomes.items())
    return LabReport(lab, "A sample", "embedded", tuple(results))


def test_new_file_knows_nothing(progress):
    assert progress.of("sample") == LabProgress()
    assert progress.notices == []


def test_first_pass_is_kept_through_later_passes_and_failures(progress):
    before = time.time()
    progress.record(report(queue_exists="passed"))
    first = progress.of("sample").passed["queue_exists"]
    assert before <= first <= time.time()
    progress.record(report(queue_exists="failed"))
    progress.record(report(queue_exists="passed"))
    assert progress.of("sample").passed == {"queue_exists": first}
    assert Progress(progress.path).of("sample").passed == {"queue_exists": first}


def test_tries_are_counted_for_checks_that_ran(progress):
    progress.record(report(first="failed", second="blocked", third="broken", fourth="unsupported"))
    progress.record(report(first="passed", second="failed"))
    assert progress.of("sample").tries == {"first": 2, "second": 1}
    assert list(progress.of("sample").passed) == ["first"]


def test_a_run_that_was_asked_for_counts_once_however_many_checks_it_has(progress):
    progress.record(report(first="failed", second="passed", third="failed"))
    progress.record(report(first="passed"))
    progress.record(report(first="passed", second="passed"), counted=False)
    assert progress.of("sample").asked == 2
    assert progress.of("other").asked == 0
    progress.forget("sample")
    assert progress.of("sample").asked == 0


def test_checks_that_ran_by_themselves_count_no_try_and_what_passed_is_kept(progress):
    progress.record(report(first="failed", second="passed", third="blocked"), counted=False)
    assert progress.of("sample").tries == {"first": 0, "second": 0}
    first = progress.of("sample").passed["second"]
    progress.record(report(first="failed"))
    progress.record(report(first="passed", second="passed"), counted=False)
    assert progress.of("sample").tries == {"first": 1, "second": 0}
    assert progress.of("sample").passed["second"] == first
    assert set(progress.of("sample").passed) == {"first", "second"}


def test_hints_are_counted_up_to_those_there_are(progress):
    assert [progress.take_hint("sample", "queue", 3) for _ in range(5)] == [1, 2, 3, 3, 3]
    assert progress.take_hint("sample", "message", 1) == 1
    assert progress.of("sample").hints == {"queue": 3, "message": 1}


def test_hints_that_were_taken_away_are_not_counted_any_more(progress):
    for _ in range(3):
        progress.take_hint("sample", "queue", 3)
    assert progress.take_hint("sample", "queue", 2) == 2


def test_solutions_are_noted_beside_hints(progress):
    progress.take_solution("sample", "queue")
    progress.take_hint("sample", "queue", 3)
    progress.take_solution("sample", "queue")
    assert progress.of("sample").solutions == {"queue"}
    assert progress.of("sample").hints == {"queue": 1}


def test_answers_are_counted_and_the_first_right_one_is_kept(progress):
    progress.record_answer("sample", "polled", False)
    assert (progress.of("sample").answered, progress.of("sample").right) == ({"polled": 1}, {})
    before = time.time()
    progress.record_answer("sample", "polled", True)
    first = progress.of("sample").right["polled"]
    assert before <= first <= time.time()
    for right in (False, True):
        progress.record_answer("sample", "polled", right)
    progress.record_answer("sample", "life", False)
    assert progress.of("sample").answered == {"polled": 4, "life": 1}
    assert progress.of("sample").right == {"polled": first}


def test_file_from_before_the_quizzes_goes_on_working(progress):
    progress.record(report(queue_exists="passed"))
    progress.take_hint("sample", "queue", 3)
    with closing(sqlite3.connect(progress.path)) as database:
        database.execute("drop table quiz")
    before = progress.of("sample")
    assert (list(before.passed), before.hints, before.answered, before.right) == (
        ["queue_exists"],
        {"queue": 1},
        {},
        {},
    )
    progress.record_answer("sample", "polled", True)
    assert progress.of("sample").answered == {"polled": 1}
    assert progress.of("sample").passed == before.passed
    assert progress.notices == []


def test_labs_are_kept_apart_and_forgotten_apart(progress):
    for lab in ("first", "second"):
        progress.record(report(lab, queue_exists="passed"))
        progress.take_hint(lab, "queue", 3)
        progress.record_answer(lab, "polled", True)
    progress.forget("first")
    assert progress.of("first") == LabProgress()
    assert progress.of("second").tries == {"queue_exists": 1}
    assert progress.of("second").hints == {"queue": 1}
    assert progress.of("second").answered == {"polled": 1}


def written_by_four(path, count, go):
    """The progress after four processes have written at once, each so many times, and what they said."""
    arguments = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen(
            [*arguments, f"writer_{number}", str(count), str(go)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    go.touch()
    said = "".join(writer.communicate(timeout=60)[1] for writer in writers)
    return Progress(path).of("sample"), said


def test_four_processes_that_write_at_once_lose_nothing(progress, tmp_path):
    found, said = written_by_four(progress.path, 15, tmp_path / "go")
    assert said == ""
    assert found.tries == {"shared": 60} | {f"writer_{number}": 15 for number in range(4)}
    assert found.hints == {f"writer_{number}": 15 for number in range(4)}


def test_what_one_thread_writes_stays_locked_to_other_processes_whatever_another_thread_does(progress):
    progress.record(report(queue_exists="passed"))
    begin = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('begin immediate')"
    with closing(sqlite3.connect(progress.path)) as writing:
        writing.execute("begin immediate")
        assert progress.of("sample").tries == {"queue_exists": 1}
        asked = [sys.executable, "-c", begin, str(progress.path)]
        other = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_damaged_file_is_set_aside_and_a_new_one_begun(progress, content):
    progress.path.parent.mkdir()
    progress.path.write_bytes(content)
    progress.record(report(queue_exists="passed"))
    assert list(progress.of("sample").passed) == ["queue_exists"]
    (aside,) = progress.path.parent.glob("progress.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert progress.notices == [
        f"Your progress file was damaged; it was set aside as {aside.name} and a new one begun."
    ]


def test_file_damaged_twice_leaves_both(progress):
    for content in (b"no database, the first" * 100, b"no database, the second" * 100):
        progress.path.parent.mkdir(exist_ok=True)
        progress.path.write_bytes(content)
        progress.record(report(queue_exists="passed"))
    assert len(list(progress.path.parent.glob("*.damaged-*"))) == 2


def test_four_processes_that_meet_a_damaged_file_set_it_aside_once_and_lose_nothing(progress, tmp_path):
    progress.path.parent.mkdir(exist_ok=True)
    progress.path.write_bytes(b"this is no database" * 100)
    found, said = written_by_four(progress.path, 5, tmp_path / "go")
    assert said.count("damaged") == 2  # one process's notice, with the file's new name
    assert found.tries == {"shared": 20} | {f"writer_{number}": 5 for number in range(4)}
    (aside,) = progress.path.parent.glob("progress.sqlite.damaged-*")
    assert aside.read_bytes() == b"this is no database" * 100


def test_damaged_file_that_cannot_be_set_aside_is_a_notice(progress, monkeypatch):
    progress.path.parent.mkdir()
    progress.path.write_bytes(b"this is no database" * 100)

    def refuse(path, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(progress.path), "replace", refuse)
    progress.record(report(queue_exists="passed"))
    assert progress.notices == [f"Your progress could not be saved in {progress.path}: file is not a database."]


def unusable_paths(folder):
    (folder / "file").write_text("in the way", encoding="utf-8")
    (folder / "folder").mkdir()
    return {"below a file": folder / "file" / "progress.sqlite", "a folder": folder / "folder"}


@pytest.mark.parametrize("kind", ["below a file", "a folder"])
def test_path_that_cannot_be_written_is_one_notice_and_no_error(tmp_path, kind):
    path = unusable_paths(tmp_path)[kind]
    progress = Progress(path)
    progress.record(report(queue_exists="passed"))
    progress.take_solution("sample", "queue")
    progress.record_answer("sample", "polled", True)
    progress.forget("sample")
    assert progress.of("sample") == LabProgress()
    assert progress.take_hint("sample", "queue", 3) == 3  # all of them, rather than the first for ever
    assert len(progress.notices) == 1
    assert progress.notices[0].startswith(f"Your progress could not be saved in {path}: ")


def test_file_locked_for_too_long_is_a_notice(progress, monkeypatch):
    monkeypatch.setattr("lab_harness.learner.progress.BUSY_TIMEOUT", 0.05)
    progress.record(report(queue_exists="passed"))
    other = sqlite3.connect(progress.path)
    other.execute("begin exclusive")
    progress.record(report(queue_exists="passed"))
    other.rollback()
    other.close()
    assert "locked" in progress.notices[0]
    assert progress.of("sample").tries == {"queue_exists": 1}
