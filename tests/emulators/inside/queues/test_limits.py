"""Tests for what the embedded emulator refuses of queues, as SQS does."""

import json

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients

ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture
def sqs(embedded):
    embedded.reset()
    return Clients(embedded)["sqs"]


@pytest.fixture
def url(sqs):
    return sqs.create_queue(QueueName="orders")["QueueUrl"]


def redrive(name):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"{ARN}{name}", "maxReceiveCount": 3})}


def test_delay_is_at_most_15_minutes_alone_and_in_a_batch(sqs, url):
    reason = "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*{reason}"):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901)
    entries = [{"Id": str(delay), "MessageBody": "x", "DelaySeconds": delay} for delay in (900, 901)]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["900"]
    assert [(each["Id"], each["Message"]) for each in answer["Failed"]] == [("901", reason)]


def test_batch_has_ten_entries_at_most(sqs, url):
    entries = [{"Id": str(number), "MessageBody": "x", "ReceiptHandle": "x"} for number in range(11)]
    told = r"TooManyEntriesInBatchRequest\).*Maximum number of entries per request are 10. You have sent 11."
    for call, names in (
        (sqs.send_message_batch, ("Id", "MessageBody")),
        (sqs.delete_message_batch, ("Id", "ReceiptHandle")),
        (sqs.change_message_visibility_batch, ("Id", "ReceiptHandle")),
    ):
        with pytest.raises(ClientError, match=told):
            call(QueueUrl=url, Entries=[{name: each[name] for name in names} for each in entries])
    fitting = [{"Id": each["Id"], "MessageBody": "x"} for each in entries[:10]]
    assert len(sqs.send_message_batch(QueueUrl=url, Entries=fitting)["Successful"]) == 10


def test_waits_and_timeouts_have_ends(sqs, url):
    with pytest.raises(ClientError, match="Value 21 for parameter WaitTimeSeconds is invalid"):
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21)
    with pytest.raises(ClientError, match="Value 43201 for parameter VisibilityTimeout is invalid"):
        sqs.receive_message(QueueUrl=url, VisibilityTimeout=43201)
    with pytest.raises(ClientError, match="VisibilityTimeout must be an integer between 0 and 43200"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle="x", VisibilityTimeout=43201)


def test_queue_is_purged_once_a_minute(sqs, url):
    sqs.purge_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.PurgeQueueInProgress, match="Only one PurgeQueue operation on orders is allowed"):
        sqs.purge_queue(QueueUrl=url)
    sqs.purge_queue(QueueUrl=sqs.create_queue(QueueName="others")["QueueUrl"])


def test_dead_letter_queue_is_of_the_queues_own_kind(sqs, url):
    reason = "Dead-letter queue must be same type of queue as the source"
    with pytest.raises(ClientError, match=reason):
        sqs.create_queue(QueueName="x.fifo", Attributes={"FifoQueue": "true", **redrive("orders")})
    sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})
    with pytest.raises(ClientError, match=reason):
        sqs.set_queue_attributes(QueueUrl=url, Attributes=redrive("dead.fifo"))
    sqs.create_queue(QueueName="x.fifo", Attributes={"FifoQueue": "true", **redrive("dead.fifo")})


def test_dead_letter_queue_says_who_may_use_it(sqs, url):
    only = {"redrivePermission": "byQueue", "sourceQueueArns": [f"{ARN}orders"]}
    for name, allow in (("closed", {"redrivePermission": "denyAll"}), ("for-orders", only)):
        sqs.create_queue(QueueName=name, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    sqs.set_queue_attributes(QueueUrl=url, Attributes=redrive("for-orders"))
    for name, source in (("closed", "orders"), ("for-orders", "others")):
        other = sqs.create_queue(QueueName=source)["QueueUrl"]
        with pytest.raises(ClientError, match=r"parameter RedrivePolicy is invalid.*RedriveAllowPolicy does not allow"):
            sqs.set_queue_attributes(QueueUrl=other, Attributes=redrive(name))


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("nonsense", "as it’s in an unsupported format"),
        ('{"redrivePermission": "some"}', "as it’s in an unsupported format"),
        ('{"redrivePermission": "byQueue"}', "you must also specify one or more sourceQueueArns values"),
        (json.dumps({"redrivePermission": "denyAll", "sourceQueueArns": ["a"]}), "you must set redrivePermission to"),
        (json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": ["a"] * 11}), "you can specify is 10"),
    ],
)  # fmt: skip
def test_redrive_allow_policy_is_one(sqs, url, policy, reason):
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*{reason}"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": policy})


def test_names_and_attributes_are_awss(sqs, url):
    with pytest.raises(ClientError, match="Can only include alphanumeric characters, hyphens, or underscores"):
        sqs.create_queue(QueueName="two words")
    with pytest.raises(ClientError, match=r"\(InvalidAttributeName\).*Unknown Attribute Delay"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Delay": "1"})
    sqs.create_queue(QueueName="n" * 80)
