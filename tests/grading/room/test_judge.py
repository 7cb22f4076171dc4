"""Tests for the report that is made of what the judge has told."""

from lab_harness.grading.room.judge import whole_report
from lab_harness.lab.labs import load_lab
from lab_harness.results import CheckResult, Outcome


def test_check_that_was_not_judged_is_blocked_and_keeps_its_points(sample_course):
    lab = load_lab("outcomes", sample_course("outcomes"))
    told = [CheckResult("passes", "One is one", "queue", Outcome.PASSED, points=3, seconds=0.5).to_dict()]
    report = whole_report(lab, told, "A limit was hit.")
    assert (report.lab, report.title, report.points, report.total_points) == ("outcomes", "A queue", 3, 10)
    first, *others = report
    assert (first.outcome, first.seconds) == ("passed", 0.5)
    assert {(str(each.outcome), each.next_step) for each in others} == {("blocked", "A limit was hit.")}
    assert [each.points for each in others] == [5, 1, 1]


def test_task_that_stands_apart_is_not_graded(sample_course):
    lab = load_lab("apart", sample_course("apart"))
    assert [result.name for result in whole_report(lab, [], "")] == ["queue_exists", "job_ran"]
