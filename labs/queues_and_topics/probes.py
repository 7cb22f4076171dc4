"""What the checks of queues_and_topics read of topics, subscriptions and alarms, and the events that they publish."""

import json
from contextlib import contextmanager

from lab_harness.authors import Failure, customers, eventually, owe, policies, queues, topics

TOPIC, BILLING, SHELTER = "pet-events", "billing", "shelter"
SNS, SEND = "sns.amazonaws.com", "sqs:SendMessage"
SOLD, CATS_AND_DOGS, IN_BODY = "sold", ("cat", "dog"), "MessageBody"
SHORTLY = 5  # seconds until what was published has come, on a busy machine


def subscription(sns, sqs, queue):
    """The attributes of the topic's subscription of this queue; None where it has none."""
    wanted = queues.arn(sqs, queue)
    for each in topics.subscriptions(sns, TOPIC):
        if each["Endpoint"] == wanted and each["SubscriptionArn"].startswith("arn:"):
            return sns.get_subscription_attributes(SubscriptionArn=each["SubscriptionArn"])["Attributes"]
    return None


def kept_out(sns, sqs, queue):
    """What is wrong with who may send to a queue, and what to do about it; None where it is right."""
    policy, topic, resource = (
        queues.attributes(sqs, queue).get("Policy", ""),
        topics.arn(sns, TOPIC),
        queues.arn(sqs, queue),
    )
    if not policies.permits(policy, SNS, SEND, resource, topic):
        why = policies.kept_out_by(policies.grants(policy), SNS, SEND, resource)
        return policy or "no policy", f"{why} Section 1 shows such a policy."
    other = policies.arn("sns", customers.resource_name())
    if policies.open_actions(policy) or policies.permits(policy, SNS, SEND, resource, other):
        return policy, "It lets other topics in, too: a Condition on aws:SourceArn names the one that may send."
    return None


def event(pet, /, kind=None, name=None, **attributes):
    """An event as the notebook publishes them: the arguments of publish. `attributes` are further ones."""
    texts = attributes | ({"kind": kind} if kind else {})
    return {
        "Message": json.dumps({"pet": pet, "name": name or customers.name()}),
        "MessageAttributes": {key: {"DataType": "String", "StringValue": each} for key, each in texts.items()},
    }


def different_names(count):
    """So many names, so that no two events have the same body."""
    names = set()
    while len(names) < count:
        names.add(customers.name())
    return customers.shuffled(names)


def other_kind():
    return customers.chance.choice(("returned", "fed", "washed", "Sold", "unsold", "sold out"))


def other_pet():
    return customers.chance.choice(("snail", "parrot", "hamster", "catfish", "hotdog", "Cat"))


def sales():
    """Events for billing, and others."""
    ours, other = customers.chance.choice(CATS_AND_DOGS), other_pet()
    names = different_names(5)
    return (
        [event(ours, SOLD, names[0]), event(other, SOLD, names[1])],
        [
            event(ours, other_kind(), names[2]),
            event(other, None, names[3]),
            event(ours, other_kind(), names[4], reason=SOLD),
        ],
    )


def of_cats_and_dogs():
    """Events for the shelter, and others."""
    names = different_names(4)
    return (
        [event("cat", SOLD, names[0]), event("dog", other_kind(), names[1])],
        [event(other_pet(), SOLD, names[2]), event(other_pet(), other_kind(), names[3], pet="cat")],
    )


@contextmanager
def copied_subscription(sns, sqs, attributes):
    """A topic of the check's own with one queue, which gets what this subscription would let through."""
    owed = owe("AWS::SNS::Topic", customers.resource_name())
    topic = sns.create_topic(Name=owed.name)["TopicArn"]
    given = {
        name: attributes[name]
        for name in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")
        if attributes.get(name)
    }
    try:
        with queues.probe_queue(sqs) as queue:
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=given)
            yield topic, queue
    finally:
        owed.take_away(sns.delete_topic, TopicArn=topic)


