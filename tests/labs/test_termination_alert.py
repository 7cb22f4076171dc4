"""Tests for the lab termination_alert."""

import json
import subprocess
import sys

import pytest

from lab_harness import load_lab, run_checks
from lab_harness.account.resources import remove_resources
from lab_harness.authors import eventually, inventory, policies, queues
from lab_harness.authors.made import made_names
from lab_harness.emulators.base import Mail
from tests.roles import role, take_away
from tests.waiting import PATIENCE

from .helpers import aws_cli, failure, found_alone, not_passed

lab = load_lab("termination_alert")
FIRST = {
    "instance_was_launched",
    "topic_exists",
    "rule_exists",
    "clock_function_exists",
    "bus_and_queue_exist",
}  # what fails in an untouched account
checks, probes = lab.checks, lab.checks.probes
TOPIC, RULE, ADDRESS = checks.TOPIC, checks.RULE, "ana@example.com"
PROBE = "others_stay_silent"  # launches an instance of its own
ALERT = ["instance", "topic", "rule", "target", "terminate"]  # the tasks up to the mail
BEFORE = [
    check.name for check in lab.all_checks if check.task in ALERT and check.name != PROBE and check.task != "terminate"
]
REST = ["clock", "bus", "orders", "report"]
STATE = [*BEFORE, "mail_arrived"]
EVERY_EC2_EVENT = {"source": ["aws.ec2"]}


def launch(clients, name=checks.INSTANCE):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    launched = clients["ec2"].run_instances(
        ImageId=probes.IMAGE, InstanceType="t3.nano", MinCount=1, MaxCount=1, TagSpecifications=tags
    )
    return launched["Instances"][0]["InstanceId"]


def pattern_for(instance, **detail):
    asked = {"instance-id": [instance], "state": ["terminated"]} | detail
    return {"source": [checks.SOURCE], "detail-type": [checks.DETAIL_TYPE], "detail": asked}


def put_rule(clients, pattern, name=RULE):
    clients["events"].put_rule(Name=name, EventPattern=json.dumps(pattern))


def put_target(clients, rule=RULE, **settings):
    arn = probes.topic_arn(clients["sns"])
    clients["events"].put_targets(Rule=rule, Targets=[{"Id": "topic", "Arn": arn} | settings])


def put_policy(clients, *statements):
    """Set the topic's policy; a statement allows EventBridge to publish unless it says otherwise."""
    arn = probes.topic_arn(clients["sns"])
    allow = {"Effect": "Allow", "Principal": {"Service": checks.EVENTBRIDGE}, "Action": "sns:Publish", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow | statement for statement in statements]})
    clients["sns"].set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)


def subscribe(clients, protocol="email", endpoint=ADDRESS):
    arn = probes.topic_arn(clients["sns"])
    clients["sns"].subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)


def unsubscribe(clients):
    for subscription in probes.subscriptions(clients["sns"]):
        clients["sns"].unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


def failed(clients, only=BEFORE):
    return not_passed(run_checks(lab, clients, only))


def found(clients, check):
    """What was found by this check, which alone fails."""
    return found_alone(lab, clients, check, *BEFORE, check)


@pytest.fixture
def ready(clients):
    """All is built, and the instance lives."""
    clients["sns"].create_topic(Name=TOPIC)
    subscribe(clients)
    put_rule(clients, pattern_for(launch(clients)))
    put_target(clients)
    put_policy(clients, {})
    return clients


def the_instance(clients):
    states = probes.named_instances(clients["ec2"])
    return next(instance for instance, state in states.items() if state in checks.ALIVE)


def terminate(clients, instance=None):
    clients["ec2"].terminate_instances(InstanceIds=[instance or the_instance(clients)])


