"""Tests for the lab queues_and_topics."""

import json
import re
import time

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors import inventory, queues, topics
from lab_harness.authors.made import made_names
from tests.waiting import wait_until

from .helpers import aws_cli, found_alone, not_passed

lab = load_lab("queues_and_topics")
# What fails in an untouched account.
FIRST = {
    "topic_exists",
    "queues_exist",
    "fifo_queue_exists",
    "dead_letter_queue_exists",
    "alarm_exists",
    "alarms_are_mailed",
}
checks, probes = lab.checks, lab.checks.probes
ARN = "arn:aws:{}:us-east-1:000000000000:{}"
TOPIC, MAILS = ARN.format("sns", "pet-events"), ARN.format("sns", "queue-alarms")
BILLING, SHELTER, DEAD = (ARN.format("sqs", name) for name in ("billing", "shelter", "shelter-dlq"))
ALL = [check.name for check in lab.all_checks]
RESOURCES = {each.name for each in lab.file.resources}
LET_IN = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}


@pytest.fixture
def solved(clients, monkeypatch):
    # What a filter keeps out is waited for in vain; the embedded emulator delivers before it answers.
    monkeypatch.setattr(probes, "SHORTLY", 0.2 if clients.emulator.name == "embedded" else 2)
    lab.solve(clients)
    return clients


def found(clients, check):
    """What was found by this check, which alone fails."""
    return found_alone(lab, clients, check, *ALL)


def failed(clients, *only):
    return not_passed(run_checks(lab, clients, only or None))


def set_queue(clients, name, **attributes):
    texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in attributes.items()}
    clients["sqs"].set_queue_attributes(QueueUrl=queues.url(clients["sqs"], name), Attributes=texts)


def let_in(queue, **statement):
    return {"Version": "2012-10-17", "Statement": [{**LET_IN, "Resource": queue, **statement}]}


def from_topic(arn):
    return {"ArnEquals": {"aws:SourceArn": arn}}


def subscription(clients, queue):
    return next(
        each["SubscriptionArn"]
        for each in topics.subscriptions(clients["sns"], "pet-events")
        if each["Endpoint"] == ARN.format("sqs", queue)
    )


def set_subscription(clients, queue, name, value):
    text = value if isinstance(value, str) else json.dumps(value)
    clients["sns"].set_subscription_attributes(
        SubscriptionArn=subscription(clients, queue), AttributeName=name, AttributeValue=text
    )


def put_alarm(clients, known, **settings):
    """The alarm, in place of the one that is known, with other settings."""
    kept = ("AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods")
    kept += ("Threshold", "ComparisonOperator", "AlarmActions")
    clients["cloudwatch"].put_metric_alarm(**{name: known[name] for name in kept} | settings)


def test_solution_passes_every_check_leaves_the_queues_alone_and_can_be_reset(solved):
    sqs, sns = solved["sqs"], solved["sns"]
    sns.publish(TopicArn=TOPIC, **probes.event("cat", "sold"))
    # One of two in shelter was moved back.
    before = wait_until(lambda: (held := holds(sqs))["billing"] == 1 and held["shelter"] == 2 and held)
    report = run_checks(lab, solved)
    assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    assert holds(sqs) == before
    assert len(topics.subscriptions(sns, "pet-events")) == 2
    assert not {*inventory.names(sqs, "queues"), *inventory.names(sns, "topics")} & {*made_names()}
    assert {resource.name for resource in remove_resources(lab, solved)} == RESOURCES
    assert failed(solved) == FIRST


def holds(sqs):
    return {
        name: queues.counts(sqs, queues.url(sqs, name))["visible"] for name in ("billing", "shelter", "shelter-dlq")
    }


def fail(sqs):
    """Have a message handed out by shelter until it is set aside."""
    url = queues.url(sqs, "shelter")
    sqs.send_message(QueueUrl=url, MessageBody="nobody can handle this")
    while sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages"):
        pass


# Undo one thing: exactly that check fails.


def listed(told):
    """The queues that a failure lists; another lab's tests may have some on the same LocalStack."""
    return re.split(r", | and \d+ more", told.removeprefix("queues: "))


