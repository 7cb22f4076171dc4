"""Tests for the lab panel without a browser: what it does by itself, what it is told to do, and what cannot stop it."""

import json
import os
import re
import threading
import time
from contextlib import suppress
from itertools import count
from random import Random
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness import open_lab, run_checks
from lab_harness.account.changes import Changes
from lab_harness.aws import Clients, replace_environment
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady
from lab_harness.learner.progress import Progress
from lab_harness.notebook.console import Tab
from lab_harness.notebook.panel import background
from lab_harness.notebook.panel.live import ASSETS
from lab_harness.render.blocks import Note
from tests.pages import HOSTILE, assert_harmless, controls, read_page, words
from tests.waiting import PATIENCE, in_thread, wait_until

CALM, CALM_IN_A_CELL = 0.04, 0.4  # seconds, in place of longer ones
# Two tasks in two services; the second check of "message" goes on until the table has an item, or it is cancelled.
CHECKS = """
from lab_harness.authors import Failure, check, eventually, expect

@check("The queue exists", task="queue", points=2)
def queue_exists(sqs):
    names = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
    expect.names("queues", ["sample-queue"], names, "Create it.")

@check("The table exists", task="message")
def table_exists(dynamodb):
    expect.names("tables", ["items"], dynamodb.list_tables()["TableNames"], "Create it.")

@check("The table has an item", task="message", needs=table_exists)
def item_is_there(dynamodb):
    def look():
        if not dynamodb.scan(TableName="items")["Items"]:
            raise Failure(expected="an item", found="none", next_step="Put one.")

    eventually(look, within=600)
"""


class Page:
    """A panel, and what its browser does and shows."""

    def __init__(self, opened, asked):
        self.opened = opened
        self.asked = asked  # once each time that a watch asks what has happened: it has told of what came before
        self.panel = opened.panel()
        self.results = []  # of all checks, as they come, with the names of their threads
        opened.runs.observers.append(lambda each: self.results.append((each.name, threading.current_thread().name)))

    def act(self, do, **more):
        """Let a message of the browser's come in."""
        self.panel.display.view._received(self.panel.display.view, {"do": do, **more}, [])

    def open(self, view="a"):
        self.act("alive", view=view)
        return self

    def close(self, view="a"):
        self.act("closed", view=view)

    def shown(self, fragment):
        return words(self.panel.display.view.fragments[fragment])

    def says(self, fragment, text):
        """Wait until a fragment says something."""
        return wait_until(lambda: text in self.shown(fragment))

    def state(self, task):
        """A task's symbol and word."""
        html = read_page(self.panel.display.view.fragments[f"task {task}"])
        return next(words(each) for each in html.iter() if (each.get("class") or "").startswith("lab-state"))

    def becomes(self, task, state):
        """Wait until a task is in this state."""
        return wait_until(lambda: self.state(task) == state)

    def ran(self):
        """The names of the checks that ran since this was asked last."""
        found = [name for name, _ in self.results]
        del self.results[: len(found)]
        return found

    def rests(self):
        """Wait until nothing is under way or due."""
        worker = self.panel._worker
        wait_until(lambda: worker._thread is None or not (worker._due or worker._jobs))
        done = threading.Event()
        worker.submit(done.set)
        assert done.wait(PATIENCE)
        return self

    def sees(self):
        """Wait until the watch, if there is one, has told the panel of all that has happened in the account."""
        asked = len(self.asked)
        wait_until(lambda: not watches() or len(self.asked) > asked + 1)
        return self

    def lets_pass(self):
        """Wait until all that has happened is seen, and what may run because of it, without a click, has run.

        What is due after the usual calm has been so for as long as another worker's, which was told later and has run.
        """
        self.sees()
        ran = threading.Event()
        other = background.Worker(lambda names: ran.set() or True, lambda: False, pytest.fail)
        other.run_again(["any"])
        assert ran.wait(PATIENCE)
        ended = threading.Event()
        self.panel._worker.submit(ended.set)
        assert ended.wait(PATIENCE)
        return self

    def settled(self):
        """Open the panel, wait until its first run has ended, and forget that run."""
        self.open()
        wait_until(lambda: self.panel.display.state.outcomes.results)
        self.rests().ran()
        return self


