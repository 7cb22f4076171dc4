"""Tests for mappings from queues on the embedded emulator: batches, windows, filters, failures, groups side by side."""

import json
import random
from itertools import pairwise

from tests.waiting import wait_until

REPORTING = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
FIFO = "arn:aws:sqs:us-east-1:000000000000:orders.fifo"
SOME_FAIL = """
def lambda_handler(event, context):
    spoilt = [each["messageId"] for each in event["Records"] if each["body"] == "spoilt"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in spoilt]}
"""


def bodies(events):
    return [[record["body"] for record in event["Records"]] for event in events]


def left(account, url):
    """How many messages a queue has: seen, and hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def test_window_gathers_more_messages_than_one_answer_of_sqs_has(account):
    at = account()
    url = at.queue()
    at.connect(BatchSize=25, MaximumBatchingWindowInSeconds=300)
    at.send(url, *map(str, range(24)))
    wait_until(lambda: left(at, url) == (0, 24))
    assert at.events() == []
    at.send(url, "24", "25")
    wait_until(at.events)
    assert bodies(at.events()) == [list(map(str, range(25)))]
    wait_until(lambda: left(at, url) == (0, 1))


def test_window_that_is_over_gives_what_there_is(account):
    at = account()
    url = at.queue()
    at.connect(BatchSize=1000, MaximumBatchingWindowInSeconds=1)
    at.send(url, "early", "late")
    [run] = wait_until(at.runs)
    first, _ = [int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) / 1000
                for record in json.loads(run.detail)["Records"]]  # fmt: skip
    assert run.time - first >= 0.99


def test_event_has_no_more_than_six_megabytes(account):
    at = account("def lambda_handler(event, context): print(len(str(event)))")
    url = at.queue()
    at.connect(BatchSize=100, MaximumBatchingWindowInSeconds=300)
    for number in range(7):
        at.send(url, f"{number}" + "x" * 1_000_000)
    [event] = wait_until(lambda: [run.detail for run in at.runs()])
    assert left(at, url)[1] in (1, 7)
    assert event.count('"messageId"') < 7


def test_record_has_what_aws_sends(account):
    at = account()
    url = at.queue()
    at.connect()
    attributes = {"Colour": {"DataType": "String", "StringValue": "red"}}
    sent = at.sqs.send_message(QueueUrl=url, MessageBody="hi", MessageAttributes=attributes)
    [[record]] = [event["Records"] for event in wait_until(at.events)]
    times = {record["attributes"].pop(f"{name}Timestamp") for name in ("Sent", "ApproximateFirstReceive")}
    assert all(time.isdecimal() and len(time) == 13 for time in times)
    assert len(record.pop("receiptHandle")) > 10
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hi",
        "attributes": {"ApproximateReceiveCount": "1", "SenderId": record["attributes"]["SenderId"]},
        "messageAttributes": {
            "Colour": {"dataType": "String", "stringValue": "red", "stringListValues": [], "binaryListValues": []}
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:orders",
        "awsRegion": "us-east-1",
    }


def test_message_that_no_filter_lets_through_is_deleted(account):
    at = account()
    url = at.queue()
    at.connect(FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"pet": ["cat"]}})}]})
    at.send(url, '{"pet": "dog"}', '{"pet": "cat"}')
    wait_until(lambda: left(at, url) == (0, 0))
    assert bodies(at.events()) == [['{"pet": "cat"}']]


def test_only_what_is_reported_comes_again(account):
    at = account(SOME_FAIL)
    url = at.queue(VisibilityTimeout="600")
    uuid = at.connect(BatchSize=3, MaximumBatchingWindowInSeconds=300, **REPORTING)
    at.send(url, "good", "spoilt", "fine")
    wait_until(lambda: left(at, url) == (0, 1))
    assert at.mapping(uuid)["LastProcessingResult"] == "OK"
    at.lambda_.update_event_source_mapping(UUID=uuid, BatchSize=1, MaximumBatchingWindowInSeconds=0)
    handles = {record["body"]: record["receiptHandle"] for record in at.events()[0]["Records"]}
    at.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["spoilt"], VisibilityTimeout=0)
    wait_until(lambda: len(at.events()) > 1)
    first, second = at.events()[:2]
    assert sorted(bodies([first])[0]) == ["fine", "good", "spoilt"]
    assert bodies([second]) == [["spoilt"]]
    assert second["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"


def test_error_leaves_the_whole_batch_and_says_so(account):
    at = account("def lambda_handler(event, context): raise ValueError('spoilt')")
    url = at.queue()
    uuid = at.connect(**REPORTING)
    at.send(url, "one")
    wait_until(lambda: at.mapping(uuid)["LastProcessingResult"] == "PROBLEM: Function call failed")
    assert left(at, url) == (0, 1)


def test_no_more_batches_run_side_by_side_than_the_mapping_allows(account):
    at = account("import time\ndef lambda_handler(event, context): time.sleep(0.3)")
    url = at.queue(VisibilityTimeout="600")
    at.lambda_.update_function_configuration(FunctionName="hello", Timeout=60)
    at.connect(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    at.send(url, *map(str, range(6)))
    wait_until(lambda: left(at, url) == (0, 0))
    starts = sorted(run.time for run in at.runs())
    assert len(starts) == 6
    assert all(later - earlier >= 0.25 for earlier, later in zip(starts, starts[2:], strict=False))


def test_throttled_batch_is_tried_again_before_its_messages_are_seen_by_others(account):
    at = account("import time\ndef lambda_handler(event, context): time.sleep(event.get('seconds', 0))")
    url = at.queue(VisibilityTimeout="600")
    at.lambda_.update_function_configuration(FunctionName="hello", Timeout=60)
    at.lambda_.put_function_concurrency(FunctionName="hello", ReservedConcurrentExecutions=1)
    at.connect()
    busy = {"FunctionName": "hello", "InvocationType": "Event", "Payload": b'{"seconds": 2}'}
    at.lambda_.invoke(**busy)
    wait_until(at.runs)
    at.send(url, "patient")
    wait_until(lambda: len(at.runs()) == 2)
    [record] = at.events()[1]["Records"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_groups_run_side_by_side_and_each_in_its_order(account):
    """Thirty messages of five groups, in which now and then a batch fails, with a fixed seed."""
    at = account("""
