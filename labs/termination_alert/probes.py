"""What the checks of termination_alert know its resources by, and how they hear of an instance of their own."""

import json
import re
import secrets
from contextlib import contextmanager

from lab_harness.authors import (
    Failure,
    customers,
    event_patterns,
    event_rules,
    eventually,
    owe,
    policies,
    queues,
    remember,
    topics,
)

INSTANCE, TOPIC, RULE = "termination-alert", "myEmailNotification", "EC2StateChange"
SOURCE, DETAIL_TYPE = "aws.ec2", "EC2 Instance State-change Notification"
EVENTBRIDGE, PUBLISH = "events.amazonaws.com", "sns:Publish"
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
ALIVE = ("pending", "running", "stopping", "stopped")
# What else comes over a default bus: AWS's own events, and those of programs
SOURCES = ("aws.autoscaling", "aws.ec2spot", "aws.ecs", "aws.health", "aws.s3", "ec2", "pet-shop", "pet-shop.ec2")
DETAIL_TYPES = (
    "EC2 Instance Launch Successful", "EC2 Instance Terminate Successful", "EC2 Spot Instance Interruption Warning",
    "EC2 Instance Rebalance Recommendation", "AWS API Call via CloudTrail", "order placed",
)  # fmt: skip
NOT_YET = "terminate_instances ends an instance; section 5 says what to do if no mail comes."
TOO_SOON = (
    "It ended before all was ready, so nothing comes of it: launch another, put its id into the rule's pattern, and "
    "end that one; section 5 says what else to look at."
)
SHORTLY = 8  # seconds until an event has become a message


def named_instances(ec2):
    """The state of each instance with the tag, by id."""
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "tag:Name", "Values": [INSTANCE]}])
    found = [each for page in pages for reservation in page["Reservations"] for each in reservation["Instances"]]
    return {each["InstanceId"]: each["State"]["Name"] for each in found}


def instance_ids(ec2, events, inbox):
    """The instances the lab can be about: those with the tag that live, and those that the rule names.

    A terminated instance is forgotten after a while, by AWS after about an hour; then a mail must tell of it.
    """
    states, named = named_instances(ec2), named_by_rule(events)
    known = {each for each in named if each in states or any(tells(mail, each, rewritten=True) for mail in inbox())}
    return list(known | {instance for instance, state in states.items() if state in ALIVE})


def matched_instances(ec2, events, inbox):
    return [each for each in instance_ids(ec2, events, inbox) if matches(events, termination(each))]


def other_tags(ec2):
    """That there is no instance with the tag, and which tags those have that live."""
    pages = ec2.get_paginator("describe_instances").paginate()
    found = [each for page in pages for reservation in page["Reservations"] for each in reservation["Instances"]]
    tags = [
        f"{each['InstanceId']} has {tag['Key']} = {tag['Value']}"
        for each in found
        if each["State"]["Name"] in ALIVE
        for tag in each.get("Tags", [])
    ]
    return "; ".join(["no instance with that tag", *tags[:3]])


def about_rule(rules, name, part):
    """What to do about the rule of this name that is there, and disabled or without this part; "" where none is."""
    for rule in rules:
        if rule["Name"] == name and not rule.get(part):
            return f"{name} is there, without {part}: put_rule with it makes it anew."
        if rule["Name"] == name:
            return f"{name} is there, and disabled: leave State out where your cell calls put_rule."
    return ""


def about_schedule(expression):
    """What to do about an expression that is not due when it should be."""
    if expression.startswith("rate("):
        return "rate is due each so often, from when it was made; cron is due at times of the day. Section 7 shows it."
    fields = expression.partition("(")[2].rstrip(")").split()
    if len(fields) == 6 and re.search(r"\d", fields[4]):
        return (
            "Days of the week are numbered from SUN, which is 1, to SAT, which is 7; their names are harder to mistake."
        )
    return "Section 7 names the six fields in their order, minutes first, and which of them must be ?."


def termination(instance, state="terminated"):
    """The event that EC2 sends about an instance."""
    return {
        "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": DETAIL_TYPE, "source": SOURCE,
        "account": "000000000000", "time": "2026-11-11T21:29:54Z", "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1:000000000000:instance/{instance}"],
        "detail": {"instance-id": instance, "state": state},
    }  # fmt: skip


def order_placed(quantity):
    """The event that the pet shop sends of an order."""
    detail = {"orderId": customers.some_id("o-", ()), "pet": customers.pet(), "customer": customers.name()}
    event = termination("i-0", "none") | {"source": "pet-shop", "detail-type": "order placed", "resources": []}
    return event | {"detail": detail | {"quantity": quantity}}


def rule_pattern(events):
    return event_rules.pattern(events, RULE)


def matches(events, event):
    return event_rules.matches(events, rule_pattern(events), event)


