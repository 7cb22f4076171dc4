"""Tests for the emulator's time: what is due later is not there before, and there after time was moved, once."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.error import HTTPError

import boto3
import pytest
from botocore.exceptions import ClientError

from lab_harness.account.trace import trace
from lab_harness.aws import Clients
from lab_harness.emulators.base import FARTHEST, LONGEST_ADVANCE
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.moving_time.timekeeping import Timekeeping
from lab_harness.emulators.inside.records.call_log import CallLog
from lab_harness.emulators.process import free_port
from lab_harness.errors import WrongEmulator
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.labs.helpers import zipped
from tests.roles import everybody, let_in, policy, ready
from tests.waiting import wait_until

MINUTE, HOUR, DAY = 60, 3_600, 86_400
ACCOUNT = "us-east-1:000000000000"
FAILING = "def lambda_handler(event, context): raise ValueError('no')"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded)
    yield Clients(embedded)
    embedded.reset()  # The next test finds the computer's time.


def moved(clients, seconds):
    """Move the clock; what happened, with how often."""
    happened = {}
    for part in clients.emulator.advance(seconds):
        for what, count in part.happened.items():
            happened[what] = happened.get(what, 0) + count
    return happened


def queue(clients, name="told", **attributes):
    """The URL of a new queue that takes everything."""
    given = {"Policy": policy(everybody("sqs:*")), **attributes}
    return clients["sqs"].create_queue(QueueName=name, Attributes=given)["QueueUrl"]


def bodies(clients, url):
    """The bodies of all messages that can be received; they are gone then."""
    found = []
    while messages := clients["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in messages:
            clients["sqs"].delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
            found.append(each["Body"])
    return found


def rule(clients, name, expression):
    clients["events"].put_rule(Name=name, ScheduleExpression=expression)
    clients["events"].put_targets(Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{ACCOUNT}:told"}])


def schedule(clients, name, expression, **settings):
    role = ready(clients.emulator)
    clients["scheduler"].create_schedule(
        Name=name, ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:sqs:{ACCOUNT}:told", "RoleArn": role, "Input": json.dumps(name)}, **settings,
    )  # fmt: skip


def function(clients, code, **settings):
    clients["lambda"].create_function(**SETTINGS | {"Code": {"ZipFile": zipped(code)}, **settings})
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})


def logged(clients, text):
    """The moments, in seconds, of the function's log lines that contain this."""
    try:
        events = clients["logs"].filter_log_events(logGroupName="/aws/lambda/hello")["events"]
    except ClientError:
        return []
    return [event["timestamp"] / 1000 for event in events if text in event["message"]]


def test_each_moment_on_the_way_fires_once_and_in_order(clients):
    url = queue(clients)
    rule(clients, "minutely", "cron(* * * * ? *)")
    rule(clients, "hourly", "rate(1 hour)")
    assert bodies(clients, url) == []
    happened = moved(clients, DAY)
    assert happened["rule hourly fired"] == 24
    assert happened["rule minutely fired"] >= 24 * 60
    times = [datetime.fromisoformat(json.loads(body)["time"]) for body in bodies(clients, url) if "minutely" in body]
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=1)}
    assert {each.second for each in times} == {0}


def test_rule_that_was_disabled_does_not_catch_up(clients):
    url = queue(clients)
    rule(clients, "off", "rate(1 minute)")
    clients["events"].disable_rule(Name="off")
    moved(clients, HOUR)
    clients["events"].enable_rule(Name="off")
    assert moved(clients, MINUTE - 1) in ({}, {"rule off fired": 1})  # what it has missed is not caught up on
    assert len(bodies(clients, url)) <= 1


