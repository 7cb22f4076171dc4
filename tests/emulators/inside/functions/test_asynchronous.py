"""Tests for asynchronous invocation on the embedded emulator: an event's tries, its id and what becomes of it."""

import json
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.inside.functions import asynchronous
from lab_harness.emulators.inside.functions.asynchronous import RETRY_WAITS, SCALE
from tests.labs.helpers import zipped
from tests.log_lines import log_lines
from tests.roles import everybody, let_in, policy, ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:work"
SPOILT = "def lambda_handler(event, context):\n    raise ValueError('spoilt')"
ECHO = "def lambda_handler(event, context):\n    return {'got': event}"
SLOW = "import time\ndef lambda_handler(event, context):\n    time.sleep(event['seconds'])\n    return 'done'"


@pytest.fixture
def clients(embedded):
    embedded.reset()
    ready(embedded, ROLE)
    return Clients(embedded, as_learner=True)


def create(clients, code, name="work", **settings):
    clients["lambda"].create_function(
        FunctionName=name, Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=ROLE,
        Code={"ZipFile": zipped(code)}, **settings,
    )  # fmt: skip
    clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})


def queue(clients, name="left"):
    lets_in = {"Policy": policy(everybody("sqs:SendMessage"))}
    url = clients["sqs"].create_queue(QueueName=name, Attributes=lets_in)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:000000000000:{name}"


def configure(clients, **settings):
    """Say what becomes of events for the function."""
    places = {side: {"Destination": settings.pop(side)} for side in ("OnSuccess", "OnFailure") if side in settings}
    clients["lambda"].put_function_event_invoke_config(FunctionName="work", DestinationConfig=places, **settings)


def invoke(clients, event, **where):
    answer = clients["lambda"].invoke(
        FunctionName="work", InvocationType="Event", Payload=json.dumps(event).encode(), **where
    )
    assert answer["StatusCode"] == 202
    return answer["ResponseMetadata"]["RequestId"]


def received(clients, url):
    """The next message of a queue."""
    found = wait_until(
        lambda: clients["sqs"].receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )
    clients["sqs"].delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return found[0]


def record(clients, url):
    return json.loads(received(clients, url)["Body"])


def test_event_is_tried_three_times_under_the_id_of_the_answer_after_a_minute_and_two(clients, embedded):
    create(clients, SPOILT)
    answered = invoke(clients, {"n": 1})
    runs = wait_until(lambda: len(found := embedded.runs("work")) == 3 and found)
    assert {run.lines[0].split()[2] for run in runs} == {answered}
    waits = [later.time - earlier.time for earlier, later in pairwise(runs)]
    assert waits[0] > RETRY_WAITS[0] * SCALE * 0.9
    assert waits[1] > RETRY_WAITS[1] * SCALE * 0.9


def test_dead_letter_is_the_event_with_three_attributes(clients):
    url, arn = queue(clients)
    create(clients, SPOILT, DeadLetterConfig={"TargetArn": arn})
    configure(clients, MaximumRetryAttempts=0)
    answered = invoke(clients, {"n": 1})
    letter = received(clients, url)
    assert json.loads(letter["Body"]) == {"n": 1}
    assert {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()} == {
        "RequestID": answered,
        "ErrorCode": "200",
        "ErrorMessage": "spoilt",
    }
    assert letter["MessageAttributes"]["ErrorCode"]["DataType"] == "Number"


def test_on_failure_a_queue_gets_awss_record(clients):
    url, arn = queue(clients)
    create(clients, SPOILT)
    configure(clients, MaximumRetryAttempts=1, OnFailure=arn)
    answered = invoke(clients, {"n": 1})
    told = record(clients, url)
    assert told.pop("timestamp").endswith("Z")
    stack = told["responsePayload"].pop("stackTrace")
    assert "spoilt" in stack[0]
    assert told == {
        "version": "1.0",
        "requestContext": {
            "requestId": answered,
            "functionArn": f"{ARN}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 2,
        },
        "requestPayload": {"n": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "spoilt", "errorType": "ValueError"},
    }


def test_on_success_queue_topic_function_and_bus_get_the_record(clients, embedded):
    url, arn = queue(clients)
    topic = clients["sns"].create_topic(Name="done")["TopicArn"]
    clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    create(clients, ECHO)
    create(clients, ECHO, "next")
    bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    clients["events"].put_rule(Name="done", EventPattern='{"source": ["lambda"]}')
    clients["events"].put_targets(Rule="done", Targets=[{"Id": "1", "Arn": arn}])
    for number, place in enumerate((arn, topic, bus)):
        configure(clients, OnSuccess=place)
        invoke(clients, {"n": number})
        told = record(clients, url)
        if place == bus:
            kind = "Lambda Function Invocation Result - Success"
            assert (told["detail-type"], told["resources"]) == (kind, [bus, f"{ARN}:$LATEST"])
            told = told["detail"]
        assert told["requestContext"]["condition"] == "Success"
        assert told["requestContext"]["approximateInvokeCount"] == 1
        assert (told["requestPayload"], told["responsePayload"]) == ({"n": number}, {"got": {"n": number}})
    configure(clients, OnSuccess=ARN.replace("work", "next"))
    invoke(clients, {"n": 9})
    (run,) = wait_until(lambda: embedded.runs("next"))
    assert (json.loads(run.event)["requestPayload"], run.by) == ({"n": 9}, "lambda work")


