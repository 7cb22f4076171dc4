"""Checks for the lab termination_alert: one instance's termination, and no other event, becomes a mail."""

import json

from lab_harness.authors import (
    Failure,
    check,
    customers,
    event_rules,
    eventually,
    expect,
    functions,
    policies,
    queues,
    schedules,
    standard_checks,
)

from . import probes
from .probes import ALIVE, DETAIL_TYPE, EVENTBRIDGE, INSTANCE, PUBLISH, RULE, SOURCE, TOPIC, probe_instance, probe_queue

BUS, ORDERS, ORDERS_QUEUE, SEND = "pet-shop", "big-orders", "pet-shop-events", "sqs:SendMessage"
CLOCK, REPORT, WEEKENDS = "cron-job", "weekend-report", "cron(30 9 ? * SAT,SUN *)"


@check("The instance termination-alert was launched", task="instance")
def instance_was_launched(ec2, events, inbox):
    if not probes.instance_ids(ec2, events, inbox):
        known = [f"{instance}, {state}" for instance, state in probes.named_instances(ec2).items()]
        again = "One that has ended counts where the rule names it; launch another, and give its id to the rule. "
        raise Failure(
            expected=f"an instance with the tag Name = {INSTANCE}, alive or named by the rule",
            found="; ".join(known) or probes.other_tags(ec2),
            next_step=f"{again if known else ''}Section 1 shows run_instances, which takes TagSpecifications.",
            there=False,  # AWS tells of instances for a while after they have ended
        )


topic_exists = standard_checks.topic_exists(TOPIC, "Section 2 of the notebook shows create_topic.", task="topic")


@check("The topic mails to a confirmed subscriber", task="topic", needs=topic_exists)
def topic_mails(sns):
    if not probes.addresses(sns):
        known = [
            f"{each['Protocol']} to {each['Endpoint']}, {each['SubscriptionArn']}" for each in probes.subscriptions(sns)
        ]
        raise Failure(
            expected="a confirmed subscription with the protocol email",
            found=f"subscriptions: {'; '.join(known)}" if known else "no subscriptions",
            next_step="Section 2 names the call, and what confirms a subscription on AWS.",
            there=bool(known),
        )


@check("The rule EC2StateChange is on the default bus", task="rule")
def rule_exists(events):
    rules = [rule for page in events.get_paginator("list_rules").paginate() for rule in page["Rules"]]
    names = [rule["Name"] for rule in rules if rule.get("EventPattern")]
    next_step = event_rules.elsewhere(events, RULE) or "Section 3 of the notebook shows put_rule."
    known = any(rule["Name"] == RULE for rule in rules)
    expect.names("rules with a pattern on the default bus", [RULE], names, next_step, setting=known)


@check("The rule is enabled", task="rule", needs=rule_exists)
def rule_is_enabled(events):
    state = events.describe_rule(Name=RULE)["State"].partition("_WITH_")[0]  # CloudTrail's events may be added
    next_step = (
        "Leave State out where your cell calls put_rule, or make it ENABLED; enable_rule switches on what is off."
    )
    expect.value("the state", "ENABLED", state, next_step)


@check("The rule matches the instance's termination", task="rule", needs=(rule_exists, instance_was_launched))
def rule_matches_termination(ec2, events, inbox):
    if not probes.matched_instances(ec2, events, inbox):
        pattern, event = probes.rule_pattern(events), probes.termination(probes.instance_ids(ec2, events, inbox)[0])
        differs = probes.differences(json.loads(pattern), event)
        raise Failure(
            expected=f"a pattern that matches {SOURCE}'s event {DETAIL_TYPE} with {json.dumps(event['detail'])}",
            found="; ".join([f"the pattern {pattern}", *dict.fromkeys(differs)]),
            next_step="lab.match puts an event beside the rule's pattern and compares them field by field.",
        )


@check("The rule matches no other event", task="rule", needs=rule_matches_termination)
def rule_ignores_others(ec2, events, inbox):
    instance = probes.matched_instances(ec2, events, inbox)[0]
    others = probes.other_events(events, instance)
    if too_many := [what for what, event in customers.shuffled(others.items()) if probes.matches(events, event)]:
        raise Failure(
            expected="a pattern that nothing but this termination matches",
            found=f"the pattern {probes.rule_pattern(events)}, which also matches {probes.shortest(too_many)}",
            next_step="A field that a pattern does not name may hold anything; section 3 lists the four it must name.",
        )


@check("The rule's target is the topic", task="target", needs=(rule_exists, topic_exists))
def target_is_topic(events, sns):
    if not probes.topic_targets(events, sns):
        arns = [target["Arn"] for target in event_rules.targets(events, RULE)]
        raise Failure(
            expected=f"the target {probes.topic_arn(sns)}",
            found=f"targets: {', '.join(arns)}" if arns else "no targets",
            next_step="Section 4 shows put_targets; a target is named by its ARN.",
            there=bool(arns),
        )


