"""Checks for the lab termination_alert: one instance's termination, and no other event, becomes a mail."""

import json
import re
import secrets
from contextlib import contextmanager

from lab_harness.authors import (
    Failure,
    check,
    customers,
    event_patterns,
    event_rules,
    eventually,
    expect,
    functions,
    owe,
    policies,
    queues,
    remember,
    schedules,
    standard_checks,
    topics,
)

INSTANCE, TOPIC, RULE = "termination-alert", "myEmailNotification", "EC2StateChange"
SOURCE, DETAIL_TYPE = "aws.ec2", "EC2 Instance State-change Notification"
EVENTBRIDGE, PUBLISH, SEND = "events.amazonaws.com", "sns:Publish", "sqs:SendMessage"
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
# What else comes over a default bus: AWS's own events, and those of programs
SOURCES = ("aws.autoscaling", "aws.ec2spot", "aws.ecs", "aws.health", "aws.s3", "ec2", "pet-shop", "pet-shop.ec2")
DETAIL_TYPES = (
    "EC2 Instance Launch Successful", "EC2 Instance Terminate Successful", "EC2 Spot Instance Interruption Warning",
    "EC2 Instance Rebalance Recommendation", "AWS API Call via CloudTrail", "order placed",
)  # fmt: skip
BUS, ORDERS, ORDERS_QUEUE = "pet-shop", "big-orders", "pet-shop-events"
CLOCK, REPORT, WEEKENDS = "cron-job", "weekend-report", "cron(30 9 ? * SAT,SUN *)"
ALIVE = ("pending", "running", "stopping", "stopped")
SHORTLY = 8  # seconds until an event has become a message


@check("The instance termination-alert was launched", task="instance")
def instance_was_launched(ec2, events, inbox):
    if not instance_ids(ec2, events, inbox):
        known = [f"{instance}, {state}" for instance, state in named_instances(ec2).items()]
        again = "One that has ended counts where the rule names it; launch another, and give its id to the rule. "
        raise Failure(
            expected=f"an instance with the tag Name = {INSTANCE}, alive or named by the rule",
            found="; ".join(known) or "no instance with that tag",
            next_step=f"{again if known else ''}Section 1 shows run_instances, which takes TagSpecifications.",
        )


@check("The topic myEmailNotification exists", task="topic")
def topic_exists(sns):
    expect.topic(sns, TOPIC, "Section 2 of the notebook shows create_topic.")


@check("The topic mails to a confirmed subscriber", task="topic", needs=topic_exists)
def topic_mails(sns):
    if not addresses(sns):
        known = [f"{each['Protocol']} to {each['Endpoint']}, {each['SubscriptionArn']}" for each in subscriptions(sns)]
        raise Failure(
            expected="a confirmed subscription with the protocol email",
            found=f"subscriptions: {'; '.join(known)}" if known else "no subscriptions",
            next_step="Section 2 names the call, and what confirms a subscription on AWS.",
        )


@check("The rule EC2StateChange is on the default bus", task="rule")
def rule_exists(events):
    rules = [rule for page in events.get_paginator("list_rules").paginate() for rule in page["Rules"]]
    names = [rule["Name"] for rule in rules if rule.get("EventPattern")]
    expect.names("rules with a pattern on the default bus", [RULE], names, "Section 3 of the notebook shows put_rule.")


@check("The rule is enabled", task="rule", needs=rule_exists)
def rule_is_enabled(events):
    state = events.describe_rule(Name=RULE)["State"].partition("_WITH_")[0]  # CloudTrail's events may be added
    expect.value("the state", "ENABLED", state, "enable_rule switches a rule on.")


