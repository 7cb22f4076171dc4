"""Lab 08."""

import json

from .mistakes import both, queue_attributes, rename_queue
from .slip import Slip

BILLING, SHELTER, DEAD, FIFO, ALARM = "billing", "shelter", "shelter-dlq", "adoptions.fifo", "billing-grows"
SQS = "arn:aws:sqs:us-east-1:000000000000:"


def topic(clients, name="pet-events"):
    return next(each["TopicArn"] for each in clients["sns"].list_topics()["Topics"] if each["TopicArn"].endswith(name))


def subscription(clients, queue):
    found = clients["sns"].list_subscriptions_by_topic(TopicArn=topic(clients))["Subscriptions"]
    return next(each["SubscriptionArn"] for each in found if each["Endpoint"].endswith(f":{queue}"))


def subscribed(queue, name, value):
    """The queue's subscription has another attribute."""

    def make(clients):
        clients["sns"].set_subscription_attributes(
            SubscriptionArn=subscription(clients, queue), AttributeName=name, AttributeValue=value
        )

    return make


def not_subscribed(queue):
    return lambda clients: clients["sns"].unsubscribe(SubscriptionArn=subscription(clients, queue))


def redrive(target, count):
    policy = json.dumps({"deadLetterTargetArn": SQS + target, "maxReceiveCount": count})
    return queue_attributes(SHELTER, RedrivePolicy=policy)


def alarm(**changed):
    def make(clients):
        cloudwatch = clients["cloudwatch"]
        found = cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0]
        kept = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
        kept += ("Threshold", "ComparisonOperator", "AlarmActions")
        cloudwatch.put_metric_alarm(**{name: found[name] for name in kept} | changed)

    return make


def alarm_is_called(name):
    return both(alarm(AlarmName=name), lambda clients: clients["cloudwatch"].delete_alarms(AlarmNames=[ALARM]))


SLIPS = {
    "topic_may_send": [
        Slip("forgotten", queue_attributes(BILLING, Policy=""), "no policy", "No statement", never=["Principal"]),
    ],
    "queues_are_subscribed": [
        Slip("one forgotten", not_subscribed(SHELTER), "Section 1 names subscribe"),
        Slip("not raw", subscribed(BILLING, "RawMessageDelivery", "false"), "Correct RawMessageDelivery"),
    ],
    "billing_gets_sales": [
        Slip("another word", subscribed(BILLING, "FilterPolicy", '{"kind": ["sale"]}'), "kind"),
        Slip("the body's", subscribed(BILLING, "FilterPolicyScope", "MessageBody"), "MessageBody"),
    ],
    "shelter_gets_cats_and_dogs": [
        Slip("the attributes'", subscribed(SHELTER, "FilterPolicyScope", "MessageAttributes"), "MessageAttributes"),
        Slip("cats alone", subscribed(SHELTER, "FilterPolicy", '{"pet": ["cat"]}'), "dog"),
    ],
    "fifo_queue_exists": [
        Slip("without .fifo", rename_queue(FIFO, "adoptions"), "its name ends in .fifo"),
    ],
    "dead_letter_queue_exists": [
        Slip("underscore", rename_queue(DEAD, "shelter_dlq"), "shelter_dlq is nearly shelter-dlq"),
    ],
    "shelter_redrives": [
        Slip("once more", redrive(DEAD, 4), "maxReceiveCount", "Section 4 asks for it"),
        Slip("to itself", redrive(SHELTER, 3), "the ARN of shelter-dlq"),
    ],
    "shelter_alone_may_use_it": [
        Slip("forgotten", queue_attributes(DEAD, RedriveAllowPolicy=""), "every queue may use it"),
        Slip("all", queue_attributes(DEAD, RedriveAllowPolicy='{"redrivePermission": "allowAll"}'), "allowAll"),
    ],
    "alarm_exists": [
        Slip("another name", alarm_is_called("billing_grows"), "billing_grows is nearly billing-grows"),
    ],
    "alarm_watches_billing": [
        Slip("another queue", alarm(Dimensions=[{"Name": "QueueName", "Value": SHELTER}]), "of which queue"),
        Slip("from 11 on", alarm(ComparisonOperator="GreaterThanThreshold"), "from the threshold on, or above it"),
        Slip("five minutes", alarm(Period=300), "Correct Period"),
    ],
    "alarm_tells_the_topic": [
        Slip("forgotten", alarm(AlarmActions=[]), "AlarmActions lists the ARNs"),
        Slip(
            "as it ends",
            lambda clients: alarm(AlarmActions=[], OKActions=[topic(clients, "queue-alarms")])(clients),
            "as it ends",
        ),
    ],
}