def topic_arn(sns):
    return topics.arn(sns, TOPIC)


def subscriptions(sns):
    return topics.subscriptions(sns, TOPIC)


def addresses(sns):
    """Who gets the topic's mails. A subscription has no ARN until it is confirmed."""
    confirmed = [each for each in subscriptions(sns) if each["SubscriptionArn"].startswith("arn:")]
    return {each["Endpoint"] for each in confirmed if each["Protocol"] in ("email", "email-json")}


def topic_targets(events, sns):
    return [target for target in event_rules.targets(events, RULE) if target["Arn"] == topic_arn(sns)]


def kept_out(grants, topic, roles):
    """The sentence that says what keeps EventBridge from publishing: the target's role, if it has one, or a policy."""
    if any(roles):
        return f"With a RoleArn EventBridge acts by that role: it must trust {EVENTBRIDGE} and allow {PUBLISH}."
    return policies.kept_out_by(grants, EVENTBRIDGE, PUBLISH, topic)


def role_allows(iam, role, target, action=PUBLISH):
    roles = [each for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]]
    trusted = any(each["RoleName"] == role and policies.trusts(each, EVENTBRIDGE) for each in roles)
    return trusted and policies.allowed(policies.role_statements(iam, role), action, target)


def tells(mail, instance, rewritten):
    """Whether a mail tells of the instance's termination; one that the target rewrote only has to name it.

    Where it is known who published it, and from which event, that was EventBridge, for this rule and of this event.
    """
    happened = (SOURCE, {"instance-id": instance, "state": "terminated"})
    if mail.by and (mail.by != f"events {RULE}" or (mail.event["source"], mail.event["detail"]) != happened):
        return False
    try:
        event = json.loads(mail.text)
        event = json.loads(event["Message"]) if "TopicArn" in event else event
        return (event["source"], event["detail"]) == happened
    except (ValueError, TypeError, KeyError):
        return rewritten and instance in mail.text


def other_events(events, instance):
    """Events that the rule must not match, by what is otherwise in them."""
    ended = termination(instance)
    sources, types = (*SOURCES, some_source()), (*DETAIL_TYPES, f"EC2 {customers.pet()} State-change Notification")
    return (
        {f"the state {state}": termination(instance, state) for state in (*ALIVE, "shutting-down")}
        | {f"another instance, {each}": termination(each) for each in other_instances(events, instance)}
        | {f"another source, {each}": ended | {"source": each} for each in sources}
        | {f"another detail-type, {each}": ended | {"detail-type": each} for each in (*types, customers.full_name())}
    )


def some_source():
    """A source of events such as programs have."""
    return f"{customers.chance.choice(('com', 'org', 'shop'))}.{customers.resource_name()}"


def other_instances(events, instance):
    """Ids of other instances: some that nobody has, and all that the rule's pattern names."""
    return {f"i-0{secrets.token_hex(half)}" for half in (8, 4)} | set(named_by_rule(events)) - {instance}


def named_by_rule(events):
    return re.findall(r"\bi-[0-9a-f]{8,17}\b", rule_pattern(events))


def shortest(findings):
    """Each kind of finding once: what stands before the comma says which kind."""
    kinds = {}
    for finding in findings:
        kinds.setdefault(finding.partition(",")[0], finding)
    return ", ".join(sorted(kinds.values()))


@contextmanager
def probe_instance(ec2, name):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    launch = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "TagSpecifications": tags}
    owed = owe("AWS::EC2::Instance", name)
    instance = remember(ec2.run_instances(**launch)["Instances"][0]["InstanceId"])
    try:
        yield instance
    finally:
        owed.take_away(ec2.terminate_instances, InstanceIds=[instance])


@contextmanager
def probe_queue(events, sns, sqs):
    """A queue for what comes to the bus and to the topic: a source of events for it, and how to read it."""
    source = some_source()
    pattern = {"source": [SOURCE, source], "detail-type": [DETAIL_TYPE]}
    with (
        queues.probe_queue(sqs) as queue,
        event_rules.probe_rule(events, pattern, queue.arn),
        topics.probe_subscription(sns, TOPIC, queue.arn),
    ):
        yield source, queue.objects


def expect_event(hear, source, detail):
    def look():
        if not any((each.get("source"), each.get("detail")) == (source, detail) for each in hear()):
            raise Failure(
                expected=f"the probe's event {json.dumps(detail)} from {source} on the default bus",
                found="no such event",
                next_step="On LocalStack EC2's events come from a relay; docker compose starts it.",
            )

    eventually(look, within=SHORTLY)


def differences(pattern, event):
    """What a pattern asks for and an event has not, a phrase each."""
    ways = event_patterns.compare(pattern, event).ways
    fields = [field for way in ways for field in way if not field.matched]
    return [f"{each.path} asks for {each.asked}, the event has {each.found}" for each in fields]