@check("The rule matches the instance's termination", task="rule", needs=(rule_exists, instance_was_launched))
def rule_matches_termination(ec2, events, inbox):
    if not matched_instances(ec2, events, inbox):
        pattern, event = rule_pattern(events), termination(instance_ids(ec2, events, inbox)[0])
        fields = [
            field
            for way in event_patterns.compare(json.loads(pattern), event).ways
            for field in way
            if not field.matched
        ]
        differs = [f"{each.path} asks for {each.asked}, the event has {each.found}" for each in fields]
        raise Failure(
            expected=f"a pattern that matches {SOURCE}'s event {DETAIL_TYPE} with {json.dumps(event['detail'])}",
            found="; ".join([f"the pattern {pattern}", *dict.fromkeys(differs)]),
            next_step="lab.match puts an event beside the rule's pattern and compares them field by field.",
        )


@check("The rule matches no other event", task="rule", needs=rule_matches_termination)
def rule_ignores_others(ec2, events, inbox):
    instance = matched_instances(ec2, events, inbox)[0]
    others = (
        {f"the state {state}": termination(instance, state) for state in (*ALIVE, "shutting-down")}
        | {f"another instance, {each}": termination(each) for each in other_instances(events, instance)}
        | {f"another source, {each}": termination(instance) | {"source": each} for each in (*SOURCES, some_source())}
        | {
            f"another detail-type, {each}": termination(instance) | {"detail-type": each}
            for each in (*DETAIL_TYPES, f"EC2 {customers.pet()} State-change Notification", customers.full_name())
        }
    )
    if too_many := [what for what, event in customers.shuffled(others.items()) if matches(events, event)]:
        raise Failure(
            expected="a pattern that nothing but this termination matches",
            found=f"the pattern {rule_pattern(events)}, which also matches {', '.join(shortest(too_many))}",
            next_step="A field that a pattern does not name may hold anything; section 3 lists the four it must name.",
        )


@check("The rule's target is the topic", task="target", needs=(rule_exists, topic_exists))
def target_is_topic(events, sns):
    if not topic_targets(events, sns):
        arns = [target["Arn"] for target in event_rules.targets(events, RULE)]
        raise Failure(
            expected=f"the target {topic_arn(sns)}",
            found=f"targets: {', '.join(arns)}" if arns else "no targets",
            next_step="Section 4 shows put_targets; a target is named by its ARN.",
        )


@check("EventBridge may publish to the topic", task="target", needs=target_is_topic)
def eventbridge_may_publish(events, sns, iam):
    topic, rule = topic_arn(sns), events.describe_rule(Name=RULE)["Arn"]
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("Policy", "{}")
    roles = [target.get("RoleArn", "").rpartition("/")[2] for target in topic_targets(events, sns)]
    permitted = policies.permits(policy, EVENTBRIDGE, PUBLISH, topic, rule)
    found = "; ".join([f"the topic's policy {policy}", *(f"the target's role {role}" for role in roles if role)])
    if not any(role_allows(iam, role, topic) if role else permitted for role in roles):
        why = policies.kept_out_by(policies.grants(policy), EVENTBRIDGE, PUBLISH, topic)
        raise Failure(
            expected=f"a policy that allows {EVENTBRIDGE} the action {PUBLISH} on {topic}",
            found=found,
            next_step=f"{why} Section 4 shows such a policy for a queue; set_topic_attributes sets a topic's.",
        )
    if too_much := policies.open_actions(policy):
        raise Failure(
            expected=f"a topic's policy for {EVENTBRIDGE}, and not for everybody",
            found=f"{', '.join(too_much)} for everybody; {found}",
            next_step='The Principal "*" is the whole world; a Principal such as {"Service": …} is one service.',
        )