def test_solution_passes_every_check_and_nothing_of_the_probes_stays(clients):
    old = len(clients["inbox"]())  # LocalStack keeps the mails of earlier tests
    lab.solve(clients)
    report = run_checks(lab, clients)
    assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    assert [rule["Name"] for rule in clients["events"].list_rules()["Rules"]] == [RULE, checks.REPORT]
    assert [each["Protocol"] for each in probes.subscriptions(clients["sns"])] == ["email"]
    # On LocalStack there are other labs' queues.
    assert not {*inventory.names(clients["sqs"], "queues")} & {*made_names()}
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    assert clients["ec2"].describe_instances(Filters=running)["Reservations"] == []
    assert len(clients["inbox"]()) == old + 1

    rest = {checks.REPORT, checks.CLOCK, "cron-job-role", checks.BUS, checks.ORDERS_QUEUE}
    assert {resource.name for resource in remove_resources(lab, clients)} == {RULE, TOPIC} | rest
    assert failed(clients, STATE) == {"instance_was_launched", "topic_exists", "rule_exists"}


# Undo one thing: exactly that check fails.


def test_an_instance_without_its_name_or_ended_too_soon_is_named(ready):
    instance = the_instance(ready)
    ready["ec2"].create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": "another"}])
    told = found(ready, "instance_was_launched")  # LocalStack lists terminated ones for ever
    if ready.emulator.name == "embedded":
        assert told == f"no instance with that tag; {instance} has Name = another"
    ready["ec2"].create_tags(Resources=[instance], Tags=[{"Key": "Name", "Value": checks.INSTANCE}])
    assert failed(ready) == set()
    put_rule(ready, pattern_for("i-0123456789abcdef0"))
    terminate(ready, instance)
    assert f"{instance}, terminated" in found(ready, "instance_was_launched")


@pytest.mark.parametrize(
    ("change", "check", "evidence"),
    [
        ({"detail": {"state": ["terminate"]}}, "rule_matches_termination", 'detail.state asks for ["terminate"], the'),
        ({"source": ["ec2"]}, "rule_matches_termination", 'source asks for ["ec2"], the event has "aws.ec2"'),
        ({"detail": {"instance-id": ["i-0123456789abcdef0"]}}, "rule_matches_termination", "detail.instance-id asks"),
        ({"detail-type": ["EC2 Instance Terminated"]}, "rule_matches_termination", "detail-type asks for"),
        ({"detail": {"state": None}}, "rule_ignores_others", "the state pending, the state running"),
        ({"detail": {"state": [{"suffix": "ed"}]}}, "rule_ignores_others", "the state stopped"),
        ({"detail": {"instance-id": None}}, "rule_ignores_others", "also matches another instance"),
        ({"source": None}, "rule_ignores_others", "also matches another source"),
        ({"detail": {"instance-id": [{"prefix": "i-"}, "i-0123456789abcdef0"]}}, "rule_ignores_others", "instance, i-"),
        ({"detail-type": None}, "rule_ignores_others", "also matches another detail-type"),
    ],
)
def test_a_pattern_of_too_little_or_too_much_is_named(ready, change, check, evidence):
    pattern = pattern_for(the_instance(ready))
    pattern |= change | {"detail": pattern["detail"] | change.get("detail", {})}
    pattern["detail"] = {name: asked for name, asked in pattern["detail"].items() if asked}
    put_rule(ready, {name: asked for name, asked in pattern.items() if asked})
    assert evidence in found(ready, check)


def test_a_pattern_that_cannot_be_read_is_shown_with_eventbridges_reason(ready, monkeypatch):
    # LocalStack takes any pattern for a rule, MiniStack refuses this one; both refuse to test it.
    monkeypatch.setattr(probes, "rule_pattern", lambda events: '{"detail": {"state": [{"begins-with": "t"}]}}')
    assert "begins-with" in found(ready, "rule_matches_termination")


def test_a_rule_that_is_off_elsewhere_or_none_is_named(ready):
    events = ready["events"]
    events.disable_rule(Name=RULE)
    assert "DISABLED" in found(ready, "rule_is_enabled")
    events.enable_rule(Name=RULE)
    events.remove_targets(Rule=RULE, Ids=["topic"])
    events.delete_rule(Name=RULE)
    assert failed(ready) == {"rule_exists"}
    events.create_event_bus(Name="pet-shop")
    events.put_rule(Name=RULE, EventBusName="pet-shop", EventPattern=json.dumps(EVERY_EC2_EVENT))
    assert failed(ready) == {"rule_exists"}
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 day)")
    assert failed(ready) == {"rule_exists"}


