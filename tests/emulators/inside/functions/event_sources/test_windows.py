"""Tests for tumbling windows on the embedded emulator: the state, its end, and what an answer must have."""

import json
from datetime import UTC, datetime

from tests.emulators.inside.functions.event_sources.test_streams import texts
from tests.waiting import wait_until

COUNTS = """
def lambda_handler(event, context):
    state = event["state"]
    return {"state": {"count": state.get("count", 0) + len(event["Records"])}}
"""
GROWS = """
def lambda_handler(event, context):
    told = event["isFinalInvokeForWindow"], event["isWindowTerminatedEarly"], len(event["state"])
    print("got", len(event["Records"]), *told)
    return {"state": {"large": "x" * 1_100_000}}
"""


def finals(account):
    return [event for event in account.events() if event["isFinalInvokeForWindow"]]


def test_state_goes_from_batch_to_batch_until_the_window_is_over(account):
    at = account(COUNTS)
    arn = at.stream()
    at.connect(arn, TumblingWindowInSeconds=5, BatchSize=1)
    at.put("1", "2", "3", key="one")
    wait_until(lambda: sum(event["state"].get("count", 0) for event in finals(at)) == 3)
    for event in at.events():
        window = {name: datetime.fromisoformat(event["window"][name]) for name in ("start", "end")}
        assert (window["end"] - window["start"]).total_seconds() == 5
        assert window["start"].timestamp() % 5 == 0
        for record in event["Records"]:
            arrived = datetime.fromtimestamp(record["kinesis"]["approximateArrivalTimestamp"], UTC)
            assert window["start"] <= arrived < window["end"]
        assert (event["shardId"], event["eventSourceARN"]) == ("shardId-000000000000", arn)
        assert not event["isWindowTerminatedEarly"]
        assert bool(event["Records"]) is not event["isFinalInvokeForWindow"]
    counts = [event["state"].get("count", 0) for event in at.events() if event["window"] == at.events()[0]["window"]]
    assert counts == list(range(len(counts)))
    end = datetime.fromisoformat(finals(at)[0]["window"]["end"]).timestamp()
    assert next(run.time for run in at.runs() if json.loads(run.detail)["isFinalInvokeForWindow"]) >= end


def test_next_window_begins_with_an_empty_state(account):
    at = account(COUNTS)
    at.connect(at.stream(), TumblingWindowInSeconds=1)
    at.put("first", key="one")
    wait_until(lambda: finals(at))
    at.put("second", key="one")
    wait_until(lambda: len(finals(at)) == 2)
    batches = [event for event in at.events() if event["Records"]]
    assert [event["state"] for event in batches] == [{}, {}]
    assert batches[0]["window"] != batches[1]["window"]


def test_answer_without_a_state_is_a_failure(account):
    at = account()
    at.connect(at.stream(), TumblingWindowInSeconds=900, MaximumRetryAttempts=1, BatchSize=1)
    at.put("1", "2", key="one")
    wait_until(lambda: len(at.events()) == 4)
    assert texts(at.events()) == [["1"], ["1"], ["2"], ["2"]]


def test_state_that_is_too_large_ends_the_window_early(account):
    at = account(GROWS)
    at.connect(at.stream(), TumblingWindowInSeconds=900, BatchSize=1)
    at.put("1", "2", key="one")

    def got():
        runs = at.emulator.runs("hello")
        return [line for run in runs for line in run.lines if line.startswith("got")]

    wait_until(lambda: len(got()) == 4)
    assert got() == ["got 1 False False 0", "got 0 True True 1"] * 2
