"""Tests for what a function does: its answer, its log, who started it, what it wrote."""

import io
import json

import pytest

from lab_harness.authors import expect, functions
from tests.authors.making import failure


class Invoked:
    """A Lambda client whose function answers so."""

    def __init__(self, answer, error=None):
        self.answer = {
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            **({"FunctionError": error} if error else {}),
        }

    def invoke(self, **_):
        return self.answer


LATE = {"errorType": "TooLate", "errorMessage": "it is late"}


@pytest.mark.parametrize(
    ("answer", "failed", "error"), [("fine", None, None), (LATE, "Unhandled", "TooLate"), (LATE, None, None)]
)
def test_a_function_answers_or_fails_as_it_should(answer, failed, error):
    assert expect.answer(Invoked(answer, failed), "worker", {}, error, "Look.") is None


@pytest.mark.parametrize(
    ("answer", "failed", "error", "expected", "found"),
    [
        ("fine", None, "TooLate", "the error TooLate from worker", 'the answer "fine"'),
        (LATE, "Unhandled", None, "an answer from worker", "the function failed with TooLate: it is late"),
        (
            LATE,
            "Unhandled",
            "Other",
            "the error Other from worker",
            "the function failed with TooLate: it is late",
        ),
    ],
)
def test_another_answer_of_a_function_is_shown(answer, failed, error, expected, found):
    shown = failure(expect.answer, Invoked(answer, failed), "worker", {}, error, "Look.")
    assert (shown.expected, shown.found) == (expected, found)


@pytest.mark.parametrize(
    ("answer", "error", "advice"),
    [
        ("fine", "TooLate", "The function answers: let it raise TooLate, an exception class of your own. Look."),
        ({"errorType": "TooLateError"}, "TooLateErrors", "TooLateError is nearly TooLateErrors: compare them"),
        ({"errorType": "KeyError", "errorMessage": "'petId'"}, "TooLate", "Nothing is called 'petId' where the"),
        ({"errorType": "KeyError", "errorMessage": "'petId'"}, None, "Nothing is called 'petId' where the"),
        (LATE, "Other", "It ends with TooLate, where Other is asked for. Look."),
    ],
)
def test_advice_fits_what_the_function_did(answer, error, advice):
    invoked = Invoked(answer, None if answer == "fine" else "Unhandled")
    assert failure(expect.answer, invoked, "worker", {}, error, "Look.").next_step.startswith(advice)


# What a function logs, and who did what.


@pytest.fixture
def told(monkeypatch):
    """Gives the function's log these lines, one after the other with each look."""

    def tell(*looks):
        looks = list(looks)
        monkeypatch.setattr(functions, "log", lambda *_, **__: looks.pop(0) if len(looks) > 1 else looks[0])

    return tell


def test_names_that_the_log_comes_to_have_are_waited_for(told):
    told([], ["wrote o-1"], ["wrote o-1", "wrote o-2"])
    assert expect.logged(None, "worker", ["o-1", "o-2"], "Print it.") is None


def test_a_name_that_is_not_in_the_log_is_told_with_the_end_of_the_log(told):
    told(["wrote o-17"])
    shown = failure(lambda: expect.logged(None, "worker", ["o-17", "o-1"], "Print it.", within=0.01))
    assert shown.expected == "a log line of worker with o-1"
    assert shown.found.startswith("the function's log ends with:\nwrote o-17")
    assert shown.next_step == "Print it."


def test_only_lines_since_a_moment_and_by_lambda_itself_are_read(monkeypatch):
    asked = []
    monkeypatch.setattr(functions, "log", lambda *_, **how: asked.append(how) or ["o-1"])
    witness = Seen()
    expect.logged(None, "worker", ["o-1"], "Print it.", since=7.5, witness=witness)
    assert asked == [{"since": 7.5, "witness": witness}]


class Seen:
    """A witness that has seen these do all that was done; None where it does not see."""

    def __init__(self, doers=None):
        self.doers = doers

    def writers(self, table, key, since):
        assert (table, key, since) == ("Pets", "p-1", 3)
        return self.doers

    def callers(self, function, about, since):
        assert (function, about, since) == ("worker", "p-1", 3)
        return self.doers


def written(*doers):
    expect.written_by(Seen({*doers}), "worker", "Pets", "p-1", 3, "Write it.")


def test_an_item_that_the_function_wrote_or_nobody_saw_written_is_fine():
    assert written("function worker") is None
    assert expect.written_by(Seen(), "worker", "Pets", "p-1", 3, "Write it.") is None


@pytest.mark.parametrize(
    ("doers", "who"),
    [
        ([], "nobody"),
        (["learner"], "learner"),
        (["function worker", "function another"], "function another and function worker"),
    ],
)
def test_an_item_that_others_wrote_is_told_with_who_did(doers, who):
    shown = failure(written, *doers)
    assert shown.expected == "the item p-1, written or deleted by the function worker"
    assert (shown.found, shown.next_step) == (f"it was written by {who}", "Write it.")


def started(*doers, **more):
    expect.started_by(Seen({*doers}), "worker", "p-1", "sqs pets", 3, "Map it.", **more)


def test_a_function_that_was_started_by_what_should_start_it_is_fine():
    assert started("sqs pets") is None
    assert started("sqs pets", "learner", others=True) is None
    assert expect.started_by(Seen(), "worker", "p-1", "sqs pets", 3, "Map it.") is None


@pytest.mark.parametrize(
    ("doers", "more", "found"),
    [
        ([], {}, "runs of worker for it by nobody"),
        (["learner"], {"others": True}, "runs of worker for it by learner"),
        (["sqs pets", "learner"], {}, "runs of worker for it by learner and sqs pets"),
        (["learner"], {"evidence": "no mapping"}, "runs of worker for it by learner; no mapping"),
    ],
)
def test_a_function_that_others_started_is_told_with_who_did(doers, more, found):
    shown = failure(lambda: started(*doers, **more))
    assert (shown.expected, shown.found) == ("a run of worker for p-1 by sqs pets", found)
    assert shown.next_step == "Map it."