def test_single_moment_fires_once_and_its_schedule_goes_if_it_is_to(clients):
    url = queue(clients)
    moment = datetime.fromtimestamp(clients.emulator.now() + HOUR, UTC).strftime("at(%Y-%m-%dT%H:%M:%S)")
    schedule(clients, "stays", moment)
    schedule(clients, "goes", moment, ActionAfterCompletion="DELETE")
    moved(clients, HOUR - MINUTE)
    assert bodies(clients, url) == []
    assert moved(clients, 2 * MINUTE) == {"schedule stays fired": 1, "schedule goes fired": 1}
    moved(clients, DAY)
    assert sorted(bodies(clients, url)) == ['"goes"', '"stays"']
    assert [each["Name"] for each in clients["scheduler"].list_schedules()["Schedules"]] == ["stays"]


def test_schedule_repeats_until_its_end(clients):
    queue(clients)
    now = datetime.fromtimestamp(clients.emulator.now(), UTC)
    end = datetime.fromtimestamp(now.timestamp() + 3.5 * HOUR, UTC)
    schedule(clients, "some", "rate(1 hour)", EndDate=end, ActionAfterCompletion="DELETE")
    assert moved(clients, DAY) == {"schedule some fired": 3}
    assert clients["scheduler"].list_schedules()["Schedules"] == []


def test_message_is_delayed_hidden_and_kept_by_the_emulators_time(clients):
    sqs, url = clients["sqs"], queue(clients, VisibilityTimeout="3600", MessageRetentionPeriod="86400")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    moved(clients, 800)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    moved(clients, 101)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "later"
    moved(clients, 3_500)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    moved(clients, 101)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "later"
    moved(clients, DAY)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_deduplication_ends_after_five_minutes(clients):
    sqs, url = clients["sqs"], queue(clients, "told.fifo", FifoQueue="true")
    for seconds in (0, 200, 200):  # The third comes 400 seconds after the first.
        moved(clients, seconds)
        sqs.send_message(QueueUrl=url, MessageBody="o-1", MessageGroupId="a", MessageDeduplicationId="o-1")
    assert bodies(clients, url) == ["o-1", "o-1"]


