"""Tests for the call log: each AWS call under boto3's name for it, and by whom it was made."""

import asyncio
import io
import json
import urllib.request
import zipfile
from datetime import UTC, datetime
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from lab_harness.aws import Clients
from lab_harness.emulators.inside.records.call_log import MAX_CALLS, MAX_WAIT, CallLog, describe_call
from tests.roles import ready
from tests.waiting import in_thread

# Operations that are sent just like another one, whose name the log has.
TWINS = {
    ("s3", "GetBucketLifecycle"): "GetBucketLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "PutBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "GetBucketNotificationConfiguration",
    ("s3", "PutBucketNotification"): "PutBucketNotificationConfiguration",
}
UNSUPPORTED = {"ListDirectoryBuckets", "WriteGetObjectResponse"}  # signed as services that no emulator has


SIMPLE = {
    "integer": 1,
    "long": 1,
    "float": 1.0,
    "double": 1.0,
    "boolean": True,
    "timestamp": datetime(2030, 1, 1, tzinfo=UTC),
    "blob": b"bytes",
}


def example(shape):
    """A value of a botocore shape, with the members that are required."""
    match shape.type_name:
        case "structure":
            return {name: example(shape.members[name]) for name in shape.required_members}
        case "list":
            return [example(shape.member)]
        case "map":
            return {"key": example(shape.value)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(3, shape.metadata.get("min", 3))
    return SIMPLE[shape.type_name]


class Sent(Exception):
    """Carries a request instead of sending it."""


def requests_of(service):
    """Each operation of a service with the request that boto3 makes of it."""
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    config = Config(parameter_validation=False, inject_host_prefix=False)
    client = session.client(service, endpoint_url="http://127.0.0.1:4566", config=config)

    def catch(request, **_):
        raise Sent(request)

    client.meta.events.register("before-send", catch)
    for method, operation in client.meta.method_to_api_mapping.items():
        if operation in UNSUPPORTED:
            continue
        shape = client.meta.service_model.operation_model(operation).input_shape
        with pytest.raises(Sent) as caught:
            getattr(client, method)(**(example(shape) if shape else {}))
        yield operation, caught.value.args[0]


def described(request):
    url = urlsplit(request.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    body = request.body.encode() if isinstance(request.body, str) else request.body
    return describe_call(request.method, url.path, url.query, {"host": url.netloc, **headers}, body or b"", "learner")


@pytest.mark.parametrize(
    "service",
    [
        "apigateway",
        "apigatewayv2",
        "lambda",
        "s3",
        "scheduler",
        "dynamodb",
        "events",
        "logs",
        "stepfunctions",
        "sqs",
        "cloudformation",
        "sns",
        "sts",
        "cloudwatch",
    ],
)
def test_every_operation_of_a_service_has_boto3s_name(service):
    wrong = {}
    for operation, request in requests_of(service):
        call = described(request)
        if (call["service"], call["operation"]) != (service, TWINS.get((service, operation), operation)):
            wrong[operation] = call
    assert wrong == {}


def name_of(method, path, query="", body=b"", **headers):
    given = {"host": "127.0.0.1:4566", **{name.replace("_", "-"): value for name, value in headers.items()}}
    call = describe_call(method, path, query, given, body, "learner")
    return call["service"], call["operation"]


SIGNED = "AWS4-HMAC-SHA256 Credential=test/20300101/us-east-1/{}/aws4_request"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_aws/execute-api/abc123/prod/orders/a%20b", "GET /prod/orders/a b"),
        ("/restapis/abc123/prod/_user_request_/orders", "GET /orders"),
        ("/_aws/lambda-url/abc123/orders", "GET /orders"),
        ("/_aws/execute-api/abc123", "GET /"),
    ],
)
def test_call_of_an_api_is_shown_as_its_route(path, expected):
    assert name_of("GET", path) == ("execute-api", expected)


@pytest.mark.parametrize("host", ["abc123.execute-api.localhost:4566", "abc123.lambda-url.us-east-1.localhost:4566"])
def test_call_of_an_api_by_its_host_is_shown_as_its_route(host):
    assert name_of("GET", "/orders", host=host) == ("execute-api", "GET /orders")


def test_query_call_in_a_url_has_its_name():
    assert name_of("GET", "/", "Action=ListQueues", authorization=SIGNED.format("sqs"))[1] == "ListQueues"


def test_presigned_upload_has_its_name():
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20300101%2Fus-east-1%2Fs3%2Faws4_request"
    assert name_of("PUT", "/photos/cat.jpg", query) == ("s3", "PutObject")


def test_key_with_slashes_and_odd_characters_is_one_object():
    assert name_of("GET", "/photos/2030/a%20b%2Fc.jpg", authorization=SIGNED.format("s3")) == ("s3", "GetObject")


def test_name_with_an_escaped_slash_is_one_part_of_a_path():
    path = "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc"
    assert name_of("GET", path, authorization=SIGNED.format("apigateway")) == ("apigateway", "GetTags")


def test_request_that_is_no_operation_is_shown_as_it_is():
    assert name_of("PATCH", "/2015-03-31/a%20b", authorization=SIGNED.format("lambda")) == (
        "lambda",
        "PATCH /2015-03-31/a b",
    )


