"""Tests for the inbox: what SNS sends to `email` subscribers can be read."""

import json

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.base import Mail
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.records.inbox import MAX_MAILS, Inbox
from lab_harness.emulators.process import free_port
from tests.roles import everybody, let_publish, policy
from tests.waiting import kill, wait_until


@pytest.fixture(scope="module")
def account(embedded):
    return Clients(embedded)


@pytest.fixture
def aws(embedded, account):
    """Clients of an empty account."""
    embedded.reset()
    return account


@pytest.fixture
def sns(aws):
    return aws["sns"]


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="news")["TopicArn"]


def subscribe(sns, topic, to="ann@example.com", protocol="email", **attributes):
    return sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=to, Attributes=attributes)


def test_email_subscriber_gets_the_message(sns, topic, embedded):
    subscribe(sns, topic)
    sns.publish(TopicArn=topic, Subject="Hello", Message="Good morning, Ann ✓")
    assert embedded.inbox() == [Mail("ann@example.com", "Hello", "Good morning, Ann ✓")]


def test_message_without_subject_has_awss(sns, topic, embedded):
    subscribe(sns, topic)
    sns.publish(TopicArn=topic, Message="Good morning")
    assert embedded.inbox()[0].subject == "AWS Notification Message"


def test_mails_stand_in_the_order_sent(sns, topic, embedded):
    subscribe(sns, topic)
    for text in ("one", "two", "three"):
        sns.publish(TopicArn=topic, Message=text)
    assert [mail.text for mail in embedded.inbox()] == ["one", "two", "three"]


def test_batch_sends_each_of_its_messages(sns, topic, embedded):
    subscribe(sns, topic)
    entries = [{"Id": text, "Message": text, "Subject": "Batch"} for text in ("one", "two")]
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [(mail.subject, mail.text) for mail in embedded.inbox()] == [("Batch", "one"), ("Batch", "two")]


def test_every_email_subscriber_gets_a_mail_and_no_other_subscriber(aws, sns, topic, embedded):
    aws["sqs"].create_queue(QueueName="news")
    subscribe(sns, topic, "ann@example.com")
    subscribe(sns, topic, "ben@example.com", protocol="email-json")
    subscribe(sns, topic, "arn:aws:sqs:us-east-1:000000000000:news", protocol="sqs")
    subscribe(sns, topic, "+15550100", protocol="sms")
    sns.publish(TopicArn=topic, Message="to all")
    assert [mail.to for mail in embedded.inbox()] == ["ann@example.com", "ben@example.com"]


def test_queue_still_gets_its_message(aws, sns, topic):
    lets_in = {"Policy": policy(everybody("sqs:SendMessage"))}
    url = aws["sqs"].create_queue(QueueName="news", Attributes=lets_in)["QueueUrl"]
    subscribe(sns, topic)
    subscribe(sns, topic, "arn:aws:sqs:us-east-1:000000000000:news", protocol="sqs")
    sns.publish(TopicArn=topic, Message="to all")
    [message] = aws["sqs"].receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"])["Message"] == "to all"


def test_email_json_subscriber_gets_the_notification_as_json(sns, topic, embedded):
    subscribe(sns, topic, protocol="email-json")
    sent = sns.publish(TopicArn=topic, Subject="Hello", Message="Good morning")
    notification = json.loads(embedded.inbox()[0].text)
    assert notification["Type"] == "Notification"
    assert (notification["Subject"], notification["Message"]) == ("Hello", "Good morning")
    assert (notification["TopicArn"], notification["MessageId"]) == (topic, sent["MessageId"])


def test_message_structure_gives_each_protocol_its_own_text(sns, topic, embedded):
    subscribe(sns, topic)
    message = json.dumps({"default": "for the others", "email": "for mail"})
    sns.publish(TopicArn=topic, Message=message, MessageStructure="json")
    assert embedded.inbox()[0].text == "for mail"


def test_message_structure_falls_back_to_its_default(sns, topic, embedded):
    subscribe(sns, topic)
    message = json.dumps({"default": "for the others", "sqs": "for queues"})
    sns.publish(TopicArn=topic, Message=message, MessageStructure="json")
    assert embedded.inbox()[0].text == "for the others"


