"""Tests for what becomes on the embedded emulator of what topics, rules and schedules cannot deliver."""

import json

import pytest

from lab_harness.aws import Clients
from tests.roles import allow, policy, role
from tests.waiting import wait_until

QUEUES = "arn:aws:sqs:us-east-1:000000000000:"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:gone"
EVENT = {"Source": "shop", "DetailType": "order", "Detail": '{"id": 7}'}


@pytest.fixture
def account(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


def create(account, name, *statements, **attributes):
    if statements:
        attributes["Policy"] = policy(*statements)
    return account["sqs"].create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def let(service, source, queue, effect="Allow"):
    return {
        "Effect": effect, "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": f"{QUEUES}{queue}", "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }  # fmt: skip


def write(account, url, *statements):
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(*statements)})


def received(account, url):
    """The next message of a queue, and its attributes."""
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (found,) = wait_until(lambda: account["sqs"].receive_message(**asked).get("Messages"))
    account["sqs"].delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    attributes = {name: each["StringValue"] for name, each in found.get("MessageAttributes", {}).items()}
    return found["Body"], attributes


def nothing(account, url):
    return "Messages" not in account["sqs"].receive_message(QueueUrl=url)


def denials(embedded, resource):
    return sum((deed.kind, deed.name) == ("denied", resource) for deed in embedded.deeds()[1])


@pytest.fixture
def topic(account):
    return account["sns"].create_topic(Name="news")["TopicArn"]


def subscribe(account, topic, protocol, endpoint, **attributes):
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{QUEUES}dead"})}
    account["sns"].subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=redrive | attributes)


@pytest.mark.parametrize("raw", ["true", "false"])
def test_message_for_a_queue_that_is_gone_is_kept_as_the_queue_would_have_got_it(account, topic, raw):
    dead = create(account, "dead", let("sns", topic, "dead"))
    subscribe(account, topic, "sqs", f"{QUEUES}gone", RawMessageDelivery=raw)
    kind = {"kind": {"DataType": "String", "StringValue": "cat"}}
    account["sns"].publish(TopicArn=topic, Message="a cat", MessageAttributes=kind)
    body, attributes = received(account, dead)
    assert (body if raw == "true" else json.loads(body)["Message"]) == "a cat"
    assert attributes.pop("RequestID")
    own = {"kind": "cat"} if raw == "true" else {}
    message = "The specified queue does not exist for this wsdl version."
    assert attributes == {"ErrorCode": "404", "ErrorMessage": message} | own


def test_message_that_a_queue_does_not_let_in_is_kept_and_not_otherwise(account, topic):
    dead = create(account, "dead", let("sns", topic, "dead"))
    heard = create(account, "heard")
    subscribe(account, topic, "sqs", f"{QUEUES}heard", RawMessageDelivery="true")
    publish = lambda: account["sns"].publish(TopicArn=topic, Message="a cat")  # noqa: E731
    publish()
    body, attributes = received(account, dead)
    assert (body, attributes["ErrorCode"]) == ("a cat", "403")
    assert "not authorized to perform: sqs:sendmessage" in attributes["ErrorMessage"]
    write(account, heard, let("sns", topic, "heard"))
    publish()
    assert received(account, heard)[0] == "a cat"
    assert nothing(account, dead)
    write(account, heard, let("sns", topic, "heard", "Deny"))
    publish()
    assert received(account, dead)[0] == "a cat"


def test_message_for_a_function_that_is_gone_is_kept(account, topic):
    dead = create(account, "dead", let("sns", topic, "dead"))
    subscribe(account, topic, "lambda", FUNCTION)
    account["sns"].publish(TopicArn=topic, Message="a cat")
    body, attributes = received(account, dead)
    assert (json.loads(body)["Message"], attributes["ErrorCode"]) == ("a cat", "404")


def test_dead_letter_queue_must_let_the_topic_in(account, topic, embedded):
    dead = create(account, "dead")
    subscribe(account, topic, "sqs", f"{QUEUES}gone", RawMessageDelivery="true")
    publish = lambda text: account["sns"].publish(TopicArn=topic, Message=text)  # noqa: E731
    publish("lost")
    wait_until(lambda: denials(embedded, f"{QUEUES}dead") == 1)
    write(account, dead, let("sns", topic, "dead"))
    publish("kept")
    assert received(account, dead)[0] == "kept"
    write(account, dead, let("sns", topic, "dead", "Deny"))
    publish("lost")
    wait_until(lambda: denials(embedded, f"{QUEUES}dead") == 2)
    assert nothing(account, dead)


def test_subscription_without_a_dead_letter_queue_loses_what_it_cannot_get(account, topic):
    dead = create(account, "dead", let("sns", topic, "dead"))
    account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUES}gone")
    subscribe(account, topic, "sqs", f"{QUEUES}also-gone", RawMessageDelivery="true")
    account["sns"].publish(TopicArn=topic, Message="once")
    assert received(account, dead)[0] == "once"
    assert nothing(account, dead)


