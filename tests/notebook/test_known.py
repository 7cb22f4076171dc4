"""Tests for what is known of checks: what passed lately is not run again unless something was changed since."""

import os

import boto3
import pytest

from lab_harness import open_lab
from lab_harness.aws import replace_environment

# Each check notes that it ran.
CHECKS = """
from lab_harness.authors import check

ran = []

@check("There is a queue", task="queue")
def queue_exists(sqs):
    ran.append("queue")
    sqs.get_queue_url(QueueName="sample-queue")

@check("It takes a message", task="message", needs=queue_exists)
def takes_a_message(sqs):
    ran.append("message")
"""


@pytest.fixture
def opened(sample_course, in_use):
    """A lab of two checks, the second of which needs the first; both pass."""
    course = sample_course("queue")
    (course.labs / "queue" / "checks.py").write_text(CHECKS, encoding="utf-8")
    before = dict(os.environ)
    made = open_lab("queue")
    boto3.client("sqs").create_queue(QueueName="sample-queue")
    yield made
    replace_environment(before)


def ran(opened, name):
    """What ran as the learner had a task checked."""
    opened.lab.checks.ran.clear()
    assert opened.check(name).complete
    return opened.lab.checks.ran[:]


def test_what_a_task_needs_is_not_run_again_after_it_passed(opened):
    assert ran(opened, "message") == ["queue", "message"]
    assert ran(opened, "message") == ["message"]
    assert ran(opened, "queue") == ["queue"]  # what is asked for itself runs always
    assert ran(opened, None) == ["queue", "message"]


def test_it_runs_again_after_the_learner_changed_something_that_it_reads(opened):
    ran(opened, "queue")
    boto3.client("sqs").create_queue(QueueName="another")
    assert ran(opened, "message") == ["queue", "message"]
    boto3.client("sqs").list_queues()
    boto3.client("dynamodb").list_tables()
    assert ran(opened, "message") == ["message"]


def test_it_fails_at_once_where_what_it_needs_is_gone(opened):
    ran(opened, "message")
    sqs = boto3.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="sample-queue")["QueueUrl"])
    assert [str(each.outcome) for each in opened.check("message")] == ["failed", "blocked"]


def test_nothing_is_known_a_minute_later_by_the_accounts_clock(opened):
    ran(opened, "message")
    opened.clock.advance(minutes=2)
    assert ran(opened, "message") == ["queue", "message"]


def test_what_passed_is_shown_without_running_it(opened):
    ran(opened, None)
    opened.lab.checks.ran.clear()
    assert opened.runs.look(["queue_exists", "takes_a_message"]).complete
    assert opened.lab.checks.ran == []