def about_billing(policy, scope):
    """What to do about a filter policy of billing's that is not right."""
    if not policy:
        return "Without a FilterPolicy a subscription gets all: billing asks for one value of the attribute kind."
    if scope == IN_BODY:
        return "kind is an attribute of the message: leave FilterPolicyScope out, which then looks at the attributes."
    if "kind" not in policy:
        return "billing asks for one value of the attribute kind; name it, letter by letter, in the FilterPolicy."
    return "Compare with what is published: kind is to have one value, letter by letter, and no other."


def about_shelter(policy, scope):
    """What to do about a filter policy of shelter's that is not right."""
    if not policy:
        return "Without a FilterPolicy a subscription gets all: shelter asks for two values of pet, in the body."
    if scope != IN_BODY:
        return f"pet stands in the body, so FilterPolicyScope is {IN_BODY}; without it the attributes are looked at."
    if "pet" not in policy:
        return "shelter asks for two values of pet; name it, letter by letter, in the FilterPolicy."
    return "Compare with what is published: pet is to be one of two values, letter by letter, and of no others."


def expect_filter(sns, sqs, queue, wanted, others, advice):
    """The subscription of this queue lets the wanted events through, and none of the others.

    `advice` says what to do about a filter policy and its scope.
    """
    attributes = subscription(sns, sqs, queue)
    said = f"FilterPolicy {attributes.get('FilterPolicy') or 'none'}"
    said += f", FilterPolicyScope {attributes.get('FilterPolicyScope') or 'none, so MessageAttributes'}"
    next_step = advice(parsed(attributes.get("FilterPolicy")), attributes.get("FilterPolicyScope"))
    with copied_subscription(sns, sqs, attributes) as (topic, heard):
        for each in [*customers.shuffled(others), *customers.shuffled(wanted)]:
            sns.publish(TopicArn=topic, **each)

        def fail(what, events):
            raise Failure(
                expected=f"a subscription of {queue} that lets through what it is to get, and nothing else",
                found=f"{said}; {what}: {described(events[0])}",
                next_step=next_step,
                there=True,
            )

        def look():
            if missing := [each for each in wanted if not is_among(each, heard.hear())]:
                fail("kept out", missing)

        eventually(look, within=SHORTLY)
        if too_many := [each for each in others if is_among(each, heard.hear())]:
            fail("let through", too_many)


def is_among(each, bodies):
    """Whether a published event is among the bodies, raw or in SNS's envelope."""
    return any(each["Message"] in (body, enveloped(body)) for body in bodies)


def enveloped(body):
    try:
        return json.loads(body).get("Message")
    except (ValueError, AttributeError):
        return None


def described(each):
    texts = {name: value["StringValue"] for name, value in each["MessageAttributes"].items()}
    return f"the body {each['Message']} with the attributes {json.dumps(texts)}"


def parsed(text):
    """A policy that a learner wrote; an empty one where it is no JSON object."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def moves(sqs, queue):
    """The message move tasks of a dead-letter queue, newest first, without those of one that had its name before."""
    created = int(queues.attributes(sqs, queue)["CreatedTimestamp"]) * 1000  # tasks begin in milliseconds
    found = sqs.list_message_move_tasks(SourceArn=queues.arn(sqs, queue), MaxResults=10).get("Results", [])
    return [each for each in found if each.get("StartedTimestamp", created) >= created]


def outcome(move):
    """What became of a message move task."""
    moved = move.get("ApproximateNumberOfMessagesMoved", 0)
    return " ".join(filter(None, (move["Status"], move.get("FailureReason"), f"({moved} moved)")))


def alarms(cloudwatch):
    """All metric alarms, by name."""
    found = cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    return {each["AlarmName"]: each for page in found for each in page["MetricAlarms"]}


def wakes_at(alarm, count):
    """Whether an alarm breaches where its metric is so high."""
    limit = alarm.get("Threshold", 0)
    return {
        "GreaterThanOrEqualToThreshold": count >= limit,
        "GreaterThanThreshold": count > limit,
        "LessThanThreshold": count < limit,
        "LessThanOrEqualToThreshold": count <= limit,
    }.get(alarm.get("ComparisonOperator"), False)