def test_advice_on_a_rule_says_where_one_of_its_name_is(clients):
    events = clients["events"]
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 day)")
    assert failure(checks.rule_exists, events).next_step.startswith(f"{RULE} is a schedule, rate(1 day)")
    events.delete_rule(Name=RULE)
    events.create_event_bus(Name="lab-test-bus")
    try:
        events.put_rule(Name=RULE, EventBusName="lab-test-bus", EventPattern=json.dumps(EVERY_EC2_EVENT))
        assert failure(checks.rule_exists, events).next_step.startswith(f"{RULE} is on the bus lab-test-bus")
    finally:
        events.delete_rule(Name=RULE, EventBusName="lab-test-bus")
        events.delete_event_bus(Name="lab-test-bus")


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        ({"Name": "big-order", "State": "ENABLED", "EventPattern": "{}"}, ""),
        ({"Name": "big-orders", "State": "DISABLED", "EventPattern": "{}"}, "big-orders is there, and disabled"),
        ({"Name": "big-orders", "State": "ENABLED"}, "big-orders is there, without EventPattern"),
    ],
)
def test_advice_on_a_rule_that_is_there_fits(rule, advice):
    assert checks.probes.about_rule([rule], "big-orders", "EventPattern").startswith(advice)
    assert bool(checks.probes.about_rule([rule], "big-orders", "EventPattern")) is bool(advice)


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("rate(7 days)", "rate is due each so often"),
        ("cron(30 9 ? * 6,7 *)", "Days of the week are numbered from SUN"),
        ("cron(9 30 ? * SAT,SUN *)", "Section 7 names the six fields"),
        ("at(2026-11-29T09:30:00)", "Section 7 names the six fields"),
    ],
)
def test_advice_on_a_schedule_fits(expression, advice):
    assert checks.probes.about_schedule(expression).startswith(advice)


def test_another_target_or_none_is_named(ready):
    events = ready["events"]
    events.remove_targets(Rule=RULE, Ids=["topic"])
    assert found(ready, "target_is_topic") == "no targets"
    other = "arn:aws:sns:us-east-1:000000000000:another"
    events.put_targets(Rule=RULE, Targets=[{"Id": "other", "Arn": other}])
    assert other in found(ready, "target_is_topic")
    put_target(ready)
    assert failed(ready) == set()  # one target more does no harm


def test_a_topic_without_its_mail_is_named(ready, monkeypatch):
    unsubscribe(ready)
    assert found(ready, "topic_mails") == "no subscriptions"
    subscribe(ready, "sqs", "arn:aws:sqs:us-east-1:000000000000:pet-shop-events")
    assert "subscriptions: sqs to arn:" in found(ready, "topic_mails")
    # Neither emulator leaves a mail subscription unconfirmed, so it is as AWS lists one.
    pending = {"Protocol": "email", "Endpoint": ADDRESS, "SubscriptionArn": "PendingConfirmation"}
    monkeypatch.setattr(probes, "subscriptions", lambda sns: [pending])
    assert "PendingConfirmation" in found(ready, "topic_mails")
    monkeypatch.undo()
    ready["sns"].delete_topic(TopicArn=probes.topic_arn(ready["sns"]))
    assert failed(ready) == {"topic_exists"}


