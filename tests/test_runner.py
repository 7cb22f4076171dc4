"""Tests for the runner: the five outcomes, and which checks run."""

import threading
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from lab_harness import runner
from lab_harness.authors.checks import Cancelled, Failure, eventually
from lab_harness.aws import Clients
from lab_harness.errors import EmulatorError, EmulatorNotReady, WrongEmulator
from lab_harness.lab.labs import Check, load_lab
from lab_harness.runner import run_alone, run_checks
from tests.waiting import in_thread


class FakeEmulator:
    name, endpoint, refused = "fake", "http://127.0.0.1:1", None

    def version(self):
        return "1.0"

    def supports(self, service):
        return service != "cognito-idp"

    def now(self):
        return time.time()

    def denials(self, since):
        return self.refused


class FakeClients:
    """Clients that are nothing but their service's name."""

    def __init__(self):
        self.emulator = FakeEmulator()

    def __getitem__(self, service):
        return f"client of {service}"


def fails():
    raise Failure(expected="two", found="one", next_step="Count again.")


class LabOf:
    """A lab of checks built in place: `add` makes each from a function."""

    id, title, file = "made_up", "Made up", SimpleNamespace(embedded_alone="")

    def __init__(self):
        self.all_checks = ()
        self.ran = []

    def add(
        self,
        name,
        function=lambda: None,
        *,
        needs=(),
        task=None,
        points=1,
        apart=False,
        services=(),
        after=(),
        **parameters,
    ):
        def noted(**clients):
            self.ran.append(name)
            function(**clients)

        check = Check(
            name, noted, name.capitalize(), task, points, (*needs, *after), parameters, apart, services, after
        )
        self.all_checks = (*self.all_checks, check)


@pytest.fixture
def lab():
    return LabOf()


def run(lab, *only):
    return {result.name: result for result in run_checks(lab, FakeClients(), only)}


def test_each_outcome_of_a_sample_lab(sample_course):
    report = run_checks(load_lab("outcomes", sample_course("outcomes")), FakeClients())
    assert {result.name: str(result.outcome) for result in report} == {
        "passes": "passed",
        "fails": "failed",
        "breaks": "broken",
        "uses_cognito": "unsupported",
    }
    assert (report.lab, report.title, report.emulator) == ("outcomes", "A queue", "fake")
    assert (report.passed, report.total, report.points) == (1, 4, 3)


def test_check_gets_the_clients_that_its_parameters_name(lab):
    given = {}
    lab.add("first", lambda **clients: given.update(clients), lambda_="lambda", cognito="sqs")
    assert run(lab)["first"].outcome == "passed"
    assert given == {"lambda_": "client of lambda", "cognito": "client of sqs"}


def test_failed_check_carries_the_three_parts_of_its_failure(lab):
    lab.add("first", fails)
    found = run(lab)["first"]
    assert (found.outcome, found.expected, found.found, found.next_step) == ("failed", "two", "one", "Count again.")


def test_check_is_blocked_and_not_run_until_what_it_needs_has_passed(lab):
    lab.add("first", fails)
    lab.add("second", needs=("first",))
    lab.add("third", needs=("second",))
    results = run(lab)
    assert [result.outcome for result in results.values()] == ["failed", "blocked", "blocked"]
    assert lab.ran == ["first"]
    assert (results["second"].next_step, results["third"].next_step) == (
        'This comes first: "First".',
        'This comes first: "Second".',
    )
    assert results["second"].seconds == 0


def test_lab_of_the_embedded_emulator_alone_is_not_judged_elsewhere(lab):
    lab.file = SimpleNamespace(embedded_alone="Others have no layers.")
    lab.add("first")
    lab.add("second", needs=("first",))
    found = {(str(result.outcome), result.found, result.next_step) for result in run(lab).values()}
    assert found == {("unsupported", "Others have no layers.", "Use the embedded emulator for this part.")}
    assert lab.ran == []
    clients = FakeClients()
    clients.emulator.name = "embedded"
    assert run_checks(lab, clients).complete


def test_check_that_ends_in_an_exclamation_mark_is_named_without_a_full_stop(lab):
    lab.add("hello!", fails)
    lab.add("second", needs=("hello!",))
    assert run(lab)["second"].next_step == 'This comes first: "Hello!".'