def test_message_of_a_fifo_topic_is_kept_in_its_group(account):
    topic = account["sns"].create_topic(Name="news.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    dead = create(account, "dead.fifo", let("sns", topic, "dead.fifo"), FifoQueue="true")
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{QUEUES}dead.fifo"})}
    account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUES}gone.fifo", Attributes=redrive)
    account["sns"].publish(TopicArn=topic, Message="a", MessageGroupId="rex", MessageDeduplicationId="1")
    asked = {"QueueUrl": dead, "AttributeNames": ["All"]}
    (found,) = wait_until(lambda: account["sqs"].receive_message(**asked).get("Messages"))
    assert found["Attributes"]["MessageGroupId"] == "rex"


def rule(account, target):
    arn = account["events"].put_rule(Name="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    kept = {"DeadLetterConfig": {"Arn": f"{QUEUES}dead"}}
    account["events"].put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": target, **kept}])
    return arn


def test_event_for_a_target_that_is_gone_is_kept_whole_and_not_tried_again(account):
    arn = rule(account, FUNCTION)
    dead = create(account, "dead", let("events", arn, "dead"))
    account["events"].put_events(Entries=[EVENT])
    body, attributes = received(account, dead)
    assert (json.loads(body)["detail-type"], json.loads(body)["detail"]) == ("order", {"id": 7})
    assert attributes == {
        "RULE_ARN": arn,
        "TARGET_ARN": FUNCTION,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": f"Function not found: {FUNCTION}",
        "RETRY_ATTEMPTS": "0",
    }


def test_event_that_a_target_does_not_let_in_is_kept_and_not_otherwise(account, embedded):
    arn = rule(account, f"{QUEUES}heard")
    heard, dead = create(account, "heard"), create(account, "dead", let("events", arn, "dead"))
    send = lambda: account["events"].put_events(Entries=[EVENT])  # noqa: E731
    send()
    _, attributes = received(account, dead)
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    write(account, heard, let("events", arn, "heard"))
    send()
    assert json.loads(received(account, heard)[0])["source"] == "shop"
    assert nothing(account, dead)
    write(account, dead, let("events", arn, "dead", "Deny"))
    write(account, heard, let("events", arn, "heard", "Deny"))
    before = denials(embedded, f"{QUEUES}dead")
    send()
    wait_until(lambda: denials(embedded, f"{QUEUES}dead") > before)
    assert nothing(account, dead)


def test_what_a_topic_behind_a_rule_cannot_deliver_is_no_failure_of_the_rule(account, topic):
    arn = rule(account, topic)
    by_rule = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
    }  # fmt: skip
    account["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(by_rule))
    create(account, "deaf")
    heard, dead = (
        create(account, "heard", let("sns", topic, "heard")),
        create(account, "dead", let("events", arn, "dead")),
    )
    for name in ("deaf", "heard"):
        account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{QUEUES}{name}")
    account["events"].put_events(Entries=[EVENT])
    received(account, heard)
    assert nothing(account, dead)


def schedule(account, name, retries, told='{"pet": "rex"}'):
    """A schedule that is due; MiniStack starts one of the same name only once, even in an emptied account."""
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"{QUEUES}*"}
    arn = role(account, "clock", allowed, services=["scheduler"])
    target = {
        "Arn": f"{QUEUES}gone", "RoleArn": arn, "Input": told,
        "RetryPolicy": {"MaximumRetryAttempts": retries}, "DeadLetterConfig": {"Arn": f"{QUEUES}dead"},
    }  # fmt: skip
    return account["scheduler"].create_schedule(
        Name=name, ScheduleExpression="at(2020-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )["ScheduleArn"]  # fmt: skip


@pytest.mark.parametrize("retries", [0, 1])
def test_schedule_is_tried_again_and_keeps_what_it_would_have_sent(account, retries):
    dead = create(account, "dead")
    arn = schedule(account, f"tried-{retries}", retries)
    body, attributes = received(account, dead)
    assert json.loads(body) == {"pet": "rex"}
    assert attributes.pop("EXECUTION_ID")
    assert attributes.pop("SCHEDULED_TIME").endswith("Z")
    assert attributes == {
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": f"{QUEUES}gone",
        "ERROR_CODE": "AWS.SimpleQueueService.NonExistentQueue",
        "ERROR_MESSAGE": "The specified queue does not exist for this wsdl version.",
        "RETRY_ATTEMPTS": str(retries),
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
    }


def test_schedule_tells_which_try_it_is(account):
    dead = create(account, "dead")
    schedule(account, "counted", 1, '{"try": <aws.scheduler.attempt-number>}')
    assert json.loads(received(account, dead)[0]) == {"try": 2}


def test_schedule_whose_target_comes_meanwhile_delivers(account):
    dead = create(account, "dead")
    schedule(account, "mended", 9)
    came = create(account, "gone")
    assert json.loads(received(account, came)[0]) == {"pet": "rex"}
    assert nothing(account, dead)


def test_dead_letters_of_a_schedule_need_its_role(account, embedded):
    dead = create(account, "dead")
    schedule(account, "forbidden", 3)
    allow(account, "clock", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"{QUEUES}gone"})
    wait_until(lambda: denials(embedded, f"{QUEUES}dead"))
    assert nothing(account, dead)