def filled(count):
    log = CallLog()
    for number in range(1, count + 1):
        log.add({"service": "s3", "operation": f"call {number}"}, 0.12345)
    return log


def test_numbers_grow_by_one():
    assert [(call["number"], call["operation"]) for call in filled(3).since(0)] == [
        (1, "call 1"),
        (2, "call 2"),
        (3, "call 3"),
    ]


def test_seconds_are_rounded():
    assert filled(1).since(0)[0]["seconds"] == 0.1235


@pytest.mark.parametrize(("number", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (3, []), (-5, [1, 2, 3])])
def test_since_gives_the_later_calls(number, expected):
    assert [call["number"] for call in filled(3).since(number)] == expected


def test_full_log_drops_its_oldest_calls():
    log = filled(MAX_CALLS + 2)
    assert log.since(0)[0]["number"] == 3
    assert [call["number"] for call in log.since(MAX_CALLS)] == [MAX_CALLS + 1, MAX_CALLS + 2]


def test_numbers_go_on_growing_after_the_log_was_cleared_and_leave_one_out():
    log = filled(3)
    log.clear()
    log.add({"operation": "call 4"}, 0)
    assert [call["number"] for call in log.since(0)] == [5]
    assert [call["number"] for call in log.since(3)] == [5]


def test_number_that_is_not_reached_yet_is_another_logs_so_nothing_of_this_one_is_known():
    assert [call["number"] for call in filled(3).since(99)] == [1, 2, 3]


def test_numbers_begin_where_the_log_is_told():
    log = CallLog(last=1000)
    log.add({"operation": "a call"}, 0)
    assert [call["number"] for call in log.since(0)] == [call["number"] for call in log.since(999)] == [1001]


# Waiting for the next call.


def waiting(log, number, count=1, wait=30):
    """So many who wait for calls after this number, in a running event loop, each once it waits."""
    return [asyncio.ensure_future(log.later(number, wait)) for _ in range(count)]


def test_all_who_wait_are_told_the_next_call_once():
    async def run():
        log = filled(3)
        waiters = waiting(log, 3, count=5)
        await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        log.add({"operation": "call 4"}, 0)
        answers = await asyncio.wait_for(asyncio.gather(*waiters), 20)
        assert [[call["number"] for call in calls] for calls in answers] == [[4]] * 5
        [second] = waiting(log, 4)
        await asyncio.sleep(0)
        assert not second.done()
        log.add({"operation": "call 5"}, 0)
        assert [call["number"] for call in await asyncio.wait_for(second, 20)] == [5]

    asyncio.run(run())


@pytest.mark.parametrize(("number", "expected"), [(0, [1, 2, 3]), (1, [2, 3]), (99, [1, 2, 3])])
def test_nobody_waits_for_calls_that_are_there(number, expected):
    calls = asyncio.run(asyncio.wait_for(filled(3).later(number, 30), 20))
    assert [call["number"] for call in calls] == expected


@pytest.mark.parametrize("wait", [0, 0.05])
def test_who_has_waited_long_enough_is_told_that_there_was_no_call(wait):
    assert asyncio.run(asyncio.wait_for(filled(3).later(3, wait), 20)) == []


def test_nobody_waits_longer_than_the_longest_wait(monkeypatch):
    assert MAX_WAIT == 30
    monkeypatch.setattr("lab_harness.emulators.inside.records.call_log.MAX_WAIT", 0.05)
    assert asyncio.run(asyncio.wait_for(filled(3).later(3, 1e9), 20)) == []


def test_who_waits_for_calls_after_a_number_of_another_emulator_is_told_the_first():
    async def run():
        log = CallLog()
        [waiter] = waiting(log, 500)
        await asyncio.sleep(0)
        log.add({"operation": "call 1"}, 0)
        return await asyncio.wait_for(waiter, 20)

    assert [call["number"] for call in asyncio.run(run())] == [1]


def test_who_waits_while_the_log_is_cleared_is_told_the_next_call():
    async def run():
        log = filled(3)
        [waiter] = waiting(log, 3)
        await asyncio.sleep(0)
        log.clear()
        log.add({"operation": "after that"}, 0)
        return await asyncio.wait_for(waiter, 20)

    assert [call["operation"] for call in asyncio.run(run())] == ["after that"]


def test_nobody_waits_for_a_closed_log():
    async def run():
        log = filled(3)
        waiters = waiting(log, 3, count=2)
        await asyncio.sleep(0)
        log.close()
        waiters += waiting(log, 3)
        return await asyncio.wait_for(asyncio.gather(*waiters), 20)

    assert asyncio.run(run()) == [[], [], []]


# Through HTTP.


@pytest.fixture(scope="module")
def checks(embedded):
    """The harness's own clients."""
    return Clients(embedded)


@pytest.fixture(scope="module")
def learner(embedded):
    """Clients as a learner makes them."""
    key = embedded.learner
    session = boto3.session.Session(key.access_key_id, key.secret_access_key, region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=embedded.endpoint)