def test_on_failure_a_bucket_gets_the_record(clients):
    clients["s3"].create_bucket(Bucket="failures")
    create(clients, SPOILT)
    configure(clients, MaximumRetryAttempts=0, OnFailure="arn:aws:s3:::failures")
    answered = invoke(clients, {"n": 1})
    (found,) = wait_until(lambda: clients["s3"].list_objects_v2(Bucket="failures").get("Contents"))
    assert found["Key"].startswith("aws/lambda/async/work/")
    kept = json.load(clients["s3"].get_object(Bucket="failures", Key=found["Key"])["Body"])
    assert kept["requestContext"]["requestId"] == answered


def test_configuration_is_updated_in_part(clients):
    _, arn = queue(clients)
    create(clients, SPOILT)
    lambda_ = clients["lambda"]
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.update_function_event_invoke_config(FunctionName="work", MaximumRetryAttempts=1)
    configure(clients, MaximumEventAgeInSeconds=60, OnFailure=arn)
    told = lambda_.update_function_event_invoke_config(FunctionName="work", MaximumRetryAttempts=1)
    assert (told["MaximumRetryAttempts"], told["MaximumEventAgeInSeconds"]) == (1, 60)
    assert told["DestinationConfig"]["OnFailure"]["Destination"] == arn


def test_bucket_topic_rule_and_schedule_invoke_by_the_same_way(clients):
    url, arn = queue(clients)
    create(clients, SPOILT)
    configure(clients, MaximumRetryAttempts=0, OnFailure=arn)
    for service in ("s3", "sns", "events"):
        let_in(clients, "work", service)
    clients["s3"].create_bucket(Bucket="photos")
    told = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": ARN, "Events": ["s3:ObjectCreated:*"]}]}
    clients["s3"].put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=told)
    topic = clients["sns"].create_topic(Name="news")["TopicArn"]
    clients["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=ARN)
    clients["events"].put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
    clients["events"].put_targets(Rule="orders", Targets=[{"Id": "1", "Arn": ARN}])
    entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
    schedule = {
        "Name": "once",
        "ScheduleExpression": "at(2020-01-01T08:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": ARN, "RoleArn": ROLE, "Input": '{"due": "long ago"}'},
    }
    for send, found in (
        (lambda: clients["s3"].put_object(Bucket="photos", Key="cat.jpg", Body=b"x"), "cat.jpg"),
        (lambda: clients["sns"].publish(TopicArn=topic, Message="hello"), "hello"),
        (lambda: clients["events"].put_events(Entries=[entry]), "shop"),
        (lambda: clients["scheduler"].create_schedule(**schedule), "long ago"),
    ):
        send()
        assert found in json.dumps(record(clients, url)["requestPayload"])


def test_alias_has_a_configuration_of_its_own(clients):
    url, arn = queue(clients)
    create(clients, SPOILT)
    clients["lambda"].publish_version(FunctionName="work")
    clients["lambda"].create_alias(FunctionName="work", Name="live", FunctionVersion="1")
    clients["lambda"].put_function_event_invoke_config(
        FunctionName="work", Qualifier="live", MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )  # fmt: skip
    invoke(clients, {"n": 1}, Qualifier="live")
    told = record(clients, url)
    assert told["requestContext"]["functionArn"] == f"{ARN}:live"
    assert told["responseContext"]["executedVersion"] == "1"


def test_throttled_event_waits_and_counts_no_try(clients, embedded):
    url, arn = queue(clients)
    create(clients, SLOW, Timeout=30)
    configure(clients, OnSuccess=arn, MaximumRetryAttempts=0)
    clients["lambda"].put_function_concurrency(FunctionName="work", ReservedConcurrentExecutions=1)
    for _ in range(2):
        invoke(clients, {"seconds": 0.5})
    told = [record(clients, url)["requestContext"] for _ in range(2)]
    assert [each["approximateInvokeCount"] for each in told] == [1, 1]
    assert len(embedded.runs("work")) == 2


