"""Tests for what services deliver: only where the one who is to get it, or a role, lets them; on each way in turn."""

import json
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from tests.emulators.inside.permissions.authorization.listener import FUNCTION, forbid, is_denied, permit, runs
from tests.roles import allow, policy, role, take_away, trust
from tests.waiting import wait_until

EVENT = {"Source": "shop", "DetailType": "order", "Detail": "{}"}


def test_rule_calls_a_function_that_lets_it(account, embedded):
    events = account["events"]
    rule = events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": FUNCTION}])

    def send():
        events.put_events(Entries=[EVENT])

    told = is_denied(embedded, send)
    assert (told["principal"], told["action"], told["kind"]) == (
        "events.amazonaws.com", "lambda:InvokeFunction", "resource-based policy",
    )  # fmt: skip
    permit(account, "events", rule)
    runs(embedded, send)
    forbid(account)
    permit(account, "events", "arn:aws:events:us-east-1:000000000000:rule/another")
    told = is_denied(embedded, send)
    assert told["statements"][0]["why"] == "has a condition that does not hold"


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_rule_sends_to_a_queue_and_a_topic_that_let_it(account, embedded, kind):
    events = account["events"]
    rule = events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')["RuleArn"]
    url = account["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:heard"
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    target = {"sqs": queue, "sns": topic}[kind]
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": target}])
    given = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": target,
        "Action": {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}[kind],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }  # fmt: skip
    to_queue = {**given, "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}  # fmt: skip
    if kind == "sns":
        account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(to_queue)})
        account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def write(document):
        if kind == "sqs":
            account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        else:
            account["sns"].set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)

    def send():
        events.put_events(Entries=[EVENT])

    def heard():
        return account["sqs"].receive_message(QueueUrl=url).get("Messages")

    is_denied(embedded, send, target)
    write(policy(given))
    send()
    wait_until(heard)
    write(policy({**given, "Effect": "Deny"}))
    assert is_denied(embedded, send, target)["denies"]["effect"] == "Deny"
    assert not heard()


def test_rule_starts_a_machine_by_its_role(account, embedded):
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    states, events = account["stepfunctions"], account["events"]
    machine = states.create_state_machine(
        name="m", definition=definition, roleArn=role(account, "machine")
    )["stateMachineArn"]  # fmt: skip
    given = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    starter = role(account, "starter", given, services=["events"])
    events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": machine, "RoleArn": starter}])

    def send():
        events.put_events(Entries=[EVENT])

    def executions():
        return len(states.list_executions(stateMachineArn=machine)["executions"])

    take_away(account, "starter")
    is_denied(embedded, send, machine)
    allow(account, "starter", given)
    send()
    wait_until(lambda: executions() == 1)
    take_away(account, "starter")
    assert is_denied(embedded, send, machine)["principal"].endswith(":assumed-role/starter/orders")
    allow(account, "starter", given)
    account["iam"].update_assume_role_policy(RoleName="starter", PolicyDocument=trust("lambda"))
    assert is_denied(embedded, send, starter)["kind"] == "trust policy"
    assert executions() == 1


def test_topic_calls_a_function_that_lets_it(account, embedded):
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    account["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)

    def publish():
        account["sns"].publish(TopicArn=topic, Message="hello")

    is_denied(embedded, publish)
    permit(account, "sns", topic)
    runs(embedded, publish)
    forbid(account)
    is_denied(embedded, publish)


def test_topic_sends_to_a_queue_that_lets_it(account, embedded):
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    url = account["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:heard"
    account["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def publish():
        account["sns"].publish(TopicArn=topic, Message="hello")

    is_denied(embedded, publish, queue)
    given = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}  # fmt: skip
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(given)})
    publish()
    wait_until(lambda: account["sqs"].receive_message(QueueUrl=url).get("Messages"))
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    is_denied(embedded, publish, queue)


def test_bucket_notifies_a_function_that_lets_it_and_is_not_set_up_before(account, embedded):
    account["s3"].create_bucket(Bucket="photos")
    wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}]}

    def notify():
        account["s3"].put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=wanted)

    def upload():
        account["s3"].put_object(Bucket="photos", Key="cat", Body=b"x")

    with pytest.raises(ClientError, match=r"InvalidArgument.*Unable to validate the following destination"):
        notify()
    permit(account, "s3", "arn:aws:s3:::photos")
    notify()
    runs(embedded, upload)
    forbid(account)
    is_denied(embedded, upload)