@pytest.fixture
def role(embedded):
    return ready(embedded)


@pytest.fixture
def newest(embedded):
    """The calls made since the test began."""
    before = embedded.calls()
    number = before[-1].number if before else 0
    return lambda: embedded.calls(since=number)


def names(calls):
    return [(call.service, call.operation) for call in calls]


def test_calls_are_logged_in_order_with_what_became_of_them(learner, newest):
    s3 = learner("s3")
    s3.create_bucket(Bucket="logged")
    s3.put_object(Bucket="logged", Key="folder/a b.txt", Body=b"text")
    s3.copy_object(Bucket="logged", Key="copy.txt", CopySource={"Bucket": "logged", "Key": "folder/a b.txt"})
    s3.get_object(Bucket="logged", Key="copy.txt")["Body"].read()
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="logged", Key="nowhere")
    s3.list_objects_v2(Bucket="logged")
    s3.delete_object(Bucket="logged", Key="copy.txt")
    calls = newest()
    expected = ["CreateBucket", "PutObject", "CopyObject", "GetObject", "GetObject", "ListObjectsV2", "DeleteObject"]
    assert names(calls) == [("s3", name) for name in expected]
    assert [call.status for call in calls] == [200, 200, 200, 200, 404, 200, 204]
    assert [call.number for call in calls] == list(range(calls[0].number, calls[0].number + 7))
    assert all(call.caller == "learner" for call in calls)


def test_each_protocol_is_logged_by_name(learner, newest):
    learner("dynamodb").list_tables()
    learner("sns").list_topics()
    learner("lambda").list_functions()
    learner("apigatewayv2").get_apis()
    learner("cloudwatch").list_metrics()
    learner("stepfunctions").list_state_machines()
    assert names(newest()) == [
        ("dynamodb", "ListTables"),
        ("sns", "ListTopics"),
        ("lambda", "ListFunctions"),
        ("apigatewayv2", "GetApis"),
        ("cloudwatch", "ListMetrics"),
        ("stepfunctions", "ListStateMachines"),
    ]


def test_time_and_duration_are_those_of_the_call(embedded, learner, newest):
    before = embedded.now()
    learner("sqs").list_queues()
    [call] = newest()
    assert before <= call.time <= embedded.now()
    assert 0 < call.seconds < 5


def test_calls_of_the_checks_are_told_from_the_learners(checks, learner, newest):
    checks["sqs"].list_queues()
    learner("sqs").list_queues()
    assert [call.caller for call in newest()] == ["checks", "learner"]


CALLER = """
import boto3

def handler(event, context):
    boto3.client("sqs").list_queues()
"""


def test_calls_of_a_function_bear_its_name(learner, role, newest):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_function.py", CALLER)
    lambda_ = learner("lambda")
    lambda_.create_function(
        FunctionName="caller",
        Runtime="python3.12",
        Role=role,
        Handler="lambda_function.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    assert json.load(lambda_.invoke(FunctionName="caller")["Payload"]) is None
    callers = {(call.operation, call.caller) for call in newest()}
    assert callers == {("CreateFunction", "learner"), ("ListQueues", "function caller"), ("Invoke", "learner")}


def test_looking_at_the_log_is_not_logged(embedded, newest):
    embedded.inbox()
    embedded.healthy()
    with urllib.request.urlopen(f"{embedded.endpoint}/_ministack/health") as answer:
        assert answer.status == 200
    assert newest() == []


def test_reset_empties_the_log_but_numbers_go_on(embedded, learner):
    learner("sqs").list_queues()
    number = embedded.calls()[-1].number
    embedded.reset()
    assert embedded.calls() == []
    learner("sqs").list_queues()
    assert [call.number for call in embedded.calls()] == [number + 2]


def last_number(emulator):
    return max((call.number for call in emulator.calls()), default=0)


def test_call_is_told_to_all_who_wait_for_it(embedded, learner):
    learner("sqs").list_queues()
    last = last_number(embedded)
    waiters = [in_thread(embedded.calls, last, 25) for _ in range(3)]
    assert not any(waiter.done() for waiter in waiters)
    learner("sqs").create_queue(QueueName="awaited")
    assert [names(waiter.result(5)) for waiter in waiters] == [[("sqs", "CreateQueue")]] * 3


def test_no_call_is_told_when_the_time_is_over(embedded):
    assert embedded.calls(last_number(embedded), wait=0.05) == []


def test_others_are_served_while_somebody_waits(embedded, learner):
    waiter = in_thread(embedded.calls, last_number(embedded), 25)
    assert embedded.healthy()
    learner("sqs").list_queues()
    assert names(waiter.result(5)) == [("sqs", "ListQueues")]


def test_a_call_is_kept_in_short_however_long_what_it_says_is():
    endless = "Pets" * 100_000
    form = {"content-type": "application/x-www-form-urlencoded", "host": "localhost"}
    call = describe_call("POST", f"/{endless}", "", form, f"Action={endless}".encode(), "learner")
    calls = CallLog()
    calls.add({**call, "denied": endless}, 0.0)
    assert len(json.dumps(calls.since(0))) < 10_000