@check("No other event reaches the topic", task="target", needs=(target_is_topic, rule_ignores_others))
def others_stay_silent(ec2, events, sns, sqs, inbox):
    forged = {"instance-id": matched_instances(ec2, events, inbox)[0], "state": "terminated"}
    with probe_queue(events, sns, sqs) as (name, hear), probe_instance(ec2, customers.resource_name()) as probe:
        expect_event(hear, SOURCE, {"instance-id": probe, "state": "running"})
        for state, change in (("stopped", ec2.stop_instances), ("terminated", ec2.terminate_instances)):
            change(InstanceIds=[probe])
            expect_event(hear, SOURCE, {"instance-id": probe, "state": state})
        events.put_events(Entries=[{"Source": name, "DetailType": DETAIL_TYPE, "Detail": json.dumps(forged)}])
        expect_event(hear, name, forged)
        rules = events.list_rule_names_by_target(TargetArn=topic_arn(sns))["RuleNames"]
        texts = [message["Message"] for message in hear(wait=1) if "TopicArn" in message]
    if published := [text for text in texts if probe in text or name in text]:
        raise Failure(
            expected=f"no message to {TOPIC} about another instance or from another source",
            found=f"{published[0]}; rules that send to the topic: {', '.join(rules)}",
            next_step="Look at the pattern of each rule that has the topic as its target.",
        )


@check("The termination was mailed", task="terminate",
       needs=(rule_is_enabled, rule_ignores_others, eventbridge_may_publish, topic_mails))  # fmt: skip
def mail_arrived(ec2, events, sns, inbox):
    instances, states = matched_instances(ec2, events, inbox), named_instances(ec2)
    ended = [instance for instance in instances if states.get(instance) not in ALIVE]
    rewritten = any({"InputTransformer", "InputPath"} & target.keys() for target in topic_targets(events, sns))

    def look():
        mails = [mail for mail in inbox() if mail.to in addresses(sns)]
        if not any(tells(mail, instance, rewritten) for mail in mails for instance in ended):
            state = states.get(instances[0], "no longer listed")
            raise Failure(
                expected=f"the mail that {instances[0]} was terminated",
                found=f"the instance {state}; " + (f"the last mail {mails[-1].text}" if mails else "no mail"),
                next_step="terminate_instances ends an instance; section 5 says what to do if no mail comes.",
            )

    eventually(look, within=SHORTLY) if ended else look()


clock_function_exists = standard_checks.function_exists(CLOCK, "A cell before section 5 creates it.", task="clock")


@check("The bus pet-shop and its queue exist", task="bus")
def bus_and_queue_exist(events, sqs):
    buses = [bus["Name"] for bus in events.list_event_buses(NamePrefix=BUS)["EventBuses"]]
    expect.names("event buses", [BUS], buses, "The first cell of section 6 creates it.")
    expect.queue(sqs, ORDERS_QUEUE, "The first cell of section 6 creates it.")


@check("The rule big-orders is on the bus pet-shop, enabled", task="orders", needs=bus_and_queue_exist)
def orders_rule_exists(events):
    rules = [rule for page in events.get_paginator("list_rules").paginate(EventBusName=BUS) for rule in page["Rules"]]
    names = [rule["Name"] for rule in rules if rule.get("EventPattern") and rule["State"].startswith("ENABLED")]
    expect.names(f"enabled rules with a pattern on {BUS}", [ORDERS], names, "put_rule wants EventBusName beside Name.")


@check("It matches big orders, and no other event", task="orders", needs=orders_rule_exists)
def big_orders_match(events):
    pattern = events.describe_rule(Name=ORDERS, EventBusName=BUS)["EventPattern"]
    big, small = customers.chance.randint(11, 99), customers.chance.randint(1, 8)
    cases = [(order_placed(quantity), quantity >= 10) for quantity in (10, big, 9, small)]
    cases += [(order_placed(big) | {"source": some_source()}, False)]
    cases += [(order_placed(big) | {"detail-type": f"order {word}"}, False) for word in ("cancelled", "paid")]
    for event, wanted in customers.shuffled(cases):
        if event_rules.matches(events, pattern, event) != wanted:
            told = {name: event[name] for name in ("source", "detail-type", "detail")}
            raise Failure(
                expected=f"a pattern that {'matches' if wanted else 'does not match'} {json.dumps(told)}",
                found=f"the pattern {pattern}",
                next_step="lab.match, with bus=, puts an event beside a rule's pattern; section 6 shows the event.",
            )