def test_deleted_things_are_named(solved):
    solved["cloudwatch"].delete_alarms(AlarmNames=["billing-grows"])
    solved["sqs"].delete_queue(QueueUrl=queues.url(solved["sqs"], "adoptions.fifo"))
    assert failed(solved, "alarm_exists", "fifo_queue_exists") == {"alarm_exists", "fifo_queue_exists"}
    solved["sqs"].delete_queue(QueueUrl=queues.url(solved["sqs"], "shelter-dlq"))
    assert "shelter" in listed(found_alone(lab, solved, "dead_letter_queue_exists"))
    solved["sqs"].delete_queue(QueueUrl=queues.url(solved["sqs"], "billing"))
    assert {"billing", "shelter"} & set(listed(found_alone(lab, solved, "queues_exist"))) == {"shelter"}
    solved["sns"].delete_topic(TopicArn=TOPIC)
    assert "queue-alarms" in found_alone(lab, solved, "topic_exists")


def test_queue_policy_that_keeps_the_topic_out_or_lets_others_in(solved):
    for policy, words in (
        ("", "no policy"),
        (let_in(BILLING), "aws:SourceArn"),
        (let_in(BILLING, Principal="*"), "aws:SourceArn"),
        (let_in(SHELTER, Condition=from_topic(TOPIC)), "Section 1"),
        (let_in(BILLING, Condition=from_topic(ARN.format("sns", "pet-event"))), "Section 1"),
        (let_in(BILLING, Condition=from_topic(TOPIC), Action="sqs:ReceiveMessage"), "Section 1"),
        (let_in(BILLING, Condition=from_topic(TOPIC), Principal={"Service": "sqs.amazonaws.com"}), "Section 1"),
    ):
        set_queue(solved, "billing", Policy=policy)
        (result,) = (each for each in run_checks(lab, solved, ["topic_may_send"]) if each.outcome != "passed")
        assert (result.name, result.outcome) == ("topic_may_send", "failed")
        assert words in f"{result.found} {result.next_step}", policy


def test_queue_policy_may_be_written_otherwise(solved):
    for policy in (
        let_in(BILLING, Condition={"StringEquals": {"AWS:SourceArn": TOPIC}}),
        let_in(BILLING, Condition={"ArnLike": {"aws:SourceArn": [TOPIC]}}, Action=["SQS:SendMessage"]),
        let_in("*", Condition=from_topic(TOPIC), Principal="*", Action="sqs:*"),
    ):
        set_queue(solved, "billing", Policy=policy)
        assert failed(solved, "topic_may_send") == set(), policy


def test_queue_that_is_not_subscribed_is_named_with_those_that_are(solved):
    solved["sns"].unsubscribe(SubscriptionArn=subscription(solved, "shelter"))
    assert found(solved, "queues_are_subscribed") == f"subscriptions: sqs to {BILLING}"


def test_envelope_is_noticed(solved):
    set_subscription(solved, "billing", "RawMessageDelivery", "false")
    assert found(solved, "queues_are_subscribed") == "RawMessageDelivery of the subscription of billing: false"


def test_filter_of_billing_is_tried(solved):
    for policy, what in (
        ({}, "let through"),
        ({"kind": ["sale"]}, "kept out"),
        ({"Kind": ["sold"]}, "kept out"),
        ({"kind": [{"anything-but": ["another"]}]}, "let through"),
        ({"kind": ["sold"], "pet": [{"exists": True}]}, "kept out"),
    ):
        set_subscription(solved, "billing", "FilterPolicy", policy)
        assert what in found_alone(lab, solved, "billing_gets_sales"), policy


def test_filter_of_shelter_is_tried(solved):
    for scope, policy, what in (
        ("MessageAttributes", {"pet": ["cat", "dog"]}, "kept out"),
        ("MessageBody", {"pet": ["cat"]}, "kept out"),
        ("MessageBody", {"pet": [{"exists": True}]}, "let through"),
    ):
        set_subscription(solved, "shelter", "FilterPolicyScope", scope)
        set_subscription(solved, "shelter", "FilterPolicy", policy)
        assert what in found(solved, "shelter_gets_cats_and_dogs"), policy


@pytest.mark.parametrize(
    ("advice", "policy", "scope", "told"),
    [
        ("about_billing", {}, None, "Without a FilterPolicy"),
        ("about_billing", {"kind": ["sold"]}, "MessageBody", "kind is an attribute"),
        ("about_billing", {"Kind": ["sold"]}, None, "billing asks for one value of the attribute kind"),
        ("about_billing", {"kind": ["Sold"]}, "MessageAttributes", "Compare with what is published"),
        ("about_shelter", {}, None, "Without a FilterPolicy"),
        ("about_shelter", {"pet": ["cat", "dog"]}, None, "pet stands in the body"),
        ("about_shelter", {"pets": ["cat", "dog"]}, "MessageBody", "shelter asks for two values of pet"),
        ("about_shelter", {"pet": ["cat"]}, "MessageBody", "Compare with what is published"),
    ],
)
def test_advice_on_a_filter_fits_it(advice, policy, scope, told):
    assert getattr(checks.probes, advice)(policy, scope).startswith(told)