def test_json_message_without_structure_is_sent_as_it_is(sns, topic, embedded):
    subscribe(sns, topic)
    message = json.dumps({"default": "for the others", "email": "for mail"})
    sns.publish(TopicArn=topic, Message=message)
    assert embedded.inbox()[0].text == message


def test_filter_policy_chooses_by_message_attribute(sns, topic, embedded):
    subscribe(sns, topic, "ann@example.com", FilterPolicy=json.dumps({"kind": ["order"]}))
    subscribe(sns, topic, "ben@example.com", FilterPolicy=json.dumps({"kind": ["refund"]}))
    attributes = {"kind": {"DataType": "String", "StringValue": "order"}}
    sns.publish(TopicArn=topic, Message="an order", MessageAttributes=attributes)
    sns.publish(TopicArn=topic, Message="something else")
    assert [(mail.to, mail.text) for mail in embedded.inbox()] == [("ann@example.com", "an order")]


def test_filter_policy_chooses_by_message_body(sns, topic, embedded):
    subscribe(sns, topic, FilterPolicy=json.dumps({"kind": ["order"]}), FilterPolicyScope="MessageBody")
    for kind in ("order", "refund"):
        sns.publish(TopicArn=topic, Message=json.dumps({"kind": kind}))
    assert [mail.text for mail in embedded.inbox()] == ['{"kind": "order"}']


def test_unsubscribed_address_gets_no_mail(sns, topic, embedded):
    sns.unsubscribe(SubscriptionArn=subscribe(sns, topic)["SubscriptionArn"])
    sns.publish(TopicArn=topic, Message="too late")
    assert embedded.inbox() == []


def test_event_that_matches_a_rule_is_mailed(aws, sns, topic, embedded):
    subscribe(sns, topic)
    aws["events"].put_rule(Name="orders", EventPattern=json.dumps({"source": ["shop"]}))
    aws["events"].put_targets(Rule="orders", Targets=[{"Id": "mail", "Arn": topic}])
    let_publish(aws, topic, "events")
    aws["events"].put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"item": "tea"}'}])
    [mail] = wait_until(embedded.inbox)
    assert json.loads(mail.text)["detail"] == {"item": "tea"}


def test_alarm_is_mailed(aws, sns, topic, embedded):
    subscribe(sns, topic)
    aws["cloudwatch"].put_metric_alarm(
        AlarmName="errors",
        Namespace="shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[topic],
    )
    aws["cloudwatch"].set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    [mail] = wait_until(embedded.inbox)
    assert json.loads(mail.text)["AlarmName"] == "errors"


def test_reset_empties_the_inbox(sns, topic, embedded):
    subscribe(sns, topic)
    sns.publish(TopicArn=topic, Message="Good morning")
    assert embedded.inbox() != []
    embedded.reset()
    assert embedded.inbox() == []


def test_full_inbox_drops_its_oldest_mail(tmp_path):
    inbox = Inbox(tmp_path / "inbox.jsonl")
    inbox.mails.extend({"text": number} for number in range(MAX_MAILS + 1))
    assert len(inbox.mails) == MAX_MAILS
    assert inbox.mails[0] == {"text": 1}


def test_mails_are_there_again_after_a_stop_and_after_a_crash(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    try:
        for end in (Embedded.stop, kill):
            emulator.start()
            sns = Clients(emulator)["sns"]
            topic = sns.create_topic(Name="news")["TopicArn"]
            subscribe(sns, topic)
            sns.publish(TopicArn=topic, Subject="Hello", Message="Good morning")
            before = emulator.inbox()
            end(emulator)
            emulator.start()
            assert emulator.inbox() == before
        emulator.reset()
        assert emulator.inbox() == []
        assert not (tmp_path / "inbox.jsonl").exists()
    finally:
        emulator.stop()


def test_a_mail_that_a_crash_cut_short_costs_only_itself(tmp_path):
    file = tmp_path / "inbox.jsonl"
    file.write_text('{"to": "ann@example.com"}\n{"to": "bob@exam', encoding="utf-8")
    assert list(Inbox(file).mails) == [{"to": "ann@example.com"}]