@pytest.fixture
def make_page(sample_course, monkeypatch, outputs):
    """Opens a lab and its panel; all end with the test, and the environment is as before."""
    shorter = {"CALM": CALM, "CALM_IN_A_CELL": CALM_IN_A_CELL, "LONGEST_WAIT": 0.05, "RETRY": 0.05}
    for name, seconds in shorter.items():
        monkeypatch.setattr(background, name, seconds)
    before, pages, asked, wait = dict(os.environ), [], [], Changes.wait
    monkeypatch.setattr(Changes, "wait", lambda self, seconds: asked.append(self) or wait(self, seconds))

    def make(lab="queue", checks=None):
        course = sample_course(lab)
        if checks:
            (course.labs / lab / "checks.py").write_text(checks, encoding="utf-8")
            path = course.labs / lab / "lab.toml"
            text = path.read_text(encoding="utf-8").replace('["sqs"]', '["sqs", "dynamodb"]')
            path.write_text(text, encoding="utf-8")
        pages.append(Page(open_lab(lab), asked))
        return pages[-1]

    yield make
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", 0.0)
    for page in pages:
        page.close("nobody")
        page.rests()
    wait_until(lambda: not watches())
    replace_environment(before)


@pytest.fixture
def page(make_page, in_use):
    """The sample lab's panel on the session's emulator; no browser shows it yet."""
    return make_page()


@pytest.fixture
def slow_page(make_page, in_use):
    """A panel whose lab has two services, and a check that goes on until it passes or is cancelled."""
    return make_page(checks=CHECKS)


def watches():
    return [thread for thread in threading.enumerate() if thread.name == "lab-panel-watch"]


def create_queue(name="sample-queue"):
    return boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]