def test_a_policy_that_does_not_let_eventbridge_publish_is_shown(ready):
    arn, account = probes.topic_arn(ready["sns"]), {"AWS:SourceOwner": "000000000000"}
    for statements in (
        [{"Principal": {"AWS": "*"}, "Condition": {"StringEquals": account}}],  # what each new topic has
        [{"Principal": {"Service": "s3.amazonaws.com"}}],
        [{"Action": "sns:Subscribe"}],
        [{"Resource": f"{arn}-other"}],
        [{"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/another"}}}],
        [{"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}],
        [{}, {"Effect": "Deny"}],
    ):
        put_policy(ready, *statements)
        assert failed(ready, ["eventbridge_may_publish"]) == {"eventbridge_may_publish"}, statements
    assert '"Effect": "Deny"' in found(ready, "eventbridge_may_publish")
    rule = ready["events"].describe_rule(Name=RULE)["Arn"]
    assert not policies.permits("no JSON", checks.EVENTBRIDGE, "sns:Publish", arn, rule)

    put_policy(ready, {}, {"Principal": "*", "Action": "sns:Subscribe"})
    assert found(ready, "eventbridge_may_publish").startswith("sns:Subscribe for everybody; the topic's policy {")
    put_policy(ready, {}, {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": account}})
    assert failed(ready, ["eventbridge_may_publish"]) == set()
    gone = role(ready, "no-such-role", services=["events"])
    put_target(ready, RoleArn=gone)
    take_away(ready, "no-such-role")
    ready["iam"].delete_role(RoleName="no-such-role")
    put_policy(ready, {})
    assert "the target's role no-such-role" in found(ready, "eventbridge_may_publish")
    services = [ready[name] for name in ("events", "sns", "iam")]
    assert failure(checks.eventbridge_may_publish, *services).next_step.startswith("With a RoleArn EventBridge acts")


def test_what_else_reaches_the_topic_is_shown_with_the_rules_that_send(ready):
    put_rule(ready, {"detail": {"state": ["terminated"]}}, "lab-test-wide")
    put_target(ready, "lab-test-wide")
    try:
        seen = found(ready, PROBE)
    finally:
        ready["events"].remove_targets(Rule="lab-test-wide", Ids=["topic"])
        ready["events"].delete_rule(Name="lab-test-wide")
    assert "terminated" in seen
    assert "lab-test-wide" in seen
    assert [rule["Name"] for rule in ready["events"].list_rules()["Rules"]] == [RULE]
    assert failed(ready, [PROBE]) == set()


def test_without_events_the_probe_says_where_they_come_from(monkeypatch):
    monkeypatch.setattr(probes, "SHORTLY", 0)
    told = failure(probes.expect_event, list, "aws.ec2", {"state": "running"})
    assert (told.found, "relay" in told.next_step) == ("no such event (after waiting 0 s)", True)


def test_a_termination_that_was_not_mailed_is_named(ready, monkeypatch):
    monkeypatch.setattr(probes, "SHORTLY", 2)
    assert "the instance running; " in found(ready, "mail_arrived")
    ready["events"].remove_targets(Rule=RULE, Ids=["topic"])
    terminate(ready)
    queue = probes.probe_queue(ready["events"], ready["sns"], ready["sqs"])
    with queue as (name, hear), probes.probe_instance(ready["ec2"], name) as probe:
        # LocalStack's relay sends events in order, so the one before is through when this one comes.
        probes.expect_event(hear, checks.SOURCE, {"instance-id": probe, "state": "running"})
    put_target(ready)
    assert "the instance terminated; " in found(ready, "mail_arrived")
    services = [ready[name] for name in ("ec2", "events", "sns", "inbox")]
    assert failure(checks.mail_arrived, *services).next_step == probes.TOO_SOON


def test_a_mail_written_by_hand_does_not_stand_in_for_the_termination(ready, monkeypatch):
    monkeypatch.setattr(probes, "SHORTLY", 2)
    event = json.dumps(probes.termination(the_instance(ready)))
    ready["sns"].publish(TopicArn=probes.topic_arn(ready["sns"]), Message=event)

    def look():
        checks.expect.value("the mails", True, any(mail.text == event for mail in ready["inbox"]()), "")

    eventually(look, within=PATIENCE)
    assert failed(ready, STATE) == {"mail_arrived"}


@pytest.mark.parametrize(
    ("text", "rewritten", "told"),
    [
        (json.dumps(probes.termination("i-1234567890")), False, True),
        (json.dumps({"TopicArn": "arn", "Message": json.dumps(probes.termination("i-1234567890"))}), False, True),
        (json.dumps(probes.termination("i-1234567890", "stopped")), True, False),
        (json.dumps(probes.termination("i-1234567890") | {"source": "probe"}), True, False),
        (json.dumps(probes.termination("i-0987654321")), True, False),
        ('"The instance i-1234567890 is terminated."', True, True),
        ('"The instance i-1234567890 is terminated."', False, False),
        ('{"instance-id": "i-1234567890", "state": "terminated"}', True, True),
        ("i-1234567890 has ended", True, True),
        ("[1, 2]", True, False),
    ],
)
def test_what_tells_of_a_termination(text, rewritten, told):
    assert probes.tells(Mail(ADDRESS, "", text), "i-1234567890", rewritten) is told


# Other valid ways of building it.


def test_other_ways_to_write_pattern_and_policy_serve_as_well(ready):
    instance, rule = the_instance(ready), ready["events"].describe_rule(Name=RULE)["Arn"]
    for detail in (
        {"instance-id": [{"suffix": instance[2:]}], "state": [{"prefix": "termin"}]},
        {"instance-id": [instance], "state": [{"equals-ignore-case": "TERMINATED"}]},
        {"state": [{"anything-but": ["pending", "running", "stopping", "stopped", "shutting-down"]}]},
    ):
        put_rule(ready, pattern_for(instance, **detail) | {"account": ["000000000000"], "region": ["us-east-1"]})
        assert failed(ready, ["rule"]) == set(), detail
    for statement in (
        {"Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": rule}}},
        {"Action": ["SNS:Publish", "sns:subscribe"], "Resource": "*"},
        {"Condition": {"ArnLike": {"AWS:SourceArn": [rule]}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}},
    ):
        put_policy(ready, statement)
        assert failed(ready, ["eventbridge_may_publish"]) == set(), statement


def test_a_role_of_the_targets_serves_as_well(ready):
    iam, arn = ready["iam"], probes.topic_arn(ready["sns"])
    trust = {"Effect": "Allow", "Principal": {"Service": checks.EVENTBRIDGE}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "sns:Publish", "Resource": arn}
    trust, may = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, may))
    role = iam.create_role(RoleName="lab-test-rule", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    try:
        put_policy(ready, {"Principal": {"Service": "s3.amazonaws.com"}})
        put_target(ready, RoleArn=role)
        assert failed(ready, ["eventbridge_may_publish"]) == {"eventbridge_may_publish"}
        iam.put_role_policy(RoleName="lab-test-rule", PolicyName="publish", PolicyDocument=may)
        assert failed(ready) == set()
    finally:
        iam.delete_role_policy(RoleName="lab-test-rule", PolicyName="publish")
        iam.delete_role(RoleName="lab-test-rule")


def test_a_rewritten_mail_serves_as_well_also_when_the_instance_is_forgotten(ready, monkeypatch):
    transformer = {
        "InputPathsMap": {"instance": "$.detail.instance-id"},
        "InputTemplate": '"Somebody terminated <instance>."',
    }
    put_target(ready, InputTransformer=transformer)
    terminate(ready)
    assert failed(ready, STATE) == set()
    monkeypatch.setattr(probes, "named_instances", lambda ec2: {})
    assert failed(ready, STATE) == set()


def test_cloudformation_serves_as_well(clients):
    rule = {"Fn::Sub": "arn:aws:events:us-east-1:000000000000:rule/EC2StateChange"}
    template = {
        "Parameters": {"Server": {"Type": "AWS::EC2::Instance::Id"}},  # MiniStack's stacks launch none
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {
                "TopicName": TOPIC, "Subscription": [{"Protocol": "email", "Endpoint": ADDRESS}]}},
            "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish",
                    "Resource": {"Ref": "Topic"}, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}]}}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {
                "Name": RULE, "EventPattern": pattern_for({"Ref": "Server"}),
                "Targets": [{"Id": "mail", "Arn": {"Ref": "Topic"}}]}},
        }
    }  # fmt: skip
    cloudformation, wait = clients["cloudformation"], {"Delay": 0.2, "MaxAttempts": 200}
    server = {"ParameterKey": "Server", "ParameterValue": launch(clients)}
    cloudformation.create_stack(StackName="alert", TemplateBody=json.dumps(template), Parameters=[server])
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName="alert", WaiterConfig=wait)
        terminate(clients)
        report = run_checks(lab, clients, ALERT)
        assert [(result.name, result.found) for result in report if result.outcome != "passed"] == []
    finally:
        cloudformation.delete_stack(StackName="alert")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="alert", WaiterConfig=wait)


