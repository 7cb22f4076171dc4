"""What the grader's machine could not give is no fault of a submission's: it is tried once more, alone."""

import resource
import subprocess
import sys
from textwrap import dedent
from types import SimpleNamespace

import pytest

from lab_harness.grading.grade import Status
from lab_harness.grading.pool import Grader
from lab_harness.grading.room import conditions, machine
from lab_harness.grading.room.conditions import GROUP_FULL, JUDGE_LOST, OVERLOADED, SHORT, Conditions, doubts
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.lab.file import MIB
from tests.conftest import ROOT
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in

PASSED, FAILED, SLOW = (
    {"outcome": outcome, "seconds": seconds} for outcome, seconds in (("passed", 9), ("failed", 0.1), ("failed", 9))
)


@pytest.fixture
def state(monkeypatch):
    """The machine's state, which the test may change: 8 GiB are left, nothing was ended, processes run as they like."""
    now = SimpleNamespace(left=8192 * MIB, short=False, ended=3, granted=(5.0, 0.1))
    monkeypatch.setattr(machine, "memory_left", lambda: now.left)
    monkeypatch.setattr(machine, "is_short_of_memory", lambda: now.short)
    monkeypatch.setattr(machine, "ended_for_memory", lambda: now.ended)
    monkeypatch.setattr(machine, "time_granted", lambda _: now.granted)
    return now


def doubt(state, hit=(), results=(PASSED,), judged=True, held=10 * MIB, alone=False, **change):
    """What is doubted when the machine's state changes like this while a submission is graded."""
    seen = Conditions(LIMITS, alone)
    vars(state).update(change)
    seen.look([1])
    return doubts(seen, held, hit, results, judged)


@pytest.mark.parametrize("change", [{"short": True}, {"ended": 4}])
@pytest.mark.parametrize("lost", [{"hit": ["out of memory"]}, {"results": [FAILED]}, {"judged": False}])
def test_what_is_lost_while_memory_is_short_is_in_doubt(state, change, lost):
    assert doubt(state, **lost) == ("" if "judged" not in lost else JUDGE_LOST)
    assert doubt(state, **lost, **change) == SHORT


def test_who_loses_nothing_is_never_in_doubt(state):
    assert doubt(state, short=True, ended=9, granted=(0.1, 9.0)) == ""


@pytest.mark.parametrize("evidence", [{"held": LIMITS.memory_bytes}, {"left": 100 * MIB, "alone": True}])
def test_a_submission_that_took_the_memory_itself_is_to_blame(state, evidence):
    assert doubt(state, hit=["out of memory"], short=True, **evidence) == ""


def test_a_submission_whose_own_group_was_full_is_to_blame_though_the_kernel_has_ended_processes(state):
    assert doubt(state, hit=[GROUP_FULL], ended=4) == ""


def test_what_others_took_meanwhile_is_no_evidence(state):
    assert doubt(state, hit=["out of memory"], short=True, left=100 * MIB) == SHORT


@pytest.mark.parametrize(
    ("lost", "granted", "found"),
    [
        ({"hit": ["ran longer"]}, (2.0, 9.0), OVERLOADED),
        ({"results": [SLOW]}, (2.0, 9.0), OVERLOADED),
        ({"results": [FAILED]}, (2.0, 9.0), ""),
        ({"hit": ["ran longer"]}, (9.0, 2.0), ""),
        ({"hit": ["ran longer"]}, (0.1, 0.2), ""),
    ],
)
def test_what_ran_out_of_time_while_others_had_the_processors_is_in_doubt(state, lost, granted, found):
    assert doubt(state, **lost, granted=granted) == found


@pytest.fixture
def told(monkeypatch, course):
    """A grader whose rooms say, one after another, what the test has put in the list."""
    words, begun = [], []
    grader = Grader(course, workers=2, limits=LIMITS)
    grader.selector = SimpleNamespace(unregister=lambda _: None, select=lambda _: [])

    def begin(submission, again=False):
        begun.append((submission.student, again, len(grader.flights)))
        closed = SimpleNamespace(close=lambda: None)
        flight = SimpleNamespace(submission=submission, again=again, began=0.0, socket=closed)
        grader.flights.append(flight)
        return grader._land(flight, words.pop(0))

    monkeypatch.setattr(grader, "_begin", begin)
    return SimpleNamespace(grader=grader, words=words, begun=begun)


def graded(doubt="", hit=()):
    fields = {"judged": True, "results": [], "errors": [], "cpu": 0.1, "fingerprint": "", "hit": list(hit)}
    return {"graded": fields | {"doubt": doubt}}


def grades(told, tmp_path, *words):
    told.words.extend(words)
    [grade] = told.grader.grade([hand_in(tmp_path, *RIGHT_CELLS)])
    return grade.status, grade.reason


def test_what_is_in_doubt_is_tried_once_more_alone(told, tmp_path):
    assert grades(told, tmp_path, graded(SHORT, ["out of memory"]), graded()) == (Status.GRADED, "")
    assert told.begun == [("ana", False, 0), ("ana", True, 0)]


@pytest.mark.parametrize("doubt", [SHORT, JUDGE_LOST])
def test_what_stays_in_doubt_is_the_graders_fault(told, tmp_path, doubt):
    lost = graded(doubt, ["out of memory"])
    assert grades(told, tmp_path, lost, lost) == (Status.BROKEN, f"{doubt}, twice.")


def test_what_runs_out_of_time_alone_is_the_submissions_fault(told, tmp_path):
    late = graded(OVERLOADED, ["ran longer"])
    assert grades(told, tmp_path, late, late) == (Status.LIMITED, "ran longer")


def test_what_the_grader_could_not_do_is_tried_once_more(told, tmp_path):
    assert grades(told, tmp_path, {"broken": "no memory"}, graded()) == (Status.GRADED, "")
    assert grades(told, tmp_path, {"broken": "no memory"}, {"broken": "none"}) == (Status.BROKEN, "none")


def test_the_submission_that_holds_most_makes_way_where_memory_runs_short(told, state):
    state.short = True
    flights = [
        SimpleNamespace(
            submission=name, again=False, began=0.0, holds=holds, socket=SimpleNamespace(close=lambda: None)
        )
        for name, holds in (("small", 1), ("large", 9), ("middle", 5))
    ]
    told.grader.flights += flights
    told.grader._relieve()
    assert list(told.grader.again) == ["large"]
    assert [flight.submission for flight in told.grader.flights] == ["small", "middle"]


def test_the_last_one_does_not_make_way(told, state):
    state.short = True
    told.grader.flights.append(SimpleNamespace(submission="only", holds=9))
    told.grader._relieve()
    assert len(told.grader.flights) == 1


SHORT_OF_MEMORY = """
    from pathlib import Path
    from lab_harness.course import Course
    from lab_harness.grading.pool import grade_all
    from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in
    cells = [*RIGHT_CELLS, "block = bytearray(700_000_000)"]  # which is allowed
    [grade] = grade_all([hand_in(Path("."), *cells)], Course(Path("{course}")), workers=1)
    print(grade.status, grade.reason)
    """


@pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here")
def test_a_submission_is_not_blamed_for_memory_that_the_grader_itself_may_not_have(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (900 * MIB, 900 * MIB))

    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    code = dedent(SHORT_OF_MEMORY).format(course=ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, preexec_fn=limit, env=environ,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == f"broken {conditions.SHORT}, twice.", done.stderr
