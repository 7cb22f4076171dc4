"""Tests for what is said of a lab's tasks: their state, their points, and what to do next."""

import pytest

from lab_harness.lab.labs import load_lab
from lab_harness.learner.progress import LabProgress
from lab_harness.notebook.panel.tasks import STATES, UNSEEN, Outcomes
from lab_harness.results import CheckResult, Outcome

CHECKS = """
from lab_harness.authors import check

@check("The queue exists", task="queue", points=2)
def queue_exists(sqs): ...

@check("The queue is long", task="queue", needs=queue_exists)
def queue_is_long(sqs): ...

@check("A message is there", task="message", needs=queue_exists, points=4)
def message_is_there(sqs): ...

@check("A person signed in", task="message")
def person_signed_in(cognito_idp): ...
"""


@pytest.fixture
def lab(sample_course):
    """A lab of two tasks with two checks each, worth 2 + 1 and 4 + 1 points."""
    course = sample_course("queue")
    (course.labs / "queue" / "checks.py").write_text(CHECKS, encoding="utf-8")
    return load_lab("queue")


@pytest.fixture
def outcomes(lab):
    return Outcomes(lab)


def find(outcomes, there=None, **found):
    """Let the checks named have these outcomes."""
    for name, outcome in found.items():
        check = next(check for check in outcomes.lab.all_checks if check.name == name)
        result = CheckResult(
            name, check.title, check.task, Outcome(outcome), check.points,
            expected="one", found="none", next_step=f"Mend {name}.", there=there,
        )  # fmt: skip
        outcomes.results[name] = result


def view(outcomes, task="queue", progress=None, solution=None):
    return outcomes.task(outcomes.lab.task(task), progress or LabProgress(), solution)


def names(view):
    return [result.name for result in view.problems]


def test_every_state_has_a_symbol_and_a_word_of_its_own():
    symbols, words = zip(*STATES.values(), strict=True)
    assert len(set(symbols)) == len(set(words)) == len(STATES)


def test_task_that_is_given_says_so_in_place_of_points():
    given, asked = (view(Outcomes(load_lab("state_machine")), task) for task in ("given", "hello"))
    assert (given.score, asked.score) == ("given", "0 of 3")
    assert str(given).endswith(": not looked at yet, given.")
    assert str(asked).endswith(": not looked at yet, 0 of 3 points.")


def test_task_of_which_nothing_is_known_is_not_looked_at_yet(outcomes):
    found = view(outcomes)
    assert (found.number, found.state, found.symbol, found.word) == (1, "unseen", "·", "not looked at yet")
    assert (found.points, found.most_points, found.passed) == (0, 3, 0)
    assert found.checks == (("The queue exists", UNSEEN), ("The queue is long", UNSEEN))
    assert (found.problems, found.hints, found.solution, found.solution_seen) == ((), (), None, False)
    assert view(outcomes, "message").number == 2


def test_that_nothing_is_there_is_no_mistake_before_the_learner_has_begun(outcomes):
    find(outcomes, there=False, queue_exists="failed", queue_is_long="blocked")
    found = view(outcomes)
    assert (found.state, found.symbol, found.word, found.problems) == ("todo", "○", "to do", ())
    assert found.checks == (("The queue exists", "absent"), ("The queue is long", UNSEEN))


def test_what_waits_for_an_earlier_task_is_not_looked_at_yet_whoever_asks(outcomes):
    find(outcomes, message_is_there="blocked", person_signed_in="unsupported")
    assert view(outcomes, "message").state == "unseen"
    outcomes.asked.add("message")
    assert (view(outcomes, "message").state, names(view(outcomes, "message"))) == ("unseen", ["message_is_there"])


def test_what_is_there_but_wrong_is_not_right_yet_though_nobody_has_asked(outcomes):
    for there in (True, None):
        find(outcomes, there=there, queue_exists="failed", queue_is_long="blocked")
        assert (view(outcomes).state, names(view(outcomes))) == ("wrong", ["queue_exists"])
        assert view(outcomes).checks[0] == ("The queue exists", "failed")


def test_what_is_not_there_is_to_do_though_the_learner_has_asked(outcomes):
    find(outcomes, there=False, queue_exists="failed", queue_is_long="blocked")
    outcomes.asked.add("queue")
    assert (view(outcomes).state, names(view(outcomes))) == ("todo", ["queue_exists"])
    assert view(outcomes).checks[0] == ("The queue exists", "absent")


def test_task_is_begun_when_one_of_its_checks_passes(outcomes):
    find(outcomes, queue_exists="passed", queue_is_long="failed")
    assert (view(outcomes).state, names(view(outcomes))) == ("wrong", ["queue_is_long"])
    assert (view(outcomes).points, view(outcomes).passed) == (2, 1)


def test_task_that_was_asked_for_and_waits_for_another_says_so_once(outcomes):
    find(outcomes, message_is_there="blocked", person_signed_in="blocked")
    assert view(outcomes, "message").problems == ()
    outcomes.asked.add("message")
    assert names(view(outcomes, "message")) == ["message_is_there"]
    find(outcomes, person_signed_in="failed")
    assert names(view(outcomes, "message")) == ["person_signed_in"]