def test_filters_may_be_written_otherwise(solved):
    set_subscription(solved, "billing", "FilterPolicy", {"kind": ["sold", "sold again"]})
    set_subscription(solved, "shelter", "FilterPolicy", {"$or": [{"pet": ["cat"]}, {"pet": ["dog"]}]})
    assert failed(solved) == set()


def test_fifo_queue_without_deduplication_by_content(solved):
    set_queue(solved, "adoptions.fifo", ContentBasedDeduplication="false")
    assert found(solved, "repeats_are_left_out") == "ContentBasedDeduplication of adoptions.fifo: false"


def test_fifo_queue_with_one_deduplication_for_all_pets(solved):
    set_queue(solved, "adoptions.fifo", DeduplicationScope="queue")
    assert found(solved, "each_pet_has_its_own_repeats") == "DeduplicationScope of adoptions.fifo: queue"


def test_redrive_policy_to_another_queue_or_after_other_receives(solved):
    for policy in (
        {"deadLetterTargetArn": DEAD, "maxReceiveCount": 4},
        {"deadLetterTargetArn": BILLING, "maxReceiveCount": 3},
    ):
        set_queue(solved, "shelter", RedrivePolicy=policy)
        assert found_alone(lab, solved, "shelter_redrives") == f"RedrivePolicy {json.dumps(policy)}"


def test_redrive_policy_that_belongs_to_the_other_queue_says_so(solved):
    set_queue(solved, "shelter", RedrivePolicy="")
    set_queue(solved, "shelter-dlq", RedrivePolicy={"deadLetterTargetArn": SHELTER, "maxReceiveCount": 3})
    assert found_alone(lab, solved, "shelter_redrives") == "no RedrivePolicy"
    (result,) = (each for each in run_checks(lab, solved, ["shelter_redrives"]) if each.outcome == "failed")
    assert result.next_step.startswith("shelter-dlq has one: it belongs to shelter")


def test_receives_may_be_a_text(solved):
    set_queue(solved, "shelter", RedrivePolicy={"deadLetterTargetArn": DEAD, "maxReceiveCount": "3"})
    assert failed(solved, "shelter_redrives") == set()


def test_dead_letter_queue_that_serves_others_or_nobody(solved):
    for policy in (
        "",
        {"redrivePermission": "allowAll"},
        {"redrivePermission": "denyAll"},
        {"redrivePermission": "byQueue", "sourceQueueArns": [SHELTER, BILLING]},
    ):
        set_queue(solved, "shelter-dlq", RedriveAllowPolicy=policy)
        shown = json.dumps(policy) if policy else "no RedriveAllowPolicy"
        assert shown in found_alone(lab, solved, "shelter_alone_may_use_it")


def test_message_that_is_left_must_go_back(solved):
    url = queues.url(solved["sqs"], "shelter-dlq")
    solved["sqs"].send_message(QueueUrl=url, MessageBody="by hand")
    told = found(solved, "messages_went_back")
    assert told.startswith("tasks, newest first: COMPLETED")
    assert told.endswith("COMPLETED (1 moved); shelter-dlq holds 1 visible, 0 in flight, 0 delayed")
    solved["sqs"].start_message_move_task(SourceArn=DEAD, DestinationArn=SHELTER)
    wait_until(lambda: failed(solved, "messages_went_back") == set())


def test_task_that_found_nothing_has_moved_nothing(clients):
    unmoved(clients)
    clients["sqs"].start_message_move_task(SourceArn=DEAD)
    wait_until(lambda: "COMPLETED (0 moved)" in found_alone(lab, clients, "messages_went_back"))
    (result,) = (each for each in run_checks(lab, clients, ["messages_went_back"]) if each.name == "messages_went_back")
    assert result.next_step.startswith("There was nothing to move yet")
    fail(clients["sqs"])
    clients["sqs"].start_message_move_task(SourceArn=DEAD)
    wait_until(lambda: failed(clients, "messages_went_back") == set())