def test_function_that_may_not_run_at_all_gets_no_try(clients):
    url, arn = queue(clients)
    create(clients, ECHO, DeadLetterConfig={"TargetArn": arn})
    clients["lambda"].put_function_concurrency(FunctionName="work", ReservedConcurrentExecutions=0)
    invoke(clients, {"n": 1})
    assert received(clients, url)["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    configure(clients, OnFailure=arn)
    invoke(clients, {"n": 2})
    told = [json.loads(received(clients, url)["Body"]) for _ in range(2)]
    (context,) = [each["requestContext"] for each in told if "requestContext" in each]
    assert (context["condition"], context["approximateInvokeCount"]) == ("ZeroReservedConcurrency", 0)


def test_event_that_would_get_too_old_is_tried_no_more(clients, embedded):
    url, arn = queue(clients)
    create(clients, SPOILT)
    configure(clients, OnFailure=arn, MaximumEventAgeInSeconds=60)
    invoke(clients, {"n": 1})
    told = record(clients, url)["requestContext"]
    assert (told["condition"], told["approximateInvokeCount"]) == ("EventAgeExceeded", 1)
    assert len(embedded.runs("work")) == 1


def test_who_has_caused_it_stays_known_through_all_tries_and_beyond(clients, embedded):
    create(clients, SPOILT)
    create(clients, ECHO, "next")
    configure(clients, OnFailure=ARN.replace("work", "next"), MaximumRetryAttempts=1)
    invoke(Clients(embedded), {"n": 1})
    (last,) = wait_until(lambda: embedded.runs("next"))
    assert [(run.by, run.probe) for run in embedded.runs("work")] == [("checks", True)] * 2
    assert (last.by, last.probe) == ("lambda work", True)


def test_metrics_count_each_try_and_what_is_dropped(clients):
    url, arn = queue(clients)
    create(clients, SPOILT)
    configure(clients, OnFailure=arn, MaximumRetryAttempts=1)
    invoke(clients, {"n": 1})
    received(clients, url)

    def counted(metric):
        got = clients["cloudwatch"].get_metric_statistics(
            Namespace="AWS/Lambda", MetricName=metric, Period=86400, Statistics=["Sum"],
            Dimensions=[{"Name": "FunctionName", "Value": "work"}], StartTime="2020-01-01", EndTime="2100-01-01",
        )  # fmt: skip
        return sum(point["Sum"] for point in got["Datapoints"])

    assert {name: counted(name) for name in ("Invocations", "Errors", "AsyncEventsDropped")} == {
        "Invocations": 2,
        "Errors": 2,
        "AsyncEventsDropped": 1,
    }


def test_emptied_account_forgets_its_events(clients, embedded):
    create(clients, SPOILT)
    invoke(clients, {"n": "of the account before"})
    wait_until(lambda: embedded.runs("work"))
    embedded.reset()
    ready(embedded, ROLE)
    url, arn = queue(clients)
    create(clients, SPOILT)
    configure(clients, OnFailure=arn)  # Its event is over when one that waited before would be, too.
    invoke(clients, {"n": 2})
    received(clients, url)
    assert {run.event for run in embedded.runs("work")} == {'{"n": 2}'}


def test_waits_are_awss_in_another_scale():
    assert asynchronous.RETRY_WAITS == (60.0, 120.0)
    assert [wait * SCALE for wait in asynchronous.RETRY_WAITS] == [1.0, 2.0]


def test_synchronous_answer_has_the_request_id_of_its_run(clients, embedded):
    create(clients, ECHO)
    answer = clients["lambda"].invoke(FunctionName="work", Payload=b"{}")
    (run,) = wait_until(lambda: embedded.runs("work"))
    assert run.lines[0].split()[2] == answer["ResponseMetadata"]["RequestId"]


def test_settings_of_latest_are_those_without_a_qualifier(clients):
    create(clients, "def lambda_handler(event, context): return 1")
    lambda_, latest = clients["lambda"], {"FunctionName": "work", "Qualifier": "$LATEST"}
    lambda_.put_function_event_invoke_config(**latest, MaximumRetryAttempts=1)
    assert lambda_.get_function_event_invoke_config(FunctionName="work")["MaximumRetryAttempts"] == 1
    lambda_.put_function_event_invoke_config(FunctionName="work", MaximumRetryAttempts=0)
    assert lambda_.get_function_event_invoke_config(**latest)["MaximumRetryAttempts"] == 0
    lambda_.delete_function_event_invoke_config(**latest)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambda_.get_function_event_invoke_config(FunctionName="work")


def test_call_that_came_before_events_is_one(clients, embedded):
    create(clients, "def lambda_handler(event, context):\n    print('got', event)")
    answer = clients["lambda"].invoke_async(FunctionName="work", InvokeArgs=b'{"order": 1}')
    assert answer["Status"] == answer["ResponseMetadata"]["HTTPStatusCode"] == 202

    wait_until(lambda: any("got {'order': 1}" in each for each in log_lines(clients["logs"], "/aws/lambda/work")))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        clients["lambda"].invoke_async(FunctionName="none", InvokeArgs=b"{}")