def test_broken_check_shows_its_traceback_and_is_never_scored(sample_course):
    report = run_checks(load_lab("outcomes", sample_course("outcomes")), FakeClients(), ["breaks"])
    (broken,) = report
    assert broken.outcome == "broken"
    assert broken.found.startswith("Traceback (most recent call last):")
    assert 'checks.py", line 15, in breaks' in broken.found
    assert broken.found.endswith("KeyError: 'no such key'")
    assert "please report it" in broken.next_step
    assert (report.passed, report.points, report.complete) == (0, 0, False)


def test_what_needs_a_broken_check_is_blocked(lab):
    lab.add("first", lambda: {}["typo"])
    lab.add("second", needs=("first",))
    assert run(lab)["second"].outcome == "blocked"


def test_unsupported_check_names_the_service_and_does_not_run(lab):
    lab.add("first", cognito_idp="cognito-idp", sqs="sqs")
    found = run(lab)["first"]
    assert (found.outcome, found.found) == ("unsupported", "fake 1.0 has no cognito-idp")
    assert lab.ran == []


def test_what_needs_an_unsupported_check_is_unsupported_for_the_same_reason(lab):
    lab.add("first", cognito_idp="cognito-idp")
    lab.add("second", needs=("first",))
    lab.add("third", needs=("second",))
    assert run(lab)["third"].outcome == "unsupported"
    assert run(lab)["third"].found == "fake 1.0 has no cognito-idp"


def test_what_comes_after_a_check_waits_for_it_but_does_without_what_cannot_be_checked(lab):
    lab.add("first", cognito_idp="cognito-idp")
    lab.add("second")
    lab.add("third", needs=("second",), after=("first",))
    assert (run(lab)["first"].outcome, run(lab)["third"].outcome) == ("unsupported", "passed")
    lab.add("fourth", fails)
    lab.add("fifth", after=("first", "fourth"))
    assert run(lab)["fifth"].next_step == 'This comes first: "Fourth".'
    lab.add("sixth", needs=("first",), after=("second",))
    assert run(lab)["sixth"].outcome == "unsupported"


def test_blocked_check_says_which_of_its_needs_can_be_done(lab):
    lab.add("first", cognito_idp="cognito-idp")
    lab.add("second", fails)
    lab.add("third", needs=("first", "second"))
    found = run(lab)["third"]
    assert (found.outcome, found.next_step) == ("blocked", 'This comes first: "Second".')


def test_only_runs_one_task_and_reports_what_passed_before_it_not(lab):
    lab.add("first", task="queue")
    lab.add("second", task="message", needs=("first",))
    lab.add("third", task="message")
    lab.add("fourth", task="other")
    assert list(run(lab, "message")) == ["second", "third"]
    assert lab.ran == ["first", "second", "third"]


def test_only_runs_one_check_with_its_prerequisites_prerequisites(lab):
    lab.add("first", task="queue")
    lab.add("second", task="queue", needs=("first",))
    lab.add("unrelated", task="queue")
    lab.add("third", task="message", needs=("second",))
    assert list(run(lab, "third")) == ["third"]
    assert lab.ran == ["first", "second", "third"]


def test_only_reports_a_prerequisite_that_did_not_pass(lab):
    lab.add("first", fails, task="queue")
    lab.add("second", task="message", needs=("first",))
    assert {name: str(result.outcome) for name, result in run(lab, "message").items()} == {
        "first": "failed",
        "second": "blocked",
    }


def test_check_that_stands_apart_runs_only_when_it_or_its_task_is_asked_for(lab):
    lab.add("first", task="queue")
    lab.add("gone", task="clean_up", apart=True)
    assert list(run(lab)) == ["first"]
    assert list(run(lab, "clean_up")) == list(run(lab, "gone")) == ["gone"]
    assert list(run(lab, "queue")) == ["first"]
    assert lab.ran == ["first", "gone", "gone", "first"]


def test_what_a_check_apart_needs_runs_first(lab):
    lab.add("first", fails, task="queue")
    lab.add("gone", task="clean_up", apart=True, needs=("first",))
    assert {name: str(result.outcome) for name, result in run(lab, "clean_up").items()} == {
        "first": "failed",
        "gone": "blocked",
    }


def test_lab_is_complete_without_what_stands_apart_and_without_what_cannot_be_done(sample_course, clients):
    lab = load_lab("apart", sample_course("apart"))
    clients["sqs"].create_queue(QueueName="sample-queue")
    report = run_checks(lab, clients)
    assert {result.name: str(result.outcome) for result in report} == {
        "queue_exists": "passed",
        "job_ran": "unsupported",
    }
    assert report.complete
    assert [str(result.outcome) for result in run_checks(lab, clients, ["clean_up"])] == ["failed"]


