"""Tests for records that fail: how often they are tried, what is divided, where a lane goes on."""

from itertools import pairwise

from lab_harness.emulators.inside.functions.event_sources.lanes import RETRY_WAITS, SCALE
from tests.emulators.inside.functions.event_sources.test_streams import FAIL_ON_POISON, flat, texts
from tests.waiting import wait_until

REPORTING = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
NAMES_THE_POISON = """
import base64
def lambda_handler(event, context):
    found = [each["kinesis"]["sequenceNumber"] for each in event["Records"]
             if base64.b64decode(each["kinesis"]["data"]) == b"poison"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in found]}
"""
FULL = {"BatchSize": 4, "MaximumBatchingWindowInSeconds": 300}  # so that a test knows its batches


def done(account, last="end"):
    """The texts of all events up to that which has the last record."""
    wait_until(lambda: last in flat(account.events()))
    return texts(account.events())


def test_batch_is_given_up_after_its_retries(account):
    at = account(FAIL_ON_POISON)
    uuid = at.connect(at.stream(), MaximumRetryAttempts=2, **FULL)
    at.put("1", "poison", "2", "3", "end", "4", "5", "6", key="one")
    batch = ["1", "poison", "2", "3"]
    assert done(at) == [batch, batch, batch, ["end", "4", "5", "6"]]
    wait_until(lambda: at.mapping(uuid)["LastProcessingResult"] == "OK")
    first, second, third, _ = at.runs()
    assert second.time - first.time >= RETRY_WAITS[0] * SCALE
    assert third.time - second.time >= 2 * RETRY_WAITS[0] * SCALE


def test_batch_is_tried_for_ever_unless_it_is_told_otherwise(account):
    at = account(FAIL_ON_POISON)
    uuid = at.connect(at.stream())
    at.put("poison")
    wait_until(lambda: len(at.runs()) > 4)
    assert at.mapping(uuid)["LastProcessingResult"] == "PROBLEM: Function call failed"
    waits = [later.time - earlier.time for earlier, later in pairwise(at.runs())]
    assert all(wait >= RETRY_WAITS[0] * 2**number * SCALE for number, wait in enumerate(waits))


def test_bisecting_finds_the_record_and_costs_no_retry(account):
    at = account(FAIL_ON_POISON)
    at.connect(at.stream(), MaximumRetryAttempts=1, BisectBatchOnFunctionError=True, **FULL)
    at.put("1", "2", "poison", "3", "end", "4", "5", "6", key="one")
    assert done(at) == [
        ["1", "2", "poison", "3"], ["1", "2"], ["poison", "3"], ["poison"], ["poison"], ["3"], ["end", "4", "5", "6"]
    ]  # fmt: skip


def test_what_is_before_the_record_that_is_reported_is_done(account):
    at = account(NAMES_THE_POISON)
    at.connect(at.stream(), MaximumRetryAttempts=2, **REPORTING, **FULL)
    at.put("1", "poison", "2", "3", "end", "4", "5", "6", key="one")
    rest = ["poison", "2", "3"]
    assert done(at) == [["1", *rest], rest, rest, ["end", "4", "5", "6"]]


def test_batch_is_divided_where_the_report_says_and_then_bisected(account):
    at = account(NAMES_THE_POISON)
    at.connect(at.stream(), MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, **REPORTING, **FULL)
    at.put("1", "poison", "2", "3", "end", "4", "5", "6", key="one")
    assert done(at) == [["1", "poison", "2", "3"], ["poison", "2", "3"], ["poison"], ["2", "3"], ["end", "4", "5", "6"]]


def test_records_that_have_become_too_old_are_given_up(account):
    at = account(FAIL_ON_POISON)
    at.connect(at.stream(), MaximumRecordAgeInSeconds=60, **FULL)
    at.put("1", "poison", "2", "3", "end", "4", "5", "6", key="one")
    found = done(at)
    assert found[-1] == ["end", "4", "5", "6"]
    assert 2 <= len(found[:-1]) <= 5  # 3, 6, 12, 24 and 48 of AWS's seconds are more than a minute


def test_throttled_batch_counts_no_retry(account):
    at = account()
    at.lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=0)
    uuid = at.connect(at.stream(), MaximumRetryAttempts=0)
    at.put("patient")
    wait_until(lambda: at.mapping(uuid)["LastProcessingResult"].startswith("PROBLEM"))
    assert at.runs() == []
    at.lambda_.delete_function_concurrency(FunctionName="hello")
    assert done(at, "patient") == [["patient"]]