def test_failed_message_comes_again_and_ends_in_the_dead_letter_queue_at_its_moments(clients):
    dead = queue(clients, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{ACCOUNT}:dead", "maxReceiveCount": 3})
    url = queue(clients, "work", VisibilityTimeout="600", RedrivePolicy=redrive)
    function(clients, FAILING)
    clients["lambda"].create_event_source_mapping(FunctionName="hello", EventSourceArn=f"arn:aws:sqs:{ACCOUNT}:work")
    clients["sqs"].send_message(QueueUrl=url, MessageBody="bad")
    wait_until(lambda: len(logged(clients, "REPORT")) == 1)
    moved(clients, HOUR)
    wait_until(lambda: bodies(clients, dead) == ["bad"])
    first, second, third = logged(clients, "REPORT")
    assert second - first == pytest.approx(600, abs=15)
    assert third - second == pytest.approx(600, abs=15)


def test_item_lives_until_its_time(clients):
    dynamodb = clients["dynamodb"]
    dynamodb.create_table(
        TableName="Trips", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    dynamodb.update_time_to_live(TableName="Trips", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    for name, seconds in (("short", HOUR), ("long", DAY)):
        item = {"id": {"S": name}, "until": {"N": str(int(clients.emulator.now() + seconds))}}
        dynamodb.put_item(TableName="Trips", Item=item)
    assert moved(clients, HOUR - MINUTE) == {}
    assert moved(clients, 2 * MINUTE) == {"item of Trips expired": 1}
    assert [each["id"]["S"] for each in dynamodb.scan(TableName="Trips")["Items"]] == ["long"]


def test_credentials_of_a_session_expire(clients):
    answer = clients["sts"].assume_role(RoleArn=ready(clients.emulator), RoleSessionName="short", DurationSeconds=900)
    key = answer["Credentials"]
    sqs = boto3.client(
        "sqs", "us-east-1", endpoint_url=clients.emulator.endpoint, aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["SessionToken"],
    )  # fmt: skip
    sqs.list_queues()
    moved(clients, 901)
    with pytest.raises(ClientError, match="ExpiredToken"):
        sqs.list_queues()
    clients["sqs"].list_queues()  # Whose key does not end is let in: signatures go by the computer's time.


def test_tokens_of_a_user_pool_expire(clients):
    cognito = clients["cognito-idp"]
    pool = cognito.create_user_pool(PoolName="owners")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="site", AccessTokenValidity=2, RefreshTokenValidity=2,
        TokenValidityUnits={"AccessToken": "hours", "RefreshToken": "days"},
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    cognito.admin_create_user(UserPoolId=pool, Username="ana", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ana", Password="Correct-horse-9", Permanent=True)

    def log_in(flow, **given):
        return cognito.initiate_auth(ClientId=client, AuthFlow=flow, AuthParameters=given)["AuthenticationResult"]

    tokens = log_in("USER_PASSWORD_AUTH", USERNAME="ana", PASSWORD="Correct-horse-9")
    moved(clients, HOUR)
    cognito.get_user(AccessToken=tokens["AccessToken"])
    moved(clients, HOUR + 1)
    with pytest.raises(ClientError, match=r"\(NotAuthorizedException\).*Access Token has expired"):
        cognito.get_user(AccessToken=tokens["AccessToken"])
    fresh = log_in("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"])
    assert cognito.get_user(AccessToken=fresh["AccessToken"])["Username"] == "ana"
    moved(clients, 2 * DAY)
    with pytest.raises(ClientError, match=r"\(NotAuthorizedException\).*Refresh Token has expired"):
        log_in("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"])


def test_log_events_are_kept_as_long_as_their_group_says(clients):
    logs = clients["logs"]
    for name in ("/short", "/long"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_retention_policy(logGroupName="/short", retentionInDays=1)

    def write(text):
        for name in ("/short", "/long"):
            event = {"timestamp": int(clients.emulator.now() * 1000), "message": text}
            logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[event])

    def texts(name):
        return [each["message"] for each in logs.filter_log_events(logGroupName=name)["events"]]

    write("first")
    moved(clients, DAY - HOUR)
    write("second")
    assert texts("/short") == ["first", "second"]
    moved(clients, 2 * HOUR)
    assert (texts("/short"), texts("/long")) == (["second"], ["first", "second"])
    found = logs.get_log_events(logGroupName="/short", logStreamName="s", startFromHead=True)["events"]
    assert [each["message"] for each in found] == ["second"]
    moved(clients, DAY)
    assert texts("/short") == []
    write("third")
    assert texts("/short") == ["third"]


def test_presigned_link_ends_and_one_that_is_signed_later_does_not(clients):
    s3 = clients["s3"]
    s3.create_bucket(Bucket="letters")
    s3.put_object(Bucket="letters", Key="a", Body=b"hello")

    def link():
        return s3.generate_presigned_url("get_object", {"Bucket": "letters", "Key": "a"}, ExpiresIn=HOUR)

    first = link()
    with urllib.request.urlopen(first) as answer:
        assert answer.read() == b"hello"
    moved(clients, HOUR + 1)
    with urllib.request.urlopen(link()) as answer:
        assert answer.read() == b"hello"
    if "X-Amz-Date" in first:
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(first)


def test_execution_waits_and_a_task_times_out_by_the_emulators_time(clients):
    sfn, url = clients["stepfunctions"], queue(clients)
    asked = {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": DAY,
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}, "End": True,
    }  # fmt: skip
    states = {"Wait": {"Type": "Wait", "Seconds": HOUR, "Next": "Ask"}, "Ask": asked}
    definition = json.dumps({"StartAt": "Wait", "States": states})
    role = ready(clients.emulator)
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    run = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    kinds = lambda: [each["type"] for each in sfn.get_execution_history(executionArn=run)["events"]]  # noqa: E731
    wait_until(lambda: "WaitStateEntered" in kinds())
    moved(clients, HOUR - MINUTE)
    assert "TaskStateEntered" not in kinds()
    moved(clients, 2 * MINUTE)
    wait_until(lambda: bodies(clients, url))
    moved(clients, DAY - HOUR)
    assert sfn.describe_execution(executionArn=run)["status"] == "RUNNING"
    moved(clients, HOUR)
    wait_until(lambda: sfn.describe_execution(executionArn=run)["status"] in ("FAILED", "TIMED_OUT"))


def test_branches_and_items_wait_side_by_side(clients):
    def waiting(name, seconds, following):
        return {name: {"Type": "Wait", **seconds, **following}}

    end, sfn = {"End": True}, clients["stepfunctions"]
    branches = [
        {"StartAt": f"W{seconds}", "States": waiting(f"W{seconds}", {"Seconds": seconds}, end)}
        for seconds in (MINUTE, HOUR)
    ]
    items = {"StartAt": "Each", "States": waiting("Each", {"SecondsPath": "$"}, end)}
    states = {
        "Both": {"Type": "Parallel", "Branches": branches, "Next": "All"},
        "All": {"Type": "Map", "ItemsPath": "$[0]", "ItemProcessor": items, "End": True},
    }
    definition = json.dumps({"StartAt": "Both", "States": states})
    role = ready(clients.emulator)
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    run = sfn.start_execution(stateMachineArn=machine, input=json.dumps([600, 1200]))["executionArn"]

    def left(state):
        events = sfn.get_execution_history(executionArn=run)["events"]
        found = [e for e in events if e.get("stateExitedEventDetails", {}).get("name") == state]
        return [each["timestamp"] for each in found]

    wait_until(lambda: "WaitStateEntered" in str(sfn.get_execution_history(executionArn=run)["events"]))
    moved(clients, 2 * HOUR)
    wait_until(lambda: sfn.describe_execution(executionArn=run)["status"] == "SUCCEEDED")
    (short,), (long,), each = left("W60"), left("W3600"), left("Each")
    assert (long - short).total_seconds() == pytest.approx(HOUR - MINUTE, abs=30)
    assert [(moment - long).total_seconds() for moment in each] == pytest.approx([600, 1200], abs=30)


def test_function_that_a_schedule_starts_has_the_moment_in_its_event_and_its_log(clients):
    function(clients, "def lambda_handler(event, context): print('tick', event['time'])")
    let_in(clients, "hello", "events")
    clients["events"].put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    arn = f"arn:aws:lambda:{ACCOUNT}:function:hello"
    clients["events"].put_targets(Rule="daily", Targets=[{"Id": "1", "Arn": arn}])
    began = clients.emulator.now()
    assert moved(clients, 3 * DAY + HOUR) == {"rule daily fired": 3}
    ticks = wait_until(lambda: found if len(found := logged(clients, "tick")) == 3 else None)
    assert [round((each - began) / DAY) for each in ticks] == [1, 2, 3]


def test_time_goes_on_where_it_was_on_the_next_day(home):
    emulator = Embedded(home, free_port())
    emulator.start()
    clients = Clients(emulator)
    url = queue(clients)
    moment = datetime.fromtimestamp(emulator.now() + HOUR, UTC).strftime("at(%Y-%m-%dT%H:%M:%S)")
    ready(emulator)
    schedule(clients, "once", moment)
    assert moved(clients, DAY) == {"schedule once fired": 1}
    before = emulator.now()
    emulator.stop()
    emulator.start()
    assert 0 <= emulator.now() - before < HOUR
    assert emulator.now() - time.time() == pytest.approx(DAY, abs=1)
    assert moved(Clients(emulator), DAY) == {}
    assert len(bodies(Clients(emulator), url.replace(url.split("/")[2], emulator.endpoint.split("/")[2]))) == 1


@pytest.mark.parametrize("kept", ['[[1, "later"]]', "[[1, Infinity]]", "[[1, 1e12]]", "[[1, -60]]", "[[NaN, 60]]"])
def test_damaged_time_is_the_computers(tmp_path, kept):
    file = tmp_path / "clock.json"
    file.write_text(kept)
    try:
        Timekeeping(file, CallLog(), lambda _: 0).load()
        assert clock.now() == pytest.approx(time.time(), abs=60)
    finally:
        clock.restore([])


def test_time_that_is_too_far_ahead_is_not_moved_on(embedded, clients):
    ahead = 0
    while ahead + LONGEST_ADVANCE <= FARTHEST:
        *_, last = embedded.advance(LONGEST_ADVANCE)
        ahead = last.ahead
    with pytest.raises(WrongEmulator, match="500"):
        list(embedded.advance(LONGEST_ADVANCE))
    assert Clients(embedded)["sqs"].create_queue(QueueName="then")


def test_empty_account_has_the_computers_time_again(clients):
    moved(clients, DAY)
    assert clients.emulator.now() > time.time() + DAY - MINUTE
    clients.emulator.reset()
    assert clients.emulator.now() == pytest.approx(time.time(), abs=60)


def test_who_lacks_the_token_moves_no_clock(clients):
    for route in ("clock?seconds=60", "hasten?queue=told"):
        with pytest.raises(WrongEmulator, match=r"40[134]"):
            call_json(f"{clients.emulator.endpoint}/_lab/{route}", "POST")
    assert clients.emulator.now() == pytest.approx(time.time(), abs=60)


def test_moved_clock_is_in_the_call_log_and_begins_what_happened(clients):
    moved(clients, 26 * HOUR)
    call = clients.emulator.calls()[-1]
    assert (call.service, call.operation, call.caller) == ("clock", "26 h later", "learner")
    (step,) = trace(clients)
    assert (step.what, step.kind) == ("clock 26 h later", "clock")


def test_check_hastens_its_own_messages_and_executions_alone(clients, embedded):
    dead = queue(clients, "dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{ACCOUNT}:dead", "maxReceiveCount": 2})
    url = queue(clients, "work", VisibilityTimeout="900", RedrivePolicy=redrive)
    function(clients, FAILING)
    clients["lambda"].create_event_source_mapping(
        FunctionName="hello", EventSourceArn=f"arn:aws:sqs:{ACCOUNT}:work", BatchSize=1
    )
    learner = Clients(embedded, as_learner=True)
    clients["sqs"].send_message(QueueUrl=url, MessageBody="a check's")
    learner["sqs"].send_message(QueueUrl=url, MessageBody="the learner's")
    definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}})
    sfn, role = clients["stepfunctions"], ready(embedded)
    machine = sfn.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    own, other = (each["stepfunctions"].start_execution(stateMachineArn=machine) for each in (clients, learner))
    found = []

    def look():
        embedded.hasten("work")
        found.extend(bodies(clients, dead))
        ended = sfn.describe_execution(executionArn=own["executionArn"])["status"] == "SUCCEEDED"
        return found and ended

    wait_until(look)
    assert found == ["a check's"]
    counts = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert sfn.describe_execution(executionArn=other["executionArn"])["status"] == "RUNNING"
    assert embedded.now() == pytest.approx(time.time(), abs=60)


def test_schedule_tells_of_its_time_and_itself(clients):
    url = queue(clients)
    asked = {
        "at": "<aws.scheduler.scheduled-time>",
        "of": "<aws.scheduler.schedule-arn>",
        "id": "<aws.scheduler.execution-id>",
        "try": "<aws.scheduler.attempt-number>",
    }
    target = {"Arn": f"arn:aws:sqs:{ACCOUNT}:told", "RoleArn": ready(clients.emulator), "Input": json.dumps(asked)}
    made = clients["scheduler"].create_schedule(
        Name="nightly", ScheduleExpression="cron(0 3 * * ? *)", ScheduleExpressionTimezone="Europe/Lisbon",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip
    moved(clients, 2 * DAY)
    first, second = (json.loads(body) for body in bodies(clients, url))
    assert first["of"] == made["ScheduleArn"]
    assert first["id"] != second["id"]
    assert (first["try"], second["try"]) == ("1", "1")
    moments = sorted(datetime.strptime(each["at"], "%Y-%m-%dT%H:%M:%SZ") for each in (first, second))
    assert timedelta(hours=22) < moments[1] - moments[0] < timedelta(hours=26)
    assert moments[0].minute == moments[0].second == 0