def test_check_of_a_task_that_cannot_be_done_names_the_service_and_does_not_run(lab):
    lab.add("first", task="users", services=("cognito-idp",), http="http")
    found = run(lab)["first"]
    assert (found.outcome, found.found) == ("unsupported", "fake 1.0 has no cognito-idp")
    assert lab.ran == []


def test_http_and_inbox_need_no_service(lab, monkeypatch):
    monkeypatch.setattr(FakeEmulator, "supports", lambda _self, service: service not in ("http", "inbox"))
    given = {}
    lab.add("first", lambda **clients: given.update(clients), http="http", inbox="inbox")
    assert run(lab)["first"].outcome == "passed"
    assert given == {"http": "client of http", "inbox": "client of inbox"}


def test_check_gets_the_emulators_mails_and_sends_it_requests(lab, embedded):
    embedded.reset()
    clients = Clients(embedded)
    seen = []
    lab.add(
        "first", lambda http, inbox: seen.extend([http.request("GET", "/none"), inbox()]), http="http", inbox="inbox"
    )
    assert [str(result.outcome) for result in run_checks(lab, clients)] == ["passed"]
    assert seen[0].status >= 400
    assert seen[1] == []


@pytest.mark.parametrize("error", [EmulatorNotReady, WrongEmulator, EmulatorError])
def test_error_of_the_emulator_in_a_check_ends_the_run(lab, error):
    def raises():
        raise error("It stopped answering.")

    lab.add("first", raises)
    lab.add("second")
    with pytest.raises(error, match=r"^It stopped answering\.$"):
        run(lab)
    assert lab.ran == ["first"]


def test_emulator_that_stops_answering_ends_the_run_with_one_error(lab):
    def unreachable():
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    for name in ("first", "second", "third"):
        lab.add(name, unreachable)
    with pytest.raises(EmulatorNotReady, match="lab start"):
        run(lab)
    assert lab.ran == ["first"]


def test_emulator_that_is_gone_before_the_run_is_one_error_too(lab):
    lab.add("first", sqs="sqs")
    clients = FakeClients()

    def supports(service):
        raise EmulatorNotReady("Nothing answers.")

    clients.emulator = SimpleNamespace(name="fake", supports=supports)
    with pytest.raises(EmulatorNotReady):
        run_checks(lab, clients)


def test_running_the_checks_twice_gives_the_same(clients, sample_course):
    lab = load_lab("queue", sample_course("queue"))
    lab.solve(clients)
    first, second = (
        [(result.name, str(result.outcome)) for result in run_checks(lab, clients)] for _ in ("first", "second")
    )
    assert first == second == [("queue_exists", "passed"), ("message_is_there", "passed")]


def test_seconds_say_how_long_a_check_ran(lab, monkeypatch):
    moments = iter([10.0, 12.3456])
    monkeypatch.setattr(runner, "time", SimpleNamespace(time=time.time, perf_counter=lambda: next(moments)))
    lab.add("first")
    assert run(lab)["first"].seconds == 2.346


def test_check_alone_runs_without_those_that_it_needs(lab):
    lab.add("needed", fails)
    lab.add("first", fails, needs=("needed",))
    lab.add("second", needs=("needed",), service="cognito-idp")
    assert [str(run_alone(check, FakeClients()).outcome) for check in lab.all_checks] == [
        "failed", "failed", "unsupported",
    ]  # fmt: skip
    assert lab.ran == ["needed", "first"]


def test_each_result_is_told_as_soon_as_it_is_there(lab):
    told = []
    lab.add("needed")
    lab.add("first", lambda: told.append("first runs"), needs=("needed",))
    lab.add("second", fails)
    lab.add("third", needs=("second",))
    lab.add("unrelated")
    run_checks(lab, FakeClients(), ["first", "third"], finished=lambda r: told.append((r.name, str(r.outcome))))
    assert told == [
        ("needed", "passed"),
        "first runs",
        ("first", "passed"),
        ("second", "failed"),
        ("third", "blocked"),
    ]


def waits_for_ever():
    eventually(fails, within=600)


def test_run_that_is_cancelled_stops_waiting_and_cleans_up(lab):
    cancelled, waits, told = threading.Event(), threading.Event(), []

    def probes():
        try:
            waits.set()
            waits_for_ever()
        except Exception:
            told.append("taken for a trouble")
        finally:
            told.append("cleaned up")

    lab.add("first")
    lab.add("second", probes)
    lab.add("third")
    running = in_thread(
        lambda: run_checks(lab, FakeClients(), finished=lambda r: told.append(r.name), cancelled=cancelled)
    )
    assert waits.wait(5)
    cancelled.set()
    with pytest.raises(Cancelled):
        running.result(5)
    assert told == ["first", "cleaned up"]
    assert lab.ran == ["first", "second"]


