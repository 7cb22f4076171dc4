"""Tests for moving messages back from a dead-letter queue on the embedded emulator."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from tests.roles import policy, role
from tests.waiting import wait_until

ARN = "arn:aws:sqs:us-east-1:000000000000:"
DEAD = f"{ARN}dead"
MOVES = ("sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.fixture
def sqs(embedded):
    embedded.reset()
    return Clients(embedded)["sqs"]


def create(sqs, name, **attributes):
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def redrive(to, after=1):
    return json.dumps({"deadLetterTargetArn": f"{ARN}{to}", "maxReceiveCount": after})


@pytest.fixture
def urls(sqs):
    """The queues work and more, with one dead-letter queue: dead."""
    dead = create(sqs, "dead")
    return {
        "dead": dead,
        "work": create(sqs, "work", RedrivePolicy=redrive("dead"), VisibilityTimeout="0"),
        "more": create(sqs, "more", RedrivePolicy=redrive("dead"), VisibilityTimeout="0"),
    }


def fail(sqs, url, *bodies):
    """Send messages that nobody can handle: they end in the dead-letter queue."""
    for body in bodies:
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageAttributes={"kind": {"DataType": "String", "StringValue": "bad"}}
        )
    while sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        pass


def messages(sqs, url):
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    return sqs.receive_message(**asked, VisibilityTimeout=0).get("Messages", [])


def bodies(sqs, url):
    return [each["Body"] for each in messages(sqs, url)]


def last(sqs):
    (task,) = sqs.list_message_move_tasks(SourceArn=DEAD)["Results"]
    return task


def finished(sqs):
    return wait_until(lambda: (task := last(sqs))["Status"] != "RUNNING" and task)


def test_each_message_goes_back_to_the_queue_that_it_came_from_as_a_new_one(sqs, urls):
    fail(sqs, urls["work"], "a", "b")
    fail(sqs, urls["more"], "c")
    (before, *_) = wait_until(lambda: len(found := messages(sqs, urls["dead"])) == 3 and found)
    sqs.start_message_move_task(SourceArn=DEAD)
    task = finished(sqs)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (
        "COMPLETED", 3, 3,
    )  # fmt: skip
    assert "TaskHandle" not in task
    assert bodies(sqs, urls["dead"]) == []
    assert bodies(sqs, urls["more"]) == ["c"]
    (moved,) = [each for each in messages(sqs, urls["work"]) if each["Body"] == before["Body"]]
    assert moved["MessageId"] != before["MessageId"]
    assert moved["MessageAttributes"] == before["MessageAttributes"]


def test_messages_go_where_the_task_says(sqs, urls):
    other = create(sqs, "other")
    fail(sqs, urls["work"], "a")
    wait_until(lambda: bodies(sqs, urls["dead"]))
    sqs.start_message_move_task(SourceArn=DEAD, DestinationArn=f"{ARN}other")
    assert finished(sqs)["DestinationArn"] == f"{ARN}other"
    assert bodies(sqs, other) == ["a"]


def test_message_that_came_from_no_queue_fails_the_task_without_a_destination(sqs, urls):
    sqs.send_message(QueueUrl=urls["dead"], MessageBody="by hand")
    sqs.start_message_move_task(SourceArn=DEAD)
    task = finished(sqs)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert bodies(sqs, urls["dead"]) == ["by hand"]


def test_slow_task_is_the_only_one_of_its_queue_and_can_be_cancelled(sqs, urls):
    fail(sqs, urls["work"], *"abcd")
    wait_until(lambda: len(bodies(sqs, urls["dead"])) == 4)
    handle = sqs.start_message_move_task(SourceArn=DEAD, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    assert (last(sqs)["Status"], last(sqs)["TaskHandle"]) == ("RUNNING", handle)
    with pytest.raises(ClientError, match="There is already a task running"):
        sqs.start_message_move_task(SourceArn=DEAD)
    sqs.cancel_message_move_task(TaskHandle=handle)
    assert wait_until(lambda: last(sqs)["Status"] == "CANCELLED")
    assert len(bodies(sqs, urls["dead"])) > 1
    with pytest.raises(ClientError, match="Only active tasks"):
        sqs.cancel_message_move_task(TaskHandle=handle)
    with pytest.raises(ClientError, match="TaskHandle is invalid"):
        sqs.cancel_message_move_task(TaskHandle="none")


def test_newest_tasks_come_first_and_one_unless_more_are_asked_for(sqs, urls):
    for _ in range(2):
        sqs.start_message_move_task(SourceArn=DEAD)
        finished(sqs)
    tasks = sqs.list_message_move_tasks(SourceArn=DEAD, MaxResults=10)["Results"]
    assert len(tasks) == 2
    assert tasks[0]["StartedTimestamp"] >= tasks[1]["StartedTimestamp"]
    with pytest.raises(ClientError, match="Must be between 1 and 10"):
        sqs.list_message_move_tasks(SourceArn=DEAD, MaxResults=11)


def test_what_aws_refuses_is_refused(sqs, urls):
    create(sqs, "dead.fifo", FifoQueue="true")
    for asked, words in (
        ({"SourceArn": f"{ARN}none"}, "for the SourceArn parameter doesn't exist"),
        ({"SourceArn": f"{ARN}work"}, "Source queue must be configured as a Dead Letter Queue"),
        ({"SourceArn": DEAD, "DestinationArn": f"{ARN}none"}, "for the DestinationArn parameter doesn't exist"),
        ({"SourceArn": DEAD, "DestinationArn": f"{ARN}dead.fifo"}, "must be of the same queue type"),
        ({"SourceArn": DEAD, "DestinationArn": DEAD}, "cannot be the same"),
        ({"SourceArn": DEAD, "MaxNumberOfMessagesPerSecond": 501}, "between 1 and 500"),
    ):
        with pytest.raises(ClientError, match=words):
            sqs.start_message_move_task(**asked)


def test_calls_that_are_about_no_queue_are_answered_as_before(sqs, urls):
    assert len(sqs.list_queues()["QueueUrls"]) == 3


def allowing(*pairs):
    return policy(*({"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs))


def test_task_needs_the_permission_for_each_thing_that_it_does(embedded, sqs, urls):
    clients = Clients(embedded)
    iam, sts = clients["iam"], clients["sts"]
    account = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    arn = role(clients, "mover")
    iam.update_assume_role_policy(RoleName="mover", PolicyDocument=policy(account))
    key = sts.assume_role(RoleArn=arn, RoleSessionName="mover")["Credentials"]

    def as_mover(*pairs):
        iam.put_role_policy(RoleName="mover", PolicyName="given", PolicyDocument=allowing(*pairs))
        return boto3.client(
            "sqs", region_name="us-east-1", endpoint_url=embedded.endpoint, aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["SessionToken"],
        )  # fmt: skip

    whole = [*((action, DEAD) for action in MOVES), ("sqs:SendMessage", f"{ARN}*")]
    for left_out in range(len(whole)):
        given = whole[:left_out] + whole[left_out + 1 :]
        with pytest.raises(ClientError, match=f"not authorized to perform: {whole[left_out][0].lower()}"):
            as_mover(*given).start_message_move_task(SourceArn=DEAD)
    as_mover(*whole).start_message_move_task(SourceArn=DEAD)
    assert finished(sqs)["Status"] == "COMPLETED"
    with pytest.raises(ClientError, match="not authorized to perform: sqs:startmessagemovetask"):
        as_mover(*whole[1:]).start_message_move_task(SourceArn=DEAD)
    with pytest.raises(ClientError, match="not authorized to perform: sqs:listmessagemovetasks"):
        as_mover(*whole).list_message_move_tasks(SourceArn=DEAD)