def test_the_aws_cli_serves_as_well(clients):
    topic = json.loads(aws_cli(clients, "sns", "create-topic", "--name", TOPIC))["TopicArn"]
    aws_cli(clients, "sns", "subscribe", "--topic-arn", topic, "--protocol", "email-json",
            "--notification-endpoint", ADDRESS)  # fmt: skip
    put_policy(clients, {})
    instance = launch(clients)
    aws_cli(clients, "events", "put-rule", "--name", RULE, "--event-pattern", json.dumps(pattern_for(instance)))
    aws_cli(clients, "events", "put-targets", "--rule", RULE, "--targets", f"Id=1,Arn={topic}")
    aws_cli(clients, "ec2", "terminate-instances", "--instance-ids", instance)
    assert failed(clients, STATE) == set()


# The rules of sections 6 and 7.


@pytest.fixture
def ruled(clients):
    """The bus, the function, and the rules big-orders and weekend-report, as the lab asks."""
    lab.solve(clients)
    return clients


def found_of_rules(clients, check):
    """What was found by this check, which alone fails of those of sections 6 and 7."""
    return found_alone(lab, clients, check, *REST)


def put_orders(clients, pattern):
    clients["events"].put_rule(Name=checks.ORDERS, EventBusName=checks.BUS, EventPattern=json.dumps(pattern))