def test_check_that_waits_for_nothing_is_finished_before_the_run_is_cancelled(lab):
    cancelled, told = threading.Event(), []
    lab.add("first", cancelled.set)
    lab.add("second")
    with pytest.raises(Cancelled):
        run_checks(lab, FakeClients(), finished=lambda r: told.append(r.name), cancelled=cancelled)
    assert told == lab.ran == ["first"]


def test_run_whose_last_check_is_done_is_not_cancelled_any_more(lab):
    cancelled = threading.Event()
    lab.add("first", cancelled.set)
    assert run_checks(lab, FakeClients(), cancelled=cancelled).complete


def test_checks_that_are_cancelled_before_they_begin_do_not_run(lab):
    cancelled = threading.Event()
    cancelled.set()
    lab.add("first")
    with pytest.raises(Cancelled):
        run_checks(lab, FakeClients(), cancelled=cancelled)
    assert lab.ran == []


def test_cancelled_run_leaves_the_next_one_alone(lab):
    cancelled = threading.Event()
    cancelled.set()
    lab.add("first", lambda: eventually(fails, within=0.01))
    with pytest.raises(Cancelled):
        run_checks(lab, FakeClients(), cancelled=cancelled)
    assert run(lab)["first"].outcome == "failed"


def test_what_comes_of_a_permission_that_an_earlier_check_misses_waits_for_that_check(lab):
    def misses(*actions):
        def fail():
            raise Failure(expected="a permission", found="none", next_step="Give it.", withheld=actions)

        return fail

    lab.add("other", misses("s3:GetObject"))
    lab.add("cause", misses("dynamodb:PutItem", "sqs:*"))
    lab.add("effect", fails)
    lab.add("later", needs=("effect",))
    for action, blocked in (("dynamodb:putitem", True), ("sqs:SendMessage", True), ("dynamodb:GetItem", False)):
        clients = FakeClients()
        clients.emulator.refused = [SimpleNamespace(action=action, message="User: a is not authorized")]
        results = {result.name: result for result in run_checks(lab, clients)}
        assert results["cause"].outcome == "failed"
        assert results["effect"].outcome == ("blocked" if blocked else "failed"), action
        assert ("Cause" in results["effect"].next_step) is blocked
        assert results["later"].outcome == "blocked"
    assert run_alone(lab.all_checks[2], clients).outcome == "failed"


def test_a_check_that_asks_iam_alone_fails_by_what_it_has_read(lab):
    clients = FakeClients()
    clients.emulator.refused = [SimpleNamespace(action="sqs:ReceiveMessage", message="User: a is not authorized")]

    def misses():
        raise Failure(expected="a permission", found="none", next_step="Give it.", withheld=["sqs:*"])

    lab.add("cause", misses)
    lab.add("reads", lambda iam: fails(), iam="iam")
    cause, reads = run_checks(lab, clients)
    assert (cause.outcome, reads.outcome, reads.found) == ("failed", "failed", "one")


def test_a_failure_tells_what_was_refused_meanwhile(lab):
    clients = FakeClients()
    refusals = [f"User: {name} is not authorized" for name in ("a", "a", "b", "c")]
    clients.emulator.refused = [SimpleNamespace(action="s3:GetObject", message=each) for each in refusals]
    lab.add("fails", fails)
    lab.add("passes")
    failed, passed = run_checks(lab, clients)
    assert (
        failed.found
        == "one; refused meanwhile: User: a is not authorized; refused meanwhile: User: b is not authorized"
    )
    assert passed.found is None


def test_what_is_refused_to_another_lab_meanwhile_is_neither_told_nor_a_cause(lab):
    clients = FakeClients()
    refusals = [("sqs:SendMessage", "theirs is not authorized"), ("s3:GetObject", "ours is not authorized")]
    clients.emulator.refused = [SimpleNamespace(action=action, message=message) for action, message in refusals]

    def misses():
        raise Failure(expected="a permission", found="none", next_step="Give it.", withheld=["sqs:*"])

    lab.add("cause", misses)
    lab.add("fails", fails)
    _, failed = run_checks(lab, clients, concerns=lambda text: "theirs" not in text)
    assert (failed.outcome, failed.found) == ("failed", "one; refused meanwhile: ours is not authorized")
