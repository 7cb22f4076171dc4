"""Tests for the poller on the embedded emulator: permissions while it polls, whose doing it is, what it costs."""

import psutil
import pytest
from botocore.exceptions import ClientError
from ministack.core.concurrency import esm_wake

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions.event_sources.poller import Poller
from lab_harness.emulators.process import read_process
from tests.emulators.inside.functions.event_sources.test_queues import left
from tests.emulators.inside.functions.event_sources.test_streams import flat
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.roles import EVERYTHING, allow
from tests.waiting import wait_until

LOGS = {"Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]}  # fmt: skip


def test_stream_is_read_as_long_as_the_role_may(account):
    at = account()
    stream = at.stream()
    allow(at.clients, "worker", LOGS)
    with pytest.raises(ClientError, match="Cannot access stream"):
        at.connect(stream)
    allow(at.clients, "worker", EVERYTHING)
    uuid = at.connect(stream)
    at.put("first")
    wait_until(at.events)
    allow(at.clients, "worker", LOGS)
    wait_until(lambda: at.mapping(uuid)["LastProcessingResult"].startswith("PROBLEM: Cannot access stream"))
    at.put("second")
    assert flat(at.events()) == ["first"]
    allow(at.clients, "worker", EVERYTHING)
    wait_until(lambda: len(at.events()) == 2)
    assert flat(at.events()) == ["first", "second"]


def test_runs_are_the_streams_doing_and_those_for_checks_are_marked(account):
    at = account()
    at.connect(at.stream())
    at.connect(at.table())
    learner = Clients(at.emulator, as_learner=True)
    learner["kinesis"].put_record(StreamName="clicks", Data=b"1", PartitionKey="1")
    wait_until(lambda: len(at.emulator.runs("hello")) == 1)
    at.dynamodb.put_item(TableName="pets", Item={"id": {"S": "1"}})  # by the checks' own clients
    wait_until(lambda: len(at.emulator.runs("hello")) == 2)
    assert [(run.by, run.probe) for run in at.emulator.runs("hello")] == [
        ("kinesis clicks", False), ("dynamodb pets", True)
    ]  # fmt: skip


def test_runs_are_counted_by_lambdas_metrics(account):
    at = account()
    at.connect(at.stream())
    Clients(at.emulator, as_learner=True)["kinesis"].put_record(StreamName="clicks", Data=b"1", PartitionKey="1")
    wait_until(lambda: at.cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Invocations")["Metrics"])


def test_mapping_of_a_function_that_is_gone_runs_nothing_and_stops_nobody(account):
    at = account()
    url = at.queue()
    at.connect()
    at.lambda_.delete_function(FunctionName="hello")
    at.send(url, "nobody reads this")
    at.lambda_.create_function(**SETTINGS | {"FunctionName": "other"})
    at.connect(at.stream(), FunctionName="other")
    at.put("1")
    wait_until(lambda: any((deed.kind, deed.name) == ("run", "other") for deed in at.emulator.deeds()[1]))
    assert (at.runs(), left(at, url)) == ([], (1, 0))


def test_poller_that_has_nothing_to_do_rests(account):
    at = account()
    url = at.queue()
    at.connect()
    at.connect(at.stream(), BatchSize=10, MaximumBatchingWindowInSeconds=300)
    at.put("waits for its window")
    at.send(url, "done")
    wait_until(at.events)
    process = psutil.Process(read_process(at.emulator.home / "emulator.json").pid)
    wait_until(lambda: process.cpu_percent(interval=1) < 5)


def test_poller_that_has_not_begun_is_behind_with_nothing():
    """MiniStack begins to poll with the first mapping; until then nobody would take up what a queue got."""
    esm_wake.set()
    try:
        assert not Poller(lambda _: False).is_behind()
    finally:
        esm_wake.clear()