BIG = {
    "source": ["pet-shop"],
    "detail-type": ["order placed"],
    "detail": {"quantity": [{"numeric": [">=", 10]}]},
}


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({"detail": {"quantity": [{"numeric": [">", 10]}]}}, '{"numeric": [">", 10]}'),  # off by one
        ({"detail": {"quantity": [{"numeric": [">=", 9]}]}}, '{"numeric": [">=", 9]}'),
        ({"detail": {"quantity": [{"numeric": ["<", 10]}]}}, '{"numeric": ["<", 10]}'),  # swapped
        ({"detail": {"Quantity": [{"numeric": [">=", 10]}]}}, '"Quantity"'),  # wrong by one letter
        ({"quantity": [{"numeric": [">=", 10]}], "detail": {"orderId": [{"exists": True}]}}, '"quantity"'),  # too high
        ({"source": ["petshop"]}, '"petshop"'),
        ({"source": [{"exists": True}]}, '{"exists": true}'),
        ({"detail-type": [{"prefix": "order"}]}, '{"prefix": "order"}'),
    ],
)
def test_a_pattern_that_lets_other_orders_through_is_shown(ruled, change, evidence):
    put_orders(ruled, BIG | change)
    assert evidence in found_of_rules(ruled, "big_orders_match")


@pytest.mark.parametrize(
    "quantity",
    [[{"numeric": [">", 9]}], [{"numeric": ["=", 10]}, {"numeric": [">", 10]}], [{"numeric": [">=", 10, "<", 1e6]}]],
)
def test_another_pattern_for_big_orders_serves_as_well(ruled, quantity):
    put_orders(ruled, BIG | {"detail": {"quantity": quantity}})
    assert run_checks(lab, ruled, REST).complete


def test_a_rule_for_orders_that_is_elsewhere_off_or_sends_elsewhere_is_named(ruled):
    events, sqs = ruled["events"], ruled["sqs"]
    on_bus = {"EventBusName": checks.BUS}
    events.disable_rule(Name=checks.ORDERS, **on_bus)
    assert checks.ORDERS not in found_of_rules(ruled, "orders_rule_exists")
    events.enable_rule(Name=checks.ORDERS, **on_bus)
    (target,) = events.list_targets_by_rule(Rule=checks.ORDERS, **on_bus)["Targets"]
    events.remove_targets(Rule=checks.ORDERS, Ids=[target["Id"]], **on_bus)
    assert found_of_rules(ruled, "orders_reach_the_queue") == "no targets"
    events.put_targets(Rule=checks.ORDERS, Targets=[target | {"Arn": target["Arn"] + "-2"}], **on_bus)
    assert "pet-shop-events-2" in found_of_rules(ruled, "orders_reach_the_queue")
    events.put_targets(Rule=checks.ORDERS, Targets=[target | {"Id": "mine"}], **on_bus)  # one more does no harm
    assert run_checks(lab, ruled, REST).complete
    other = queues.attributes(sqs, checks.ORDERS_QUEUE)["Policy"].replace("rule/pet-shop/big", "rule/big")
    sqs.set_queue_attributes(QueueUrl=queues.url(sqs, checks.ORDERS_QUEUE), Attributes={"Policy": other})
    assert "rule/big-orders" in found_of_rules(ruled, "orders_reach_the_queue")
    events.remove_targets(Rule=checks.ORDERS, Ids=[target["Id"], "mine"], **on_bus)
    events.delete_rule(Name=checks.ORDERS, **on_bus)
    events.put_rule(Name=checks.ORDERS, EventPattern=json.dumps(BIG))  # on the default bus
    assert failed(ruled, REST) == {"orders_rule_exists"}