def test_without_a_task_nothing_went_back(clients):
    unmoved(clients)
    assert found_alone(lab, clients, "messages_went_back").startswith("tasks, newest first: none;")


def unmoved(clients):
    """Build shelter and its dead-letter queue, of which nothing was moved yet."""
    if clients.emulator.name != "embedded":
        # LocalStack keeps the tasks of a queue that had the name, and tells a queue's age in whole seconds.
        now = time.time()
        wait_until(lambda: time.time() > now + 1)
    clients["sqs"].create_queue(QueueName="billing")
    url = clients["sqs"].create_queue(QueueName="shelter-dlq")["QueueUrl"]
    redrive = {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}
    clients["sqs"].create_queue(QueueName="shelter", Attributes={"RedrivePolicy": json.dumps(redrive)})
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [SHELTER]}
    clients["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": json.dumps(allow)})


def test_alarm_that_watches_something_else(solved):
    right = probes.alarms(solved["cloudwatch"])["billing-grows"]
    for settings, words in (
        ({"Dimensions": [{"Name": "QueueName", "Value": "shelter"}]}, "'QueueName': 'shelter'"),
        ({"Dimensions": []}, "{}"),
        ({"MetricName": "ApproximateNumberOfMessages"}, "ApproximateNumberOfMessages'"),
        ({"Namespace": "SQS"}, "'SQS'"),
        ({"Period": 300}, "(300, 1)"),
        ({"EvaluationPeriods": 2}, "(60, 2)"),
        ({"ComparisonOperator": "GreaterThanThreshold"}, "ComparisonOperator GreaterThanThreshold, Threshold 10"),
        ({"ComparisonOperator": "LessThanThreshold"}, "ComparisonOperator LessThanThreshold, Threshold 10"),
        ({"Threshold": 12}, "Threshold 12"),
        ({"Statistic": "SampleCount"}, "Statistic SampleCount"),
    ):
        put_alarm(solved, right, **settings)
        assert words in found_alone(lab, solved, "alarm_watches_billing"), settings


def test_alarm_may_say_it_otherwise(solved):
    right = probes.alarms(solved["cloudwatch"])["billing-grows"]
    for statistic in ("Average", "Maximum", "Minimum", "Sum"):
        put_alarm(solved, right, Threshold=9, ComparisonOperator="GreaterThanThreshold", Statistic=statistic)
        assert failed(solved, "alarm_tells_the_topic") == set(), statistic


def test_topic_that_mails_nobody(solved):
    for each in topics.subscriptions(solved["sns"], "queue-alarms"):
        solved["sns"].unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    assert found(solved, "alarms_are_mailed") == "no subscriptions"


def test_alarm_that_tells_nobody_or_another_or_only_as_it_ends(solved):
    right = probes.alarms(solved["cloudwatch"])["billing-grows"]
    put_alarm(solved, right, AlarmActions=[])
    assert found(solved, "alarm_tells_the_topic") == "the alarm tells no topic"
    put_alarm(solved, right, AlarmActions=[TOPIC])
    assert found(solved, "alarm_tells_the_topic") == f"the alarm tells {TOPIC}"
    put_alarm(solved, right, AlarmActions=[], OKActions=[MAILS])
    assert found(solved, "alarm_tells_the_topic") == f"the alarm tells {MAILS} as it ends"
    put_alarm(solved, right, AlarmActions=[MAILS], ActionsEnabled=False)
    assert found(solved, "alarm_tells_the_topic") == f"the alarm tells {MAILS}, but its actions are disabled"


# Built another valid way, all pass.


