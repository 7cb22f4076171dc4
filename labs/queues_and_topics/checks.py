"""Checks for the lab queues_and_topics: who gets an event, in which order, and what becomes of one that fails."""

from lab_harness.authors import Failure, check, expect, next_steps, queues, standard_checks, topics

from . import probes
from .probes import BILLING, SHELTER, TOPIC

FIFO, DEAD, MAX_RECEIVES = "adoptions.fifo", "shelter-dlq", 3
ALARM, MAILS, METRIC, LIMIT = "billing-grows", "queue-alarms", "ApproximateNumberOfMessagesVisible", 10
ONE_VALUE = ("Average", "Maximum", "Minimum", "Sum")  # one measurement a minute: each of these is its value


topic_exists = standard_checks.topic_exists(TOPIC, "Section 1 of the notebook names create_topic.", task="fan_out")


@check("The queues billing and shelter exist", task="fan_out")
def queues_exist(sqs):
    expect.exists(sqs, "queues", [BILLING, SHELTER], "Section 1 of the notebook names create_queue.")


@check("The topic may send to both, and no other topic", task="fan_out", needs=(topic_exists, queues_exist))
def topic_may_send(sns, sqs):
    for queue in (BILLING, SHELTER):
        if problem := probes.kept_out(sns, sqs, queue):
            found, next_step = problem
            raise Failure(
                expected=f"a policy of {queue} that lets {probes.SNS} send for {topics.arn(sns, TOPIC)} alone",
                found=found,
                next_step=next_step,
            )


@check("Both queues are subscribed, raw", task="fan_out", needs=(topic_exists, queues_exist))
def queues_are_subscribed(sns, sqs):
    known = [f"{each['Protocol']} to {each['Endpoint']}" for each in topics.subscriptions(sns, TOPIC)]
    for queue in (BILLING, SHELTER):
        attributes = probes.subscription(sns, sqs, queue)
        if attributes is None:
            raise Failure(
                expected=f"a subscription of {TOPIC} with the protocol sqs and the endpoint {queues.arn(sqs, queue)}",
                found=f"subscriptions: {'; '.join(known)}" if known else "no subscriptions",
                next_step="Section 1 names subscribe; the endpoint of a queue is its ARN.",
            )
        raw = attributes.get("RawMessageDelivery", "false")
        how = next_steps.change("RawMessageDelivery", "subscribe")
        expect.value(f"RawMessageDelivery of the subscription of {queue}:", "true", raw, how)


@check("What is sold reaches billing, and nothing else", task="fan_out", needs=queues_are_subscribed)
def billing_gets_sales(sns, sqs):
    probes.expect_filter(sns, sqs, BILLING, *probes.sales(), probes.about_billing)


@check("Cats and dogs reach shelter, and nothing else", task="fan_out", needs=queues_are_subscribed)
def shelter_gets_cats_and_dogs(sns, sqs):
    probes.expect_filter(sns, sqs, SHELTER, *probes.of_cats_and_dogs(), probes.about_shelter)


fifo_queue_exists = standard_checks.queue_exists(
    FIFO, "Section 3 of the notebook shows a FIFO queue; its name ends in .fifo.", task="fifo"
)


@check("The same body is taken once, without an id", task="fifo", needs=fifo_queue_exists)
def repeats_are_left_out(sqs):
    expect.queue_attribute(sqs, FIFO, "ContentBasedDeduplication", "true")


@check("Each pet has repeats of its own", task="fifo", needs=fifo_queue_exists)
def each_pet_has_its_own_repeats(sqs):
    expect.queue_attribute(sqs, FIFO, "DeduplicationScope", "messageGroup")


dead_letter_queue_exists = standard_checks.queue_exists(
    DEAD, "Section 4 of the notebook says what it is for; it is a queue like any other.", task="dead_letters"
)


@check(
    "shelter sends there what was received 3 times", task="dead_letters", needs=(queues_exist, dead_letter_queue_exists)
)
def shelter_redrives(sqs):
    found = queues.attributes(sqs, SHELTER).get("RedrivePolicy", "")
    policy, wanted = probes.parsed(found), queues.arn(sqs, DEAD)
    receives = str(policy.get("maxReceiveCount"))
    if policy.get("deadLetterTargetArn") != wanted or receives != str(MAX_RECEIVES):
        swapped = "RedrivePolicy" in queues.attributes(sqs, DEAD)
        raise Failure(
            expected=f"a RedrivePolicy of {SHELTER} to {wanted} after {MAX_RECEIVES} receives",
            found=f"RedrivePolicy {found}" if found else "no RedrivePolicy",
            next_step=f"{DEAD} has one: it belongs to {SHELTER}, the queue whose messages it takes away."
            if swapped
            else "Section 4 asks for it: the ARN of shelter-dlq, and after how many receives, in one RedrivePolicy.",
        )