@check("EventBridge sends them to the queue", task="orders", needs=orders_rule_exists)
def orders_reach_the_queue(events, sqs, iam):
    queue, rule = queues.arn(sqs, ORDERS_QUEUE), events.describe_rule(Name=ORDERS, EventBusName=BUS)["Arn"]
    found = events.list_targets_by_rule(Rule=ORDERS, EventBusName=BUS)["Targets"]
    expect.names("targets", [queue], [target["Arn"] for target in found], "put_targets wants EventBusName, too.")
    roles = [target.get("RoleArn", "").rpartition("/")[2] for target in found if target["Arn"] == queue]
    policy = queues.attributes(sqs, ORDERS_QUEUE).get("Policy", "{}")
    permitted = policies.permits(policy, EVENTBRIDGE, SEND, queue, rule)
    if not any(role_allows(iam, role, queue, SEND) if role else permitted for role in roles):
        raise Failure(
            expected=f"a queue's policy that lets {EVENTBRIDGE} send to it for {rule}",
            found=f"the queue's policy {policy}",
            next_step="The first cell of section 6 sets this policy anew; it names the rule.",
        )


@check("The rule weekend-report is there, enabled", task="report", needs=clock_function_exists)
def report_rule_exists(events):
    rules = [rule for page in events.get_paginator("list_rules").paginate() for rule in page["Rules"]]
    names = [rule["Name"] for rule in rules if rule.get("ScheduleExpression") and rule["State"] == "ENABLED"]
    expect.names("enabled rules with a schedule", [REPORT], names, "put_rule takes a ScheduleExpression.")


@check("It is due at 9:30 on Saturdays and Sundays", task="report", needs=report_rule_exists)
def report_is_at_weekends(events):
    found = events.describe_rule(Name=REPORT)["ScheduleExpression"]
    if schedules.due(found) != schedules.due(WEEKENDS):
        raise Failure(
            expected="a cron expression that is due at 9:30, each Saturday and each Sunday, and at no other time",
            found=found,
            next_step="Section 7 names the six fields in their order, and which of them must be ?.",
        )


@check("It starts the function cron-job", task="report", needs=report_rule_exists)
def report_starts_the_function(events, lambda_):
    function, rule = functions.arn(lambda_, CLOCK), events.describe_rule(Name=REPORT)["Arn"]
    arns = [target["Arn"] for target in event_rules.targets(events, REPORT)]
    expect.names("targets", [function], arns, "put_targets names a function by its ARN.")
    next_step = "add_permission with the rule's ARN as SourceArn; the rule cron-job has one such statement, for itself."
    expect.invocation(lambda_, CLOCK, EVENTBRIDGE, [rule], f"rule/{REPORT}", next_step)


def order_placed(quantity):
    """The event that the pet shop sends of an order."""
    detail = {"orderId": customers.some_id("o-", ()), "pet": customers.pet(), "customer": customers.name()}
    event = termination("i-0", "none") | {"source": BUS, "detail-type": "order placed", "resources": []}
    return event | {"detail": detail | {"quantity": quantity}}


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


def termination(instance, state="terminated"):
    """The event that EC2 sends about an instance."""
    return {
        "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": DETAIL_TYPE, "source": SOURCE,
        "account": "000000000000", "time": "2026-11-11T21:29:54Z", "region": "us-east-1",
        "resources": [f"arn:aws:ec2:us-east-1:000000000000:instance/{instance}"],
        "detail": {"instance-id": instance, "state": state},
    }  # fmt: skip


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
    return sorted(kinds.values())


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
        yield source, lambda wait=0: [json.loads(body) for body in queue.hear(wait)]


def expect_event(hear, source, detail):
    def look():
        if not any((each.get("source"), each.get("detail")) == (source, detail) for each in hear()):
            raise Failure(
                expected=f"the probe's event {json.dumps(detail)} from {source} on the default bus",
                found="no such event",
                next_step="On LocalStack EC2's events come from a relay; docker compose starts it.",
            )

    eventually(look, within=SHORTLY)
