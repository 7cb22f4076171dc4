"""Tests for what CloudWatch knows of queues on the embedded emulator, and for the alarms on it."""

from datetime import UTC, datetime, timedelta

import pytest

from lab_harness.aws import Clients
from tests.roles import everybody, policy
from tests.waiting import wait_until

VISIBLE = "ApproximateNumberOfMessagesVisible"


@pytest.fixture
def account(embedded):
    embedded.reset()
    return Clients(embedded, as_learner=True)


@pytest.fixture
def topic(account):
    arn = account["sns"].create_topic(Name="alarms")["TopicArn"]
    account["sns"].subscribe(TopicArn=arn, Protocol="email", Endpoint="ana@example.com")
    return arn


def create(account, name, messages=0):
    url = account["sqs"].create_queue(QueueName=name)["QueueUrl"]
    for number in range(messages):
        account["sqs"].send_message(QueueUrl=url, MessageBody=str(number))
    return url


def empty(account, url):
    while found := account["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in found:
            account["sqs"].delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])


def alarm(account, queue="work", **settings):
    dimensions = [{"Name": "QueueName", "Value": queue}]
    asked = {
        "AlarmName": "backlog", "Namespace": "AWS/SQS", "MetricName": VISIBLE, "Dimensions": dimensions,
        "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }  # fmt: skip
    account["cloudwatch"].put_metric_alarm(**asked | settings)


def state(account):
    (found,) = account["cloudwatch"].describe_alarms(AlarmNames=["backlog"])["MetricAlarms"]
    return found["StateValue"]


def is_in(account, name):
    return wait_until(lambda: state(account) == name)


def subjects(account):
    return [mail.subject for mail in account["inbox"]()]


def test_alarm_wakes_as_the_queue_grows_and_rests_as_it_is_emptied_and_mails_both(account, topic):
    url = create(account, "work", 2)
    alarm(account, AlarmActions=[topic], OKActions=[topic])
    is_in(account, "OK")
    account["sqs"].send_message(QueueUrl=url, MessageBody="one more")
    is_in(account, "ALARM")
    empty(account, url)
    is_in(account, "OK")
    wait_until(lambda: len(subjects(account)) == 3)
    assert subjects(account) == [f'{name}: "backlog" in us-east-1' for name in ("OK", "ALARM", "OK")]


def test_alarm_looks_at_its_own_queue_and_metric(account):
    create(account, "other", 5)
    url = create(account, "work")
    alarm(account)
    is_in(account, "OK")
    for number in range(3):
        account["sqs"].send_message(QueueUrl=url, MessageBody=str(number), DelaySeconds=600)
    wait_until(lambda: points(account, "work", "ApproximateNumberOfMessagesDelayed") and True)
    assert state(account) == "OK"
    alarm(account, MetricName="ApproximateNumberOfMessagesDelayed")
    is_in(account, "ALARM")


def test_alarm_waits_for_as_many_periods_as_it_is_told(account):
    create(account, "work", 5)
    alarm(account, EvaluationPeriods=500)
    wait_until(lambda: points(account, "work", VISIBLE))
    assert state(account) != "ALARM"
    alarm(account, EvaluationPeriods=500, DatapointsToAlarm=2)
    is_in(account, "ALARM")


def test_alarm_publishes_only_where_the_topic_lets_cloudwatch_in(account, topic, embedded):
    def write(*statements):
        account["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(*statements))

    def denied():
        return sum((deed.kind, deed.name) == ("denied", topic) for deed in embedded.deeds()[1])

    url = create(account, "work")
    write(everybody("sns:Subscribe", topic))
    alarm(account, AlarmActions=[topic], OKActions=[topic])
    wait_until(lambda: denied() == 1)
    write({"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
           "Resource": topic})  # fmt: skip
    for _ in range(3):
        account["sqs"].send_message(QueueUrl=url, MessageBody="x")
    wait_until(lambda: subjects(account) == ['ALARM: "backlog" in us-east-1'])
    write(everybody("sns:Subscribe", topic))
    empty(account, url)
    wait_until(lambda: denied() == 2)
    assert len(subjects(account)) == 1


def points(account, queue, metric):
    now = datetime.now(UTC)
    found = account["cloudwatch"].get_metric_statistics(
        Namespace="AWS/SQS", MetricName=metric, Dimensions=[{"Name": "QueueName", "Value": queue}], Period=60,
        StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1), Statistics=["Maximum"],
    )["Datapoints"]  # fmt: skip
    return [each["Maximum"] for each in found]


def test_metrics_tell_what_waits_is_in_work_and_is_delayed(account):
    url = create(account, "work", 3)
    account["sqs"].receive_message(QueueUrl=url)
    account["sqs"].send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    for metric, value in (
        (VISIBLE, 2),
        ("ApproximateNumberOfMessagesNotVisible", 1),
        ("ApproximateNumberOfMessagesDelayed", 1),
    ):
        wait_until(lambda metric=metric, value=value: value in points(account, "work", metric))
    wait_until(lambda: max(points(account, "work", "ApproximateAgeOfOldestMessage")) >= 1)