@check(
    "shelter-dlq serves shelter and no other queue", task="dead_letters", needs=(queues_exist, dead_letter_queue_exists)
)
def shelter_alone_may_use_it(sqs):
    found = queues.attributes(sqs, DEAD).get("RedriveAllowPolicy", "")
    policy, wanted = probes.parsed(found), [queues.arn(sqs, SHELTER)]
    if policy.get("redrivePermission") != "byQueue" or policy.get("sourceQueueArns") != wanted:
        raise Failure(
            expected=f"a RedriveAllowPolicy of {DEAD} by queue, for {wanted[0]} alone",
            found=f"RedriveAllowPolicy {found}" if found else "no RedriveAllowPolicy, so every queue may use it",
            next_step="Section 4 shows a RedriveAllowPolicy; it is an attribute of the dead-letter queue.",
        )


@check("What failed has gone back to shelter", task="move", needs=(shelter_redrives, shelter_alone_may_use_it))
def messages_went_back(sqs):
    tasks = probes.moves(sqs, DEAD)
    left = queues.counts(sqs, queues.url(sqs, DEAD))["visible"]
    done = [each for each in tasks if each["Status"] == "COMPLETED"]
    moved = any(each.get("ApproximateNumberOfMessagesMoved") for each in done)
    if not moved or left:
        raise Failure(
            expected=f"a message move task from {DEAD} that is COMPLETED and moved a message, and none left there",
            found=f"tasks, newest first: {', '.join(map(probes.outcome, tasks)) or 'none'}; "
            f"{queues.described(sqs, DEAD)}",
            next_step="There was nothing to move yet: what shelter hands out three times without success is set aside; "
            "section 4 has a consumer that fails."
            if done and not moved and not left
            else "Section 5 names start_message_move_task; a message that nobody can handle yet comes back.",
            there=bool(tasks),
        )


@check("The alarm billing-grows exists", task="alarm")
def alarm_exists(cloudwatch):
    expect.names("alarms", [ALARM], list(probes.alarms(cloudwatch)), "Section 6 names put_metric_alarm.")


@check("It goes off at 10 or more messages in billing", task="alarm", needs=alarm_exists)
def alarm_watches_billing(cloudwatch):
    alarm = probes.alarms(cloudwatch)[ALARM]
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    watched = (alarm.get("Namespace"), alarm.get("MetricName"), dimensions)
    next_step = "Section 6 names the metric, and the dimension that says of which queue."
    expect.value("the alarm's metric:", ("AWS/SQS", METRIC, {"QueueName": BILLING}), watched, next_step)
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    periods = (alarm.get("Period"), alarm.get("EvaluationPeriods"))
    expect.value(
        "period and number of periods:", (60, 1), periods, "Correct Period and EvaluationPeriods in put_metric_alarm."
    )
    if statistic not in ONE_VALUE or not probes.wakes_at(alarm, LIMIT) or probes.wakes_at(alarm, LIMIT - 1):
        raise Failure(
            expected=f"an alarm at {LIMIT} messages, and none at {LIMIT - 1}",
            found=f"Statistic {statistic}, ComparisonOperator {alarm.get('ComparisonOperator')}, "
            f"Threshold {alarm.get('Threshold'):g}",
            next_step="Threshold and ComparisonOperator belong together: from the threshold on, or above it.",
            there=True,
        )


@check("The topic queue-alarms mails", task="alarm")
def alarms_are_mailed(sns):
    expect.topic(sns, MAILS, "Section 6 asks for it beside the alarm; create_topic makes it.")
    known = topics.subscriptions(sns, MAILS)
    if not any(each["Protocol"] == "email" and each["SubscriptionArn"].startswith("arn:") for each in known):
        raise Failure(
            expected=f"a confirmed subscription of {MAILS} with the protocol email",
            found="; ".join(f"{each['Protocol']} to {each['Endpoint']}" for each in known) or "no subscriptions",
            next_step="subscribe with the protocol email takes any address; notebook 04 shows it.",
            there=True,
        )


@check("The alarm tells the topic", task="alarm", needs=(alarm_watches_billing, alarms_are_mailed))
def alarm_tells_the_topic(cloudwatch, sns):
    alarm, topic = probes.alarms(cloudwatch)[ALARM], topics.arn(sns, MAILS)
    if topic not in alarm.get("AlarmActions", []) or not alarm.get("ActionsEnabled", True):
        told = alarm.get("AlarmActions") or alarm.get("OKActions") or ["no topic"]
        off = "" if alarm.get("ActionsEnabled", True) else ", but its actions are disabled"
        only = " as it ends" if not alarm.get("AlarmActions") and alarm.get("OKActions") else ""
        raise Failure(
            expected=f"AlarmActions with {topic}",
            found=f"the alarm tells {', '.join(told)}{only}{off}",
            next_step="AlarmActions lists the ARNs of the topics that an alarm tells when it goes off.",
            there=True,
        )
