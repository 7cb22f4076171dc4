"""Tests for what checks ask of SNS."""

import json

from lab_harness.authors import queues, topics
from tests.waiting import wait_until


def test_a_topic_is_found_by_its_own_name(clients):
    sns = clients["sns"]
    arns = [sns.create_topic(Name=name)["TopicArn"] for name in ("my-alerts", "alerts-2", "alerts")]
    assert topics.arn(sns, "alerts") == arns[2]


def test_subscriptions_are_those_of_the_topic(clients):
    sns = clients["sns"]
    for name, address in (("alerts", "ana@example.com"), ("others", "ben@example.com")):
        sns.subscribe(TopicArn=sns.create_topic(Name=name)["TopicArn"], Protocol="email", Endpoint=address)
    assert [each["Endpoint"] for each in topics.subscriptions(sns, "alerts")] == ["ana@example.com"]


def test_what_is_published_is_heard_for_a_while(clients):
    sns, arn = clients["sns"], clients["sns"].create_topic(Name="alerts")["TopicArn"]
    with queues.probe_queue(clients["sqs"]) as queue:
        with topics.probe_subscription(sns, "alerts", queue.arn):
            sns.publish(TopicArn=arn, Message="it has ended")
            wait_until(lambda: [json.loads(body)["Message"] for body in queue.hear()] == ["it has ended"])
        assert topics.subscriptions(sns, "alerts") == []