@check("EventBridge may publish to the topic", task="target", needs=target_is_topic)
def eventbridge_may_publish(events, sns, iam):
    topic, rule = probes.topic_arn(sns), events.describe_rule(Name=RULE)["Arn"]
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("Policy", "{}")
    roles = [target.get("RoleArn", "").rpartition("/")[2] for target in probes.topic_targets(events, sns)]
    permitted = policies.permits(policy, EVENTBRIDGE, PUBLISH, topic, rule)
    found = "; ".join([f"the topic's policy {policy}", *(f"the target's role {role}" for role in roles if role)])
    if not any(probes.role_allows(iam, role, topic) if role else permitted for role in roles):
        why = probes.kept_out(policies.grants(policy), topic, roles)
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
    forged = {"instance-id": probes.matched_instances(ec2, events, inbox)[0], "state": "terminated"}
    with (
        probe_queue(events, sns, sqs) as (name, hear),
        probe_instance(ec2, customers.resource_name()) as probe,
    ):
        probes.expect_event(hear, SOURCE, {"instance-id": probe, "state": "running"})
        for state, change in (("stopped", ec2.stop_instances), ("terminated", ec2.terminate_instances)):
            change(InstanceIds=[probe])
            probes.expect_event(hear, SOURCE, {"instance-id": probe, "state": state})
        events.put_events(Entries=[{"Source": name, "DetailType": DETAIL_TYPE, "Detail": json.dumps(forged)}])
        probes.expect_event(hear, name, forged)
        rules = events.list_rule_names_by_target(TargetArn=probes.topic_arn(sns))["RuleNames"]
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
    instances, states = probes.matched_instances(ec2, events, inbox), probes.named_instances(ec2)
    ended = [instance for instance in instances if states.get(instance) not in ALIVE]
    rewritten = any({"InputTransformer", "InputPath"} & target.keys() for target in probes.topic_targets(events, sns))

    def look():
        mails = [mail for mail in inbox() if mail.to in probes.addresses(sns)]
        if not any(probes.tells(mail, instance, rewritten) for mail in mails for instance in ended):
            state = states.get(instances[0], "no longer listed")
            raise Failure(
                expected=f"the mail that {instances[0]} was terminated",
                found=f"the instance {state}; " + (f"the last mail {mails[-1].text}" if mails else "no mail"),
                next_step=probes.TOO_SOON if ended else probes.NOT_YET,
                there=bool(ended or mails),
            )

    eventually(look, within=probes.SHORTLY) if ended else look()


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
    next_step = probes.about_rule(rules, ORDERS, "EventPattern") or "put_rule wants EventBusName beside Name."
    known = any(rule["Name"] == ORDERS for rule in rules)
    expect.names(f"enabled rules with a pattern on {BUS}", [ORDERS], names, next_step, setting=known)


@check("It matches big orders, and no other event", task="orders", needs=orders_rule_exists)
def big_orders_match(events):
    pattern = events.describe_rule(Name=ORDERS, EventBusName=BUS)["EventPattern"]
    big, small = customers.chance.randint(11, 99), customers.chance.randint(1, 8)
    cases = [(probes.order_placed(quantity), quantity >= 10) for quantity in (10, big, 9, small)]
    cases += [(probes.order_placed(big) | {"source": probes.some_source()}, False)]
    cases += [(probes.order_placed(big) | {"detail-type": f"order {word}"}, False) for word in ("cancelled", "paid")]
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
    if not any(probes.role_allows(iam, role, queue, SEND) if role else permitted for role in roles):
        raise Failure(
            expected=f"a queue's policy that lets {EVENTBRIDGE} send to it for {rule}",
            found=f"the queue's policy {policy}",
            next_step="The first cell of section 6 sets this policy anew; it names the rule.",
        )


@check("The rule weekend-report is there, enabled", task="report", needs=clock_function_exists)
def report_rule_exists(events):
    rules = [rule for page in events.get_paginator("list_rules").paginate() for rule in page["Rules"]]
    names = [rule["Name"] for rule in rules if rule.get("ScheduleExpression") and rule["State"] == "ENABLED"]
    next_step = probes.about_rule(rules, REPORT, "ScheduleExpression") or "put_rule takes a ScheduleExpression."
    known = any(rule["Name"] == REPORT for rule in rules)
    expect.names("enabled rules with a schedule", [REPORT], names, next_step, setting=known)


@check("It is due at 9:30 on Saturdays and Sundays", task="report", needs=report_rule_exists)
def report_is_at_weekends(events):
    if schedules.due(found := events.describe_rule(Name=REPORT)["ScheduleExpression"]) != schedules.due(WEEKENDS):
        raise Failure(
            expected="a cron expression that is due at 9:30, each Saturday and each Sunday, and at no other time",
            found=found,
            next_step=probes.about_schedule(found),
        )


@check("It starts the function cron-job", task="report", needs=report_rule_exists)
def report_starts_the_function(events, lambda_):
    function, rule = functions.arn(lambda_, CLOCK), events.describe_rule(Name=REPORT)["Arn"]
    targets = [target["Arn"] for target in event_rules.targets(events, REPORT)]
    expect.names("targets", [function], targets, "put_targets names a function by its ARN.")
    next_step = "add_permission with the rule's ARN as SourceArn; the rule cron-job has one such statement, for itself."
    expect.invocation(lambda_, CLOCK, EVENTBRIDGE, [rule], f"rule/{REPORT}", next_step)