import os, time
def lambda_handler(event, context):
    time.sleep(0.2)
    first = event["Records"][0]
    if first["body"].endswith("3") and first["attributes"]["ApproximateReceiveCount"] == "1":
        raise ValueError("not yet")
""")
    url = at.queue("orders.fifo", VisibilityTimeout="3")
    chosen = random.Random(13).choices("abcde", k=30)
    at.send(url, *(f"{group}{number % 10}-{number}" if number % 10 == 3 else f"{group}-{number}" for number, group in
                   enumerate(chosen)), groups=chosen)  # fmt: skip
    at.connect(FIFO, BatchSize=3)
    wait_until(lambda: left(at, url) == (0, 0))
    events = at.events()
    assert all(len({record["attributes"]["MessageGroupId"] for record in event["Records"]}) == 1 for event in events)
    for group in set(chosen):
        done = [record["body"] for event in events for record in event["Records"] if record["body"].startswith(group)]
        order = [int(body.rpartition("-")[2]) for body in dict.fromkeys(done)]
        assert order == [number for number, each in enumerate(chosen) if each == group]
    starts = sorted(run.time for run in at.runs())
    assert min(later - earlier for earlier, later in pairwise(starts)) < 0.2


def test_failed_group_waits_and_others_go_on(account):
    at = account("""
def lambda_handler(event, context):
    if event["Records"][0]["body"] == "a1":
        raise ValueError("spoilt")
""")
    url = at.queue("orders.fifo", VisibilityTimeout="60")
    at.connect(FIFO, BatchSize=1)
    at.send(url, "a1", "a2", "b1", "b2", groups=["a", "a", "b", "b"])
    wait_until(lambda: sum(left(at, url)) == 2)
    assert sorted(body for [body] in bodies(at.events())) == ["a1", "b1", "b2"]


def test_disabled_mapping_leaves_messages_until_it_is_enabled(account):
    at = account()
    url = at.queue()
    uuid = at.connect(Enabled=False)
    at.send(url, "waits")
    other = at.connect("arn:aws:sqs:us-east-1:000000000000:other") if at.queue("other") else ""
    at.send(at.sqs.get_queue_url(QueueName="other")["QueueUrl"], "passes")
    wait_until(at.events)
    assert (bodies(at.events()), left(at, url)) == ([["passes"]], (1, 0))
    at.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
    wait_until(lambda: len(at.events()) == 2)
    assert bodies(at.events()) == [["passes"], ["waits"]]
    at.lambda_.delete_event_source_mapping(UUID=other)


def test_deleted_mapping_reads_no_more(account):
    at = account()
    url = at.queue()
    uuid = at.connect()
    at.send(url, "first")
    wait_until(at.events)
    at.lambda_.delete_event_source_mapping(UUID=uuid)
    at.send(url, "second")
    [message] = at.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert (message["Body"], message.get("Attributes")) == ("second", None)
    assert bodies(at.events()) == [["first"]]