def test_task_is_done_when_all_its_checks_pass(outcomes):
    find(outcomes, queue_exists="passed", queue_is_long="passed")
    found = view(outcomes)
    assert (found.state, found.points, found.most_points, found.problems) == ("done", 3, 3, ())
    assert found.checks == (("The queue exists", "passed"), ("The queue is long", "passed"))


def test_task_is_done_without_what_the_emulator_lacks(outcomes):
    find(outcomes, message_is_there="passed", person_signed_in="unsupported")
    found = view(outcomes, "message")
    assert (found.state, found.points, found.most_points) == ("done", 4, 4)


def test_task_that_the_emulator_cannot_do_has_no_points(outcomes):
    find(outcomes, message_is_there="unsupported", person_signed_in="unsupported")
    found = view(outcomes, "message")
    assert (found.word, found.points, found.most_points, found.problems) == ("not on this emulator", 0, 0, ())


def test_broken_check_is_said_whether_the_learner_has_begun_or_not(outcomes):
    find(outcomes, there=False, queue_exists="broken", queue_is_long="failed")
    assert (view(outcomes).state, names(view(outcomes))) == ("broken", ["queue_exists"])
    outcomes.asked.add("queue")
    assert (view(outcomes).state, names(view(outcomes))) == ("broken", ["queue_exists", "queue_is_long"])


@pytest.mark.parametrize("outcome", ["passed", "failed", "broken", "unsupported"])
def test_task_whose_checks_the_learner_waits_for_is_being_checked(outcomes, outcome):
    find(outcomes, queue_exists=outcome, queue_is_long=outcome)
    outcomes.awaited.add("queue")
    assert (view(outcomes).state, view(outcomes).word) == ("checking", "checking")
    outcomes.awaited.discard("queue")
    assert view(outcomes).state != "checking"


def test_hints_and_solutions_are_those_that_were_taken(outcomes):
    taken = LabProgress(hints={"queue": 2, "message": 7}, solutions=frozenset({"queue"}))
    found = view(outcomes, progress=taken, solution="print()")
    assert found.hints == outcomes.lab.task("queue").hints[:2]
    assert (found.solution, found.solution_seen) == ("print()", True)
    assert view(outcomes, "message", taken).hints == outcomes.lab.task("message").hints  # there was another then
    assert not view(outcomes, "message", taken).solution_seen


def test_what_was_done_before_and_is_not_so_now_is_said(outcomes):
    before = LabProgress(passed={"queue_exists": 1.0, "queue_is_long": 2.0, "message_is_there": 3.0})
    assert not view(outcomes, progress=before).done_before  # nobody has looked
    find(outcomes, there=False, queue_exists="failed", message_is_there="failed", person_signed_in="failed")
    assert view(outcomes, progress=before).done_before
    assert not view(outcomes, "message", before).done_before  # one of its checks has never passed
    find(outcomes, queue_exists="passed", queue_is_long="failed")
    assert view(outcomes, progress=before).done_before
    find(outcomes, queue_is_long="passed")
    assert not view(outcomes, progress=before).done_before


def test_task_done_before_but_for_what_the_emulator_lacks_was_done(outcomes):
    before = LabProgress(passed={"message_is_there": 1.0})
    find(outcomes, message_is_there="failed", person_signed_in="unsupported")
    assert view(outcomes, "message", before).done_before


def test_points_are_those_of_the_checks_that_pass_now(outcomes):
    assert outcomes.points() == (0, 8)
    find(outcomes, queue_exists="passed", message_is_there="failed")
    assert outcomes.points() == (2, 8)
    find(outcomes, message_is_there="passed", person_signed_in="unsupported")
    assert outcomes.points() == (6, 7)


def test_points_leave_out_what_stands_apart(sample_course):
    sample_course("apart")
    outcomes = Outcomes(load_lab("apart"))
    assert outcomes.points() == (0, 2)
    find(outcomes, queue_is_gone="passed")
    assert outcomes.points() == (0, 2)
    assert view(outcomes, "clean_up").state == "done"


def test_task_is_heard_in_one_sentence_or_two(outcomes):
    assert str(view(outcomes)) == "Task 1, Create the queue sample-queue: not looked at yet, 0 of 3 points."
    find(outcomes, queue_exists="passed", queue_is_long="failed")
    assert str(view(outcomes)) == (
        "Task 1, Create the queue sample-queue: not right yet, 2 of 3 points. The queue is long: Mend queue_is_long."
    )


def test_task_that_has_no_checks_yet_is_not_judged(sample_course):
    course = sample_course("queue")
    (course.labs / "queue" / "checks.py").write_text(CHECKS.partition('@check("A message')[0], encoding="utf-8")
    found = view(Outcomes(load_lab("queue")), "message")
    assert (found.state, found.problems, found.checks) == ("unsupported", (), ())