def test_built_by_the_aws_cli_all_pass(clients):
    def aws(*words):
        return json.loads(aws_cli(clients, *words, "--output", "json") or "{}")

    def queue(name, **attributes):
        texts = {key: each if isinstance(each, str) else json.dumps(each) for key, each in attributes.items()}
        return aws("sqs", "create-queue", "--queue-name", name, "--attributes", json.dumps(texts))["QueueUrl"]

    def subscribe(topic, protocol, endpoint, **attributes):
        words = ["--attributes", json.dumps(attributes)] if attributes else []
        aws(
            "sns",
            "subscribe",
            "--topic-arn",
            topic,
            "--protocol",
            protocol,
            "--notification-endpoint",
            endpoint,
            *words,
        )

    topic = aws("sns", "create-topic", "--name", "pet-events")["TopicArn"]
    dead = queue("shelter-dlq", MessageRetentionPeriod="1209600")
    queue("billing", Policy=let_in(BILLING, Condition=from_topic(topic)))
    queue(
        "shelter", Policy=let_in(SHELTER, Condition=from_topic(topic)),
        RedrivePolicy={"deadLetterTargetArn": DEAD, "maxReceiveCount": 3},
    )  # fmt: skip
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [SHELTER]}
    aws("sqs", "set-queue-attributes", "--queue-url", dead, "--attributes",
        json.dumps({"RedriveAllowPolicy": json.dumps(allow)}))  # fmt: skip
    subscribe(topic, "sqs", BILLING, RawMessageDelivery="true", FilterPolicy='{"kind": ["sold"]}')
    subscribe(
        topic, "sqs", SHELTER, RawMessageDelivery="true", FilterPolicyScope="MessageBody",
        FilterPolicy='{"pet": ["dog", "cat"]}',
    )  # fmt: skip
    queue(
        "adoptions.fifo", FifoQueue="true", ContentBasedDeduplication="true", DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )  # fmt: skip
    fail(clients["sqs"])
    aws("sqs", "start-message-move-task", "--source-arn", DEAD)
    mails = aws("sns", "create-topic", "--name", "queue-alarms")["TopicArn"]
    subscribe(mails, "email", "ana@example.com")
    aws(
        "cloudwatch", "put-metric-alarm", "--alarm-name", "billing-grows", "--namespace", "AWS/SQS", "--metric-name",
        "ApproximateNumberOfMessagesVisible", "--dimensions", "Name=QueueName,Value=billing", "--statistic", "Average",
        "--period", "60", "--evaluation-periods", "1", "--threshold", "9", "--comparison-operator",
        "GreaterThanThreshold", "--alarm-actions", mails,
    )  # fmt: skip
    wait_until(lambda: failed(clients, "messages_went_back") == set())
    assert failed(clients) == set()


def test_built_by_cloudformation_all_pass(clients):
    def of(kind, **properties):
        return {"Type": f"AWS::{kind}", "Properties": properties}

    def feeds(name, queue, **settings):
        return {
            f"{name}Policy": of(
                "SQS::QueuePolicy", Queues=[{"Ref": name}],
                PolicyDocument=let_in(queue, Condition=from_topic({"Ref": "Topic"})),
            ),
            f"{name}Subscription": of(
                "SNS::Subscription", TopicArn={"Ref": "Topic"}, Protocol="sqs", RawMessageDelivery=True,
                Endpoint={"Fn::GetAtt": [name, "Arn"]}, **settings,
            ),
        }  # fmt: skip

    parts = {
        "Topic": of("SNS::Topic", TopicName="pet-events"),
        "Dead": of(
            "SQS::Queue", QueueName="shelter-dlq",
            RedriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueArns": [SHELTER]},
        ),
        "Billing": of("SQS::Queue", QueueName="billing"),
        "Shelter": of(
            "SQS::Queue", QueueName="shelter",
            RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
        ),
        "Adoptions": of(
            "SQS::Queue", QueueName="adoptions.fifo", FifoQueue=True, ContentBasedDeduplication=True,
            DeduplicationScope="messageGroup",
        ),
        "Mails": of(
            "SNS::Topic", TopicName="queue-alarms", Subscription=[{"Protocol": "email", "Endpoint": "a@example.com"}]
        ),
        "Alarm": of(
            "CloudWatch::Alarm", AlarmName="billing-grows", Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible", Statistic="Maximum", Period=60, EvaluationPeriods=1,
            Threshold=10, ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[{"Ref": "Mails"}],
            Dimensions=[{"Name": "QueueName", "Value": "billing"}],
        ),
        **feeds("Billing", BILLING, FilterPolicy={"kind": ["sold"]}),
        **feeds("Shelter", SHELTER, FilterPolicy={"pet": ["cat", "dog"]}, FilterPolicyScope="MessageBody"),
    }  # fmt: skip
    formation = clients["cloudformation"]
    formation.create_stack(StackName="pets", TemplateBody=json.dumps({"Resources": parts}))
    formation.get_waiter("stack_create_complete").wait(
        StackName="pets", WaiterConfig={"Delay": 0.2, "MaxAttempts": 300}
    )
    fail(clients["sqs"])
    clients["sqs"].start_message_move_task(SourceArn=DEAD)
    try:
        wait_until(lambda: failed(clients, "messages_went_back") == set())
        assert failed(clients) == set()
    finally:
        formation.delete_stack(StackName="pets")
