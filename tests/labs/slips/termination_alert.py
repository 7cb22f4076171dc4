"""Lab 04."""

import json

from .mistakes import replaced
from .slip import Slip

TOPIC, RULE, ORDERS, BUS, REPORT = "myEmailNotification", "EC2StateChange", "big-orders", "pet-shop", "weekend-report"


def topic_arn(clients):
    return next(each["TopicArn"] for each in clients["sns"].list_topics()["Topics"] if each["TopicArn"].endswith(TOPIC))


def rename_topic(clients):
    clients["sns"].delete_topic(TopicArn=topic_arn(clients))
    clients["sns"].create_topic(Name="MyEmailNotification")


def unsubscribe(clients):
    for each in clients["sns"].list_subscriptions_by_topic(TopicArn=topic_arn(clients))["Subscriptions"]:
        clients["sns"].unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def topic_policy(old, new):
    def make(clients):
        topic = topic_arn(clients)
        policy = clients["sns"].get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
        clients["sns"].set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=replaced(policy, old, new)
        )

    return make


def pattern(old, new, rule=RULE, bus="default"):
    """The rule's pattern has another word."""

    def make(clients):
        found = clients["events"].describe_rule(Name=rule, EventBusName=bus)["EventPattern"]
        text = replaced(json.dumps(json.loads(found)), old, new)
        clients["events"].put_rule(Name=rule, EventBusName=bus, EventPattern=text)

    return make


def no_targets(rule, bus="default"):
    def make(clients):
        events, where = clients["events"], {"Rule": rule, "EventBusName": bus}
        ids = [each["Id"] for each in events.list_targets_by_rule(**where)["Targets"]]
        events.remove_targets(**where, Ids=ids)

    return make


def schedule(expression):
    return lambda clients: clients["events"].put_rule(Name=REPORT, ScheduleExpression=expression)


def disable(rule, bus="default"):
    return lambda clients: clients["events"].disable_rule(Name=rule, EventBusName=bus)


def on_the_default_bus(clients):
    """The rule big-orders was made without EventBusName."""
    found = clients["events"].describe_rule(Name=ORDERS, EventBusName=BUS)["EventPattern"]
    no_targets(ORDERS, BUS)(clients)
    clients["events"].delete_rule(Name=ORDERS, EventBusName=BUS)
    clients["events"].put_rule(Name=ORDERS, EventPattern=found)


SLIPS = {
    "topic_exists": [
        Slip("a capital", rename_topic, "MyEmailNotification is nearly myEmailNotification"),
    ],
    "topic_mails": [
        Slip("forgotten", unsubscribe, "no subscriptions", "Section 2 names the call"),
    ],
    "rule_is_enabled": [
        Slip("disabled", disable(RULE), "DISABLED", "enable_rule switches on"),
    ],
    "rule_matches_termination": [
        Slip("another state", pattern("terminated", "shutting-down"), "the event has", "terminated", "lab.match"),
        Slip("another source", pattern("aws.ec2", "ec2"), "source asks for", "aws.ec2"),
    ],
    "rule_ignores_others": [
        Slip("any state", pattern('"state": ["terminated"]', '"state": [{"exists": true}]'), "the state"),
    ],
    "target_is_topic": [
        Slip("forgotten", no_targets(RULE), "no targets", "put_targets"),
    ],
    "eventbridge_may_publish": [
        Slip("the rule's service", topic_policy("events.amazonaws.com", "event.amazonaws.com"), "nearly events.amazon"),
        Slip("another action", topic_policy("sns:Publish", "sns:Subscribe"), "sns:Subscribe", "sns:Publish"),
    ],
    "orders_rule_exists": [
        Slip("without its bus", on_the_default_bus, "put_rule wants EventBusName beside Name"),
        Slip("disabled", disable(ORDERS, BUS), "is there, and disabled"),
    ],
    "big_orders_match": [
        Slip("more than ten", pattern('">="', '">"', ORDERS, BUS), '">", 10', "lab.match"),
    ],
    "orders_reach_the_queue": [
        Slip("forgotten", no_targets(ORDERS, BUS), "no targets", "put_targets wants EventBusName, too"),
    ],
    "report_is_at_weekends": [
        Slip("every day", schedule("cron(30 9 * * ? *)"), "cron(30 9 * * ? *)", "six fields"),
        Slip("Friday too", schedule("cron(30 9 ? * 6,7 *)"), "numbered from SUN"),
        Slip("a rate", schedule("rate(1 day)"), "rate is due each so often"),
    ],
    "report_starts_the_function": [
        Slip("forgotten", no_targets(REPORT), "no targets", "put_targets names a function by its ARN"),
    ],
}
