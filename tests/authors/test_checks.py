"""Tests for what authors write checks with."""

import threading
from itertools import pairwise

import pytest

from lab_harness.authors.checks import Cancelled, Failure, cancellable, check, eventually, mark_of
from tests.waiting import PATIENCE, in_thread


def failure(found="nothing"):
    return Failure(expected="something", found=found, next_step="Look again.")


def test_failure_says_what_was_expected_and_found():
    assert str(failure()) == "expected something, found nothing"


def test_failure_needs_all_three_parts():
    with pytest.raises(TypeError, match="next_step"):
        Failure(expected="something", found="nothing")


def test_check_returns_the_same_function_marked():
    def queue_exists(sqs):
        return "called"

    marked = check("The queue exists", task="queue", points=2)(queue_exists)
    assert marked is queue_exists
    assert marked(None) == "called"
    mark = mark_of(marked)
    assert (mark.title, mark.needs, mark.task, mark.points) == ("The queue exists", (), "queue", 2)


def test_check_needs_one_check_or_several():
    def first(): ...
    def second(): ...

    assert mark_of(check("Third", needs=first)(lambda: None)).needs == (first,)
    assert mark_of(check("Third", needs=(first, second))(lambda: None)).needs == (first, second)
    assert mark_of(check("Third", needs=[first, second])(lambda: None)).needs == (first, second)


def test_check_needs_what_it_comes_after_too():
    def first(): ...
    def second(): ...

    mark = mark_of(check("Third", needs=first, after=(first, second))(lambda: None))
    assert (mark.needs, mark.after, mark.all_needs) == ((first,), (first, second), (first, second))


def test_check_without_a_title_is_refused_rather_than_lost():
    with pytest.raises(TypeError, match="wants a title"):

        @check
        def queue_exists(sqs): ...


def test_only_a_marked_function_has_a_mark():
    class Pretender:
        check_mark = "a mark"

    assert mark_of(failure) is None
    assert mark_of(Pretender) is None
    assert mark_of(None) is None


def test_eventually_returns_the_value_of_the_first_look_that_succeeds():
    looks = iter([failure(), failure(), "there"])

    def look():
        seen = next(looks)
        if isinstance(seen, Failure):
            raise seen
        return seen

    assert eventually(look, within=PATIENCE) == "there"
    assert next(looks, "none left") == "none left"


def test_eventually_reports_the_last_failure_and_how_long_it_waited():
    count = 0

    def look():
        nonlocal count
        count += 1
        raise failure(f"{count} messages")

    with pytest.raises(Failure) as caught:
        eventually(look, within=0.2)
    assert caught.value.expected == "something"
    assert caught.value.found == f"{count} messages (after waiting 0.2 s)"
    assert caught.value.next_step == "Look again."
    assert count > 2


def test_eventually_within_eventually_tells_the_whole_wait_alone():
    def look():
        raise failure("no message")

    with pytest.raises(Failure) as caught:
        eventually(lambda: eventually(look, within=0), within=0.1)
    assert caught.value.found == "no message (after waiting 0.1 s)"


def test_eventually_within_no_time_looks_once():
    looks = []

    def look():
        looks.append("look")
        raise failure()

    with pytest.raises(Failure, match=r"after waiting 0 s"):
        eventually(look, within=0)
    assert looks == ["look"]


class Clock:
    """Time that passes only while somebody sleeps."""

    now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_eventually_looks_ever_less_often_and_a_last_time_when_the_time_is_over(monkeypatch):
    clock, looks = Clock(), []
    monkeypatch.setattr("lab_harness.authors.checks.time", clock)

    def look():
        looks.append(clock.now - 100)
        raise failure()

    with pytest.raises(Failure):
        eventually(look, within=2)
    pauses = [after - before for before, after in pairwise(looks)]
    assert looks[-1] == pytest.approx(2)
    assert pauses[0] == pytest.approx(0.02)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) < 0.41


@pytest.mark.parametrize(("seconds", "whole"), [(0.001, 2), (0.2, 4.4), (30, 30)], ids=["quiet", "busy", "hopeless"])
def test_eventually_gives_more_time_where_looking_takes_long_but_not_for_ever(monkeypatch, seconds, whole):
    clock = Clock()
    monkeypatch.setattr("lab_harness.authors.checks.time", clock)

    def look():
        clock.now += seconds
        raise failure()

    with pytest.raises(Failure, match=r"after waiting 2 s"):
        eventually(look, within=2)
    assert clock.now - 100 == pytest.approx(whole, rel=0.2)


def test_eventually_counts_what_waits_within_the_wait(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("lab_harness.authors.checks.time", clock)

    def look():
        raise failure()

    with pytest.raises(Failure):
        eventually(lambda: eventually(look, within=1), within=2)
    assert clock.now - 100 < 3.1


def test_eventually_lets_any_other_error_through_at_once():
    def look():
        raise KeyError("typo")

    with pytest.raises(KeyError):
        eventually(look, within=60)


def test_eventually_stops_waiting_at_once_when_it_is_cancelled():
    cancelled, waits = threading.Event(), threading.Event()

    def look():
        waits.set()
        raise failure()

    def run():
        with cancellable(cancelled):
            eventually(look, within=600)

    running = in_thread(run)
    assert waits.wait(PATIENCE)
    assert not running.done()
    cancelled.set()
    with pytest.raises(Cancelled):
        running.result(PATIENCE)


def test_look_that_succeeds_is_not_cancelled():
    cancelled = threading.Event()
    cancelled.set()
    with cancellable(cancelled):
        assert eventually(lambda: "there", within=PATIENCE) == "there"


def test_no_check_takes_being_cancelled_for_a_trouble_of_its_own():
    assert not issubclass(Cancelled, Exception)


def test_what_was_cancelled_before_is_forgotten_and_other_threads_are_not_cancelled():
    cancelled = threading.Event()
    cancelled.set()

    def fails():
        with pytest.raises(Failure):
            eventually(lambda: (_ for _ in ()).throw(failure()), within=0.05)

    with cancellable(cancelled):
        in_thread(fails).result(PATIENCE)
    fails()