def create_table(dynamodb=None):
    (dynamodb or boto3.client("dynamodb")).create_table(
        TableName="items", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip


def put_item():
    boto3.client("dynamodb").put_item(TableName="items", Item={"id": {"S": "1"}})


def snapshot(page):
    """What the notebook's file keeps of a panel."""
    return "".join(page.panel.display.fragments(live=False).values())


def calls_of_checks(emulator):
    return [call for call in emulator.calls() if call.caller == "checks"]


# Before a browser shows it, and after.


def test_task_is_shown_as_done_only_once_its_progress_is_written(page, monkeypatch):
    """Whoever shows a result finds it in the progress file."""
    opened, kept = page.opened, []

    def shows(result):
        kept.append(result.outcome != "passed" or result.name in opened.progress.of("queue").passed)

    page.settled()
    opened.runs.observers.insert(0, shows)
    boto3.client("sqs").create_queue(QueueName="sample-queue")
    page.becomes("queue", "✓ done")
    assert kept
    assert all(kept)


def test_nothing_runs_before_a_browser_shows_it(page, in_use):
    page.panel._ipython_display_()
    create_queue()
    assert not watches()
    page.lets_pass()
    assert (calls_of_checks(in_use), page.results) == ([], [])
    assert page.state("queue") == "· not looked at yet"


def test_panel_is_shown_with_a_snapshot_of_the_same_in_words(page, outputs):
    page.panel._ipython_display_()
    snapshot = outputs[1][0]
    assert snapshot["text/plain"] == str(page.opened)
    assert "1. Create the queue sample-queue · not looked at yet" in words(snapshot["text/html"])


def test_when_a_browser_shows_it_all_checks_run_and_count_no_try(page):
    create_queue()
    page.open().becomes("queue", "✓ done")
    page.rests()
    assert page.ran() == ["queue_exists", "message_is_there"]
    assert page.opened.progress.of("queue").passed.keys() == {"queue_exists"}
    assert set(page.opened.progress.of("queue").tries.values()) == {0}


def test_sign_of_life_begins_nothing_anew(page):
    page.settled()
    for _ in range(3):
        page.open()
    page.lets_pass()
    assert (page.ran(), len(watches())) == ([], 1)


def test_snapshot_in_the_notebook_follows(page, outputs):
    page.settled()
    create_queue()
    wait_until(lambda: outputs and "1. Create the queue sample-queue ✓ done" in words(outputs[-1][0]["text/html"]))
    assert outputs[-1][1]["update"]


def test_panel_is_one_however_often_it_is_asked_for(page):
    assert page.opened.panel() is page.panel


# What it does by itself.


def test_change_ticks_its_task_at_once_and_says_so(page, monkeypatch):
    monkeypatch.setattr(background, "LONGEST_WAIT", 10 * PATIENCE)  # only the call log can bring it before
    page.settled()
    url = create_queue()
    page.becomes("queue", "✓ done")
    assert "2 of 3 points" in page.shown("bar")
    page.says("said", "Task 1, Create the queue sample-queue: done, 2 of 2 points.")
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    page.becomes("message", "✓ done")
    assert "✓ all done" in page.shown("bar")
    page.close()
    create_queue("another")  # ends the wait


def test_what_is_undone_is_unticked(page):
    url = create_queue()
    page.open().becomes("queue", "✓ done")
    boto3.client("sqs").delete_queue(QueueUrl=url)
    page.becomes("queue", "○ to do")
    assert "You have done this before; it is not so in the account now." in page.shown("task queue")


def test_only_the_checks_that_a_change_can_affect_run(slow_page):
    page = slow_page.settled()
    create_queue()
    page.becomes("queue", "✓ done")
    page.rests()
    assert page.ran() == ["queue_exists"]
    create_table()
    wait_until(lambda: "table_exists" in page.ran())
    assert page.state("queue") == "✓ done"


def test_looking_and_what_the_checks_do_run_nothing_again(page):
    page.settled()
    boto3.client("sqs").list_queues()
    page.opened.look()
    page.lets_pass()
    assert page.ran() == ["queue_exists", "message_is_there"]  # look's


def test_checks_run_beside_the_kernels_main_thread(page):
    page.settled()
    create_queue()
    page.becomes("queue", "✓ done")
    assert {thread for _, thread in page.results} == {"lab-panel-worker"}


def test_burst_of_changes_is_answered_once(page, monkeypatch):
    page.settled()
    monkeypatch.setattr(background, "CALM", 2.0)  # seconds, so that a slow machine's burst is one, too
    for number in range(8):
        create_queue(f"queue-{number}")
    create_queue()
    page.becomes("queue", "✓ done")
    page.rests()
    assert page.ran() == ["queue_exists", "message_is_there"]


def test_while_a_cell_runs_it_waits_until_nothing_changes_for_a_moment(page, monkeypatch):
    page.settled()
    cells = SimpleNamespace(running=1)
    monkeypatch.setattr(page.panel._worker, "_in_a_cell", lambda: cells.running > 0)
    create_queue()
    changed = time.monotonic()
    page.becomes("queue", "✓ done")
    assert time.monotonic() - changed >= CALM_IN_A_CELL
    monkeypatch.setattr(background, "CALM_IN_A_CELL", 60.0)
    create_queue("another")
    page.lets_pass().ran()
    create_queue("and-another")
    assert page.lets_pass().ran() == []
    cells.running = 0
    page.panel._cell_ended()
    wait_until(lambda: "queue_exists" in page.ran())


def test_change_while_checks_run_ends_them_and_runs_them_again(slow_page):
    page = slow_page.settled()
    create_table()
    wait_until(lambda: "table_exists" in page.ran())  # and the next one waits for an item
    create_queue()
    page.becomes("queue", "✓ done")
    put_item()
    page.becomes("message", "✓ done")


def test_changes_that_go_on_and_on_do_not_keep_checks_from_running_to_their_end(slow_page, monkeypatch):
    monkeypatch.setattr(background, "LONGEST_DELAY", 0.5)
    page = slow_page.settled()
    create_table()
    wait_until(lambda: "table_exists" in page.ran())  # and the next one waits for an item
    wait_until(lambda: page.panel._worker.overdue)
    create_queue()
    page.sees()
    put_item()
    page.becomes("message", "✓ done")
    page.becomes("queue", "✓ done")
    assert page.ran()[0] == "item_is_there"  # the run went on


def test_check_that_is_broken_is_shown_and_the_others_run(make_page, in_use):
    page = make_page("outcomes").open()
    page.says("task message", "its check is broken")
    assert "KeyError: 'no such key'" in page.shown("task message")
    assert "mistake in the course" in page.shown("task message")
    page.becomes("queue", "✓ done")  # its other check is not on this emulator, or passes


def test_lab_file_that_is_damaged_while_the_panel_is_open_changes_nothing(page):
    page.settled()
    for name in ("lab.toml", "checks.py"):
        (page.opened.lab.folder / name).write_text("this is [ no lab", encoding="utf-8")
    create_queue()
    page.becomes("queue", "✓ done")
    page.act("check")
    page.rests()
    assert "0 of 1 checks pass" in page.shown("task message")
    assert page.panel.display.state.trouble == ""


def test_checks_that_cannot_be_loaded_are_trouble_when_the_lab_is_opened(make_page, in_use):
    with pytest.raises(Exception, match="line 1"):
        make_page(checks="this is [ no Python")


# What the learner asks for.


def test_checking_a_task_counts_a_try_and_says_what_is_wrong(page):
    page.settled()
    page.act("check", task="queue")
    page.says("task queue", "Section 1 shows create_queue.")
    page.rests()
    assert page.state("queue") == "○ to do"  # It is not there; that is no mistake.
    assert page.shown("said").endswith("The queue sample-queue exists: Section 1 shows create_queue.")
    assert page.opened.progress.of("queue").tries["queue_exists"] == 1
    assert page.state("message") == "· not looked at yet"


def test_whoever_asks_for_something_is_shown_it_before_any_sign_of_life_has_come(page):
    page.act("hint", task="queue", view="a")
    assert "Hint 1 of 3." in page.shown("task queue")
    assert watches()


def test_checking_all_leaves_out_what_stands_apart(make_page, in_use):
    page = make_page("apart").settled()
    page.act("check")
    page.rests()
    assert "queue_is_gone" not in page.ran()
    page.act("check", task="clean_up")
    page.says("task clean_up", "Nothing of this lab was built yet")
    assert page.opened.progress.of("apart").passed == {}


def test_task_says_that_it_is_checked_while_the_learner_waits(slow_page):
    page = slow_page.settled()
    create_table()
    page.act("check", task="message")
    assert page.state("message") == "… checking"
    assert page.state("queue") == "○ to do"
    put_item()
    page.becomes("message", "✓ done")
    assert "Check all" in page.shown("bar")


def test_what_the_learner_asks_for_goes_before_what_runs_by_itself(slow_page):
    page = slow_page.settled()
    create_table()
    wait_until(lambda: "table_exists" in page.ran())  # the quiet run waits for an item
    page.act("check", task="queue")
    page.says("task queue", "Create it.")
    put_item()
    page.becomes("message", "✓ done")  # and what was interrupted is done again


def test_check_in_a_cell_goes_before_what_runs_by_itself_and_is_shown(slow_page):
    page = slow_page.settled()
    create_table()
    wait_until(lambda: "table_exists" in page.ran())
    report = in_thread(page.opened.check, "queue").result(PATIENCE)
    assert [result.name for result in report] == ["queue_exists"]


def test_check_in_a_cell_is_shown_to_its_last_result(page):
    page.settled()
    page.act("automatic", value=False)
    url = create_queue()
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    assert page.opened.check().complete
    page.becomes("queue", "✓ done")
    page.becomes("message", "✓ done")


def test_hints_come_one_by_one_and_are_found_again_after_a_restart(page, make_page):
    page.settled()
    for number in (1, 2):
        page.act("hint", task="queue")
        assert f"Hint {number} of 3." in page.shown("task queue")
    assert "Hint 1 of 1." not in page.shown("task message")
    again = make_page()
    assert "Hint 2 of 3." in again.shown("task queue")


def test_solution_is_shown_hidden_and_noted(page):
    page.settled()
    page.act("solution", task="message")
    assert "sqs.send_message(QueueUrl=url" in page.shown("task message")
    page.act("solution", task="message")
    assert "sqs.send_message(QueueUrl=url" not in page.shown("task message")
    assert page.opened.progress.of("queue").solutions == {"message"}


def test_course_given_out_without_answers_offers_no_solution_and_says_so_to_who_asks(page):
    page.settled()  # What runs at first takes away what was wrong before.
    assert "Solution" in page.shown("task message")
    (page.opened.lab.folder / "solution.py").unlink()
    page.act("solution", task="message")
    assert "may be given the course without its answers; each task has hints." in page.shown("head")
    assert "Solution" not in page.shown("task message")
    assert "Hint 1 of" in page.shown("task message")
    assert page.opened.progress.of("queue").solutions == set()


def test_reset_removes_what_was_built_and_unticks_it(page):
    create_queue()
    page.open().becomes("queue", "✓ done")
    page.act("reset")
    page.becomes("queue", "○ to do")
    assert "Removed: AWS::SQS::Queue sample-queue" in page.shown("said")
    assert not boto3.client("sqs").list_queues().get("QueueUrls")


def test_switched_off_it_runs_nothing_by_itself_and_switched_on_it_finds_what_changed(slow_page):
    page = slow_page.settled()
    create_table()
    wait_until(lambda: "table_exists" in page.ran())
    page.act("automatic", value=False)  # in the middle of a run
    page.rests()
    page.ran()
    create_queue()
    assert page.lets_pass().ran() == []
    page.close()
    assert page.open().lets_pass().ran() == []
    put_item()
    page.act("check", task="queue")
    page.becomes("queue", "✓ done")
    assert page.state("message") != "✓ done"
    page.act("automatic", value=True)
    page.becomes("message", "✓ done")


def test_progress_is_found_again_after_a_restart(page, make_page, in_use):
    create_queue()
    page.open().becomes("queue", "✓ done")
    page.close()
    in_use.reset()
    again = make_page()
    assert again.state("queue") == "· not looked at yet"  # so it does not say of the account what nobody knows
    assert "You have done this before" not in again.shown("task queue")
    again.open().becomes("queue", "○ to do")
    assert "You have done this before; it is not so in the account now." in again.shown("task queue")


# Views.


def test_of_two_views_the_other_goes_on_when_one_is_closed(page):
    page.settled()
    page.open("b")
    page.close("a")
    create_queue()
    page.becomes("queue", "✓ done")
    assert len(watches()) == 1


def test_when_all_views_are_closed_nothing_runs_any_more(slow_page, in_use):
    page = slow_page.settled()
    page.open("b")
    create_table()
    wait_until(lambda: "table_exists" in page.ran())  # a run is under way
    page.close("a")
    page.close("b")
    wait_until(lambda: not watches())
    page.rests()
    made = len(in_use.calls())
    page.ran()
    create_queue()
    assert page.lets_pass().ran() == []
    assert [call.operation for call in in_use.calls()[made:]] == ["CreateQueue"]


def test_opened_again_it_shows_what_happened_meanwhile(page):
    page.settled()
    page.close()
    create_queue()
    page.open("b").becomes("queue", "✓ done")


def test_view_closed_twice_or_never_opened_does_no_harm(page):
    page.close("nobody")
    page.settled()
    page.close("nobody")
    create_queue()
    page.becomes("queue", "✓ done")


def test_panel_whose_browser_has_gone_without_a_word_rests_though_nothing_changes(page, monkeypatch):
    page.settled()
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", 0.1)
    wait_until(lambda: not watches())
    create_queue()
    assert page.lets_pass().ran() == []
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", 60.0)
    page.open().becomes("queue", "✓ done")  # a sign of life, after all


def test_panel_whose_browser_has_gone_does_not_look_for_a_lost_emulator(make_page, home, monkeypatch):
    page = make_page().settled()
    Embedded(home).stop()
    page.says("head", "does not run")
    monkeypatch.setattr(background, "FORGOTTEN_AFTER", 0.1)
    wait_until(lambda: not watches())


# The emulator stops, and starts again.


def test_emulator_stopped_elsewhere_is_said_and_found_again_on_another_port(make_page, home):
    page = make_page().settled()
    first = os.environ["AWS_ENDPOINT_URL"]
    Embedded(home).stop()
    page.says("head", "The embedded emulator does not run. What you built is saved.")
    page.says("said", "The emulator does not run.")
    other = Embedded(home, free_port())
    other.start()
    page.says("head", f"at {other.endpoint}")
    page.says("said", "The emulator runs.")
    assert other.endpoint != first
    wait_until(lambda: os.environ["AWS_ENDPOINT_URL"] == other.endpoint)
    create_queue()  # by a plain client of this kernel's
    page.becomes("queue", "✓ done")
    assert page.panel.display.state.trouble == ""


def test_emulator_is_stopped_from_the_panel_and_started_there_or_elsewhere(make_page, home):
    page = make_page().settled()
    for start in (lambda: page.act("start"), Embedded(home).start):
        page.act("stop")
        page.says("head", "does not run")
        page.says("said", "The emulator is stopped; what you built is saved.")
        assert not Embedded(home).healthy()
        start()
        page.says("head", "Your AWS account is the embedded emulator")
    create_queue()
    page.becomes("queue", "✓ done")


def test_panel_opened_while_the_emulator_is_elsewhere_finds_it(make_page, home):
    page = make_page().settled()
    page.close()
    wait_until(lambda: not watches())
    Embedded(home).stop()
    other = Embedded(home, free_port())
    other.start()
    page.open().says("head", f"at {other.endpoint}")
    create_queue_at(other)
    page.becomes("queue", "✓ done")
    assert page.panel.display.state.trouble == ""


def create_queue_at(emulator):
    boto3.client("sqs", endpoint_url=emulator.endpoint).create_queue(QueueName="sample-queue")


def test_panel_opened_while_no_emulator_runs_says_so_and_leaves_it_so(make_page, home):
    page = make_page()
    Embedded(home).stop()
    page.open().says("head", "does not run")
    assert not Embedded(home).healthy()


def test_two_labs_of_one_kernel_both_follow_the_emulator(make_page, home):
    pages = [make_page().settled(), make_page("apart").settled()]
    Embedded(home).stop()
    for page in pages:
        page.says("head", "does not run")
    other = Embedded(home, free_port())
    other.start()
    for page in pages:
        page.says("head", f"at {other.endpoint}")
    wait_until(lambda: os.environ["AWS_ENDPOINT_URL"] == other.endpoint)
    create_queue()
    for page in pages:
        page.becomes("queue", "✓ done")


def test_checks_asked_for_while_the_emulator_does_not_run_are_trouble_that_goes_with_it(make_page, home):
    page = make_page().settled()
    Embedded(home).stop()
    page.says("head", "does not run")
    page.act("check")
    page.says("head", "The emulator does not run. Start it with: lab start")
    assert page.state("queue") != "… checking"
    Embedded(home).start()
    wait_until(lambda: "lab start" not in page.shown("head"))


# Trouble.


def test_progress_that_cannot_be_kept_is_a_notice_and_the_panel_goes_on(page, tmp_path):
    page.opened.progress = Progress(tmp_path)
    page.settled()
    assert "Your progress could not be saved" in page.shown("head")
    create_queue()
    page.becomes("queue", "✓ done")
    page.act("hint", task="queue")
    assert "Hint 3 of 3. QueueName is sample-queue." in page.shown("task queue")  # all of them: no count is kept
    page.act("solution", task="message")
    assert "sqs.send_message(QueueUrl=url" in page.shown("task message")


def fail(error):
    def show(clients):
        raise error

    return show


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (EmulatorNotReady("The emulator stopped answering."), "The emulator stopped answering."),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_tab_that_raises_says_why_and_the_panel_goes_on(page, error, shown):
    page.panel.display.state.tabs = (
        Tab("bad", "Bad", fail(error)),
        Tab("good", "Good", lambda clients: [Note("Good.")]),
    )
    page.settled()
    page.act("tab", tab="bad")
    page.says("console", shown)
    url = create_queue()  # is looked at by the tab, too
    page.becomes("queue", "✓ done")
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    page.becomes("message", "✓ done")
    page.act("tab", tab="good")
    page.says("console", "Good.")
    assert shown not in page.shown("console")


def test_first_tab_is_open_once_the_panel_is_shown_and_stays_as_chosen(page):
    tabs = page.panel.display.state.tabs
    assert page.panel.display.state.tab is None
    page.open()
    wait_until(lambda: page.panel.display.state.tab is tabs[0])
    page.act("tab", tab=tabs[-1].id)
    page.close()
    page.open()
    page.rests().sees()
    assert page.panel.display.state.tab is tabs[-1]


def test_what_checks_have_done_is_shown_in_a_tab_once_that_is_asked_for(page):
    def show(clients, checks=False):
        return [Note("All.") if checks else Note("Mine.")]

    page.panel.display.state.tabs = Tab("both", "Both", show, probes=True), Tab("any", "Any", lambda _: [Note("Any.")])
    page.settled()
    page.act("tab", tab="both")
    page.says("console", "Mine.")
    assert "Show what the checks have done, too" in page.shown("console")
    page.act("probes", value=True)
    page.says("console", "All.")
    page.act("tab", tab="any")
    page.says("console", "Any.")
    assert "what the checks have done" not in page.shown("console")


def test_open_tab_follows_what_happens_in_the_account(page):
    page.settled()
    page.act("tab", tab="queues")
    wait_until(lambda: "Looking…" not in page.shown("console"))
    assert "sample-queue" not in page.shown("console")
    create_queue()
    page.says("console", "sample-queue")


def test_open_tab_follows_what_happens_without_a_call(page):
    looks = count()
    page.settled()
    page.panel.display.state.tabs = (Tab("clock", "Clock", lambda clients: [Note(f"Look {next(looks)}.")]),)
    page.act("tab", tab="clock")
    page.says("console", "Look 3.")


@pytest.fixture
def slow_tab(page):
    """A page with the tabs `slow`, which shows itself once this event is set, and `fast`."""
    go = threading.Event()

    def show(clients):
        go.wait(PATIENCE)
        return [Note("Slow.")]

    page.panel.display.state.tabs = Tab("slow", "Slow", show), Tab("fast", "Fast", lambda clients: [Note("Fast.")])
    page.settled()
    yield go
    go.set()


def test_slow_tab_keeps_neither_a_click_nor_a_tick_waiting(page, slow_tab):
    page.act("tab", tab="slow")
    page.says("console", "Looking…")
    page.act("hint", task="queue")
    assert "Hint 1 of 3" in page.shown("task queue")
    create_queue()
    page.becomes("queue", "✓ done")
    assert "Looking…" in page.shown("console")
    slow_tab.set()
    page.says("console", "Slow.")


def test_slow_tab_does_not_show_itself_in_another_ones_place(page, slow_tab):
    shown = []
    page.panel.display.view.observe(lambda change: shown.append(change["new"]["console"]), "fragments")
    page.act("tab", tab="slow")
    page.act("tab", tab="fast")
    page.says("console", "Looking…")
    slow_tab.set()
    page.says("console", "Fast.")
    assert not [each for each in shown if "Slow." in each]


def test_tab_that_is_open_keeps_what_it_shows_when_it_is_clicked_again(page, slow_tab):
    slow_tab.set()
    page.act("tab", tab="slow")
    page.says("console", "Slow.")
    slow_tab.clear()
    page.act("tab", tab="slow")
    create_queue()
    page.becomes("queue", "✓ done")  # so all of the panel was shown anew
    assert "Slow." in page.shown("console")


def test_what_a_worker_cannot_do_is_trouble_until_something_works(page):
    page.settled()
    page.panel._worker.submit(lambda: 1 / 0)
    page.says("head", "ZeroDivisionError: division by zero")
    create_queue()
    page.becomes("queue", "✓ done")
    wait_until(lambda: "ZeroDivisionError" not in page.shown("head"))


def test_text_that_no_message_can_carry_does_not_stop_the_panel(make_page, in_use):
    checks = CHECKS.replace('"Create it."', r'"Cre\x00ate \ud83d it."')
    page = make_page(checks=checks).settled()
    page.act("check", task="queue")
    page.says("task queue", "Cre�ate � it.")
    create_queue()
    page.becomes("queue", "✓ done")


def test_hostile_text_of_the_learners_is_text(make_page, in_use):
    checks = CHECKS.replace('"queues"', repr(HOSTILE))
    page = make_page(checks=checks).settled()
    page.act("check", task="queue")
    page.says("task queue", "<img src=x onerror=alert(1)>")
    assert_harmless("".join(page.panel.display.view.fragments.values()))
    assert_harmless(snapshot(page))
    assert controls(snapshot(page)) == []


# Everything at once.


def test_many_changes_and_clicks_at_once_leave_the_panel_right(slow_page):
    page = slow_page.settled()
    hands = [in_thread(work, page, Random(number)) for number in range(3) for work in (click, build)]
    for hand in hands:
        hand.result(timeout=60)
    page.act("closed", view="b")
    page.act("automatic", value=True)
    page.open().rests()
    expected = {each.name: each.outcome for each in run_checks(page.opened.lab, page.opened.clients)}
    wait_until(
        lambda: expected == {each.name: each.outcome for each in page.panel.display.state.outcomes.results.values()}
    )
    page.rests()
    wait_until(lambda: page.panel.display.view.fragments == page.panel.display.fragments(live=True))
    assert (page.panel.display.state.outcomes.awaited, page.panel.display.state.trouble) == (set(), "")


def click(page, random):
    """Use the controls at random."""
    for _ in range(40):
        do = random.choice(["check", "hint", "solution", "tab", "automatic", "alive", "closed"])
        task, tab = random.choice(["queue", "queue", None]), random.choice(["queues", "calls"])
        page.act(do, task=task, tab=tab, view=random.choice("ab"), value=random.random() < 0.7)


def build(page, random):
    """Build and remove at random what the lab asks for; an item is put in the end, so that no check waits for long."""
    clients = Clients(page.opened.emulator, as_learner=True)
    for _ in range(15):
        url = clients["sqs"].create_queue(QueueName="sample-queue")["QueueUrl"]
        if random.random() < 0.5:
            with suppress(ClientError):  # another one has removed it
                clients["sqs"].delete_queue(QueueUrl=url)
    with suppress(ClientError):  # another one has made it
        create_table(clients["dynamodb"])
    clients["dynamodb"].put_item(TableName="items", Item={"id": {"S": "1"}})


# What a browser would never send.

HOSTILE_VALUES = [[], ["queue"], {}, {"queue": 1}, 7, "", "nobody", "../../etc/passwd", "x" * 1_000_000, HOSTILE, True]


def assert_nobodys(page, content):
    """Nothing comes of a message."""
    before, progress = dict(page.panel.display.view.fragments), page.opened.progress.of("queue")
    page.panel.display.view._received(page.panel.display.view, content, [])
    assert page.panel._worker._thread is None  # nothing to do
    assert (page.panel.display.view.fragments, page.opened.progress.of("queue")) == (before, progress)


@pytest.mark.parametrize("do", ["check", "hint", "solution", "tab"])
def test_control_of_no_place_that_there_is_does_nothing(page, do):
    for value in HOSTILE_VALUES:
        assert_nobodys(page, {"do": do, "task" if do != "tab" else "tab": value})
    if do != "check":
        assert_nobodys(page, {"do": do})
        assert_nobodys(page, {"do": do, "task": None, "tab": None})


def test_every_control_that_is_drawn_does_something(page):
    parts = [*ASSETS.glob("panel_*.html"), *ASSETS.glob("task_*.html")]
    drawn = "".join(path.read_text(encoding="utf-8") for path in parts)
    assert {*re.findall(r'data-do="(\w+)"', drawn), "alive", "closed"} == page.panel.controls.keys()


def test_control_that_there_is_not_does_nothing(page):
    for do in ("", "x" * 1_000_000, "__init__", "_rest", "reset ", "do_reset", "ALIVE", HOSTILE):
        assert_nobodys(page, {"do": do})


def test_view_of_any_name_can_be_opened_and_closed(page):
    for view in (None, *HOSTILE_VALUES):
        page.act("alive", view=view)
        assert page.panel._watch is not None
        page.act("closed", view=view)
        assert page.panel._watch is None


# What a grade would say of it.


def test_task_that_was_built_elsewhere_is_done_and_said_to_be_empty_in_the_notebook(page, tmp_path, monkeypatch):
    cell = {"cell_type": "code", "id": "a", "metadata": {"tags": ["task:queue"]}, "source": "# Your code here"}
    path = tmp_path / "mine.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    notebook = {"cells": [cell, cell | {"id": "b", "source": 'open_lab("queue")', "metadata": {}}]}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    create_queue()
    page.open().becomes("queue", "✓ done")
    page.says("task queue", "The cell of this task is empty in the saved notebook")
    notebook["cells"][0]["source"] = 'sqs.create_queue(QueueName="sample-queue")'
    path.write_text(json.dumps(notebook), encoding="utf-8")  # It is saved: nothing else happens.
    wait_until(lambda: "is empty in the saved notebook" not in page.shown("task queue"))


def test_controls_of_handing_in_are_the_panels(page):
    page.settled()
    page.act("hand_in")
    page.says("hand in", "tells your teacher")
    page.act("rehearse")  # The sample course has no notebook.
    page.says("hand in", "cannot be read")