def test_bucket_notifies_a_queue_that_lets_it(account, embedded):
    account["s3"].create_bucket(Bucket="photos")
    url, queue = account["sqs"].create_queue(QueueName="heard")["QueueUrl"], "arn:aws:sqs:us-east-1:000000000000:heard"
    wanted = {"QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]}
    notify = {"Bucket": "photos", "NotificationConfiguration": wanted}
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        account["s3"].put_bucket_notification_configuration(**notify)
    given = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": queue, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"}}}  # fmt: skip
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(given)})
    account["s3"].put_bucket_notification_configuration(**notify)
    account["s3"].put_object(Bucket="photos", Key="cat", Body=b"x")
    wait_until(lambda: account["sqs"].receive_message(QueueUrl=url).get("Messages"))
    account["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    is_denied(embedded, lambda: account["s3"].put_object(Bucket="photos", Key="dog", Body=b"x"), queue)


def test_function_url_is_open_where_both_permissions_let_everybody_in(account, embedded):
    lambda_ = account["lambda"]
    url = lambda_.create_function_url_config(FunctionName="listener", AuthType="NONE")["FunctionUrl"]

    def get():
        return Http(embedded.endpoint).request("GET", urlsplit(url).path)

    assert (get().status, "Forbidden" in get().text) == (403, True)
    lambda_.add_permission(FunctionName="listener", StatementId="open-url", Action="lambda:InvokeFunctionUrl",
                           Principal="*", FunctionUrlAuthType="NONE")  # fmt: skip
    assert get().status == 403
    lambda_.add_permission(FunctionName="listener", StatementId="invoke", Action="lambda:InvokeFunction",
                           Principal="*", InvokedViaFunctionUrl=True)  # fmt: skip
    assert (get().status, get().text) == (200, "served")
    forbid(account, "open-url")
    assert get().status == 403


def test_alarm_publishes_to_a_topic_that_lets_it(account, embedded):
    topic = account["sns"].create_topic(Name="news")["TopicArn"]
    account["cloudwatch"].put_metric_alarm(
        AlarmName="full", Namespace="Shop", MetricName="Waiting", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic], OKActions=[topic],
    )  # fmt: skip
    (alarm,) = account["cloudwatch"].describe_alarms(AlarmNames=["full"])["MetricAlarms"]

    def write(*statements):
        account["sns"].set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy(*statements) if statements else ""
        )

    def ring(state="ALARM"):
        account["cloudwatch"].set_alarm_state(AlarmName="full", StateValue=state, StateReason="tried")

    account["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    permit(account, "sns", topic)
    given = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "SNS:Publish",
             "Resource": topic, "Condition": {"ArnLike": {"aws:SourceArn": alarm["AlarmArn"]}}}  # fmt: skip
    runs(embedded, ring)  # The policy that a topic begins with lets in what is of its account.
    write({**given, "Principal": {"Service": "events.amazonaws.com"}})
    assert is_denied(embedded, lambda: ring("OK"), topic)["action"] == "sns:Publish"
    write(given)
    runs(embedded, ring)
    write({**given, "Condition": {"ArnLike": {"aws:SourceArn": f"{alarm['AlarmArn']}-other"}}})
    is_denied(embedded, lambda: ring("OK"), topic)


def test_rule_sends_to_another_bus_by_its_role_or_as_the_account_unless_that_bus_denies_it(account, embedded):
    events, bus = account["events"], "arn:aws:events:us-east-1:000000000000:event-bus/shop"
    events.create_event_bus(Name="shop")
    heard = events.put_rule(Name="heard", EventBusName="shop", EventPattern='{"source": ["shop"]}')["RuleArn"]
    events.put_targets(Rule="heard", EventBusName="shop", Targets=[{"Id": "1", "Arn": FUNCTION}])
    permit(account, "events", heard)
    events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": bus}])

    def send():
        events.put_events(Entries=[EVENT])

    runs(embedded, send)
    keeps_out = {"Sid": "out", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": bus}
    events.put_permission(EventBusName="shop", Policy=policy(keeps_out))
    assert is_denied(embedded, send, bus)["denies"]["effect"] == "Deny"
    events.remove_permission(EventBusName="shop", RemoveAllPermissions=True)
    runs(embedded, send)
    arn = role(account, "sender", {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus})
    events.put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": bus, "RoleArn": arn}])
    runs(embedded, send)
    take_away(account, "sender")
    assert is_denied(embedded, send, bus)["action"] == "events:PutEvents"


@pytest.mark.parametrize("name", ["event-bus", "api-destination"])
def test_rule_needs_a_queues_leave_whatever_the_queue_is_called(account, embedded, name):
    account["sqs"].create_queue(QueueName=name)
    queue = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    account["events"].put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    account["events"].put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": queue}])
    told = is_denied(embedded, lambda: account["events"].put_events(Entries=[EVENT]), queue)
    assert told["action"] == "sqs:SendMessage"
