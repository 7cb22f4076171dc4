"""What checks ask of SNS: a topic by its name, who is subscribed to it, and what it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab_harness.answers import pages
from lab_harness.authors.made import owe


def arn(sns: Any, name: str) -> str:
    """The ARN of the topic of this name, which is there.

    For example:

        policy = sns.get_topic_attributes(TopicArn=topics.arn(sns, TOPIC))["Attributes"]["Policy"]
    """
    arns = [str(topic["TopicArn"]) for topic in pages(sns, "list_topics", "Topics")]
    return next(each for each in arns if each.endswith(f":{name}"))


def subscriptions(sns: Any, name: str) -> list[dict[str, Any]]:
    """All subscriptions of the topic of this name, confirmed or not. One has no ARN until it is confirmed.

    For example:

        mailed = [each["Endpoint"] for each in topics.subscriptions(sns, TOPIC) if each["Protocol"] == "email"]
    """
    return list(pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn(sns, name)))


@contextmanager
def probe_subscription(sns: Any, name: str, queue_arn: str) -> Iterator[None]:
    """Send what is published to the topic of this name to a queue, too, for a while.

    For example:

        with queues.probe_queue(sqs) as queue, topics.probe_subscription(sns, TOPIC, queue.arn):
            ...  # do what publishes
            texts = [each["Message"] for each in queue.objects()]
    """
    owed = owe("AWS::SNS::Subscription", queue_arn.rpartition(":")[2])
    found = sns.subscribe(TopicArn=arn(sns, name), Protocol="sqs", Endpoint=queue_arn)["SubscriptionArn"]
    try:
        yield
    finally:
        owed.take_away(sns.unsubscribe, SubscriptionArn=found)