@pytest.mark.parametrize("expression", ["rate(7 days)", "cron(9 30 ? * SAT,SUN *)", "cron(30 9 ? * MON-FRI *)"])
def test_another_schedule_is_shown(ruled, expression, monkeypatch):
    events = ruled["events"]
    wrong = events.describe_rule(Name=checks.REPORT) | {"ScheduleExpression": expression}
    monkeypatch.setattr(events, "describe_rule", lambda Name: wrong)  # as of one that AWS accepts  # noqa: N803
    assert failure(checks.report_is_at_weekends, events).found == expression


@pytest.mark.parametrize("expression", ["cron(30 9 ? * 1,7 *)", "cron(30 9 ? * SUN,SAT *)"])
def test_the_same_schedule_in_other_words_serves_as_well(ruled, expression):
    ruled["events"].put_rule(Name=checks.REPORT, ScheduleExpression=expression)
    assert run_checks(lab, ruled, REST).complete


def test_a_report_that_nothing_starts_is_named(ruled):
    events, lambda_ = ruled["events"], ruled["lambda"]
    lambda_.remove_permission(FunctionName=checks.CLOCK, StatementId="weekend-report")
    assert found_of_rules(ruled, "report_starts_the_function").startswith("no permission for events.amazonaws.com")
    rule = events.describe_rule(Name=checks.REPORT)["Arn"]
    permission = {"FunctionName": checks.CLOCK, "Action": "lambda:InvokeFunction", "Principal": checks.EVENTBRIDGE}
    for number, source in enumerate([rule.replace("weekend-report", "cron-job"), rule]):
        lambda_.add_permission(**permission, StatementId=f"mine-{number}", SourceArn=source)
        wanted = {"report_starts_the_function"} if source != rule else set()
        assert failed(ruled, REST) == wanted
    (target,) = events.list_targets_by_rule(Rule=checks.REPORT)["Targets"]
    events.remove_targets(Rule=checks.REPORT, Ids=[target["Id"]])
    assert found_of_rules(ruled, "report_starts_the_function") == "no targets"
    events.put_rule(Name=checks.REPORT, EventPattern=json.dumps(EVERY_EC2_EVENT), State="DISABLED")
    events.disable_rule(Name=checks.REPORT)
    assert failed(ruled, REST) == {"report_rule_exists"}


def test_the_aws_cli_serves_for_the_rules_as_well(ruled):
    for rule, *bus in (("big-orders", "--event-bus-name", checks.BUS), ("weekend-report",)):
        targets = json.loads(aws_cli(ruled, "events", "list-targets-by-rule", "--rule", rule, *bus))["Targets"]
        aws_cli(ruled, "events", "remove-targets", "--rule", rule, *bus, "--ids", *(each["Id"] for each in targets))
        aws_cli(ruled, "events", "delete-rule", "--name", rule, *bus)
        how = ("--event-pattern", json.dumps(BIG)) if bus else ("--schedule-expression", "cron(30 9 ? * 7,1 *)")
        aws_cli(ruled, "events", "put-rule", "--name", rule, *bus, *how)
        aws_cli(ruled, "events", "put-targets", "--rule", rule, *bus, "--targets", f"Id=cli,Arn={targets[0]['Arn']}")
    assert failed(ruled, REST) == set()


def test_the_scheduled_function_imports_without_aws():
    event = {"time": "2026-11-21T08:00:00Z", "resources": ["arn:aws:events:us-east-1:000000000000:rule/cron-job"]}
    code = f"import lambda_function; lambda_function.lambda_handler({event}, None)"
    folder = lab.folder / "functions" / "cron_job"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env={}, capture_output=True, text=True, check=True)
    assert done.stdout == "tick of 2026-11-21T08:00:00Z by cron-job\n"
