"""Tests for what happened after the last request: which request that is, and which steps belong to it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lab_harness.account.trace import SILENCE, Step, invocations, trace
from lab_harness.aws import Clients
from lab_harness.emulators.base import NO_CALL_LOG, Call, Denial, Mail, Run
from lab_harness.notebook import pictures
from lab_harness.render.trace import trace_picture
from tests.labs.helpers import zipped
from tests.roles import ready
from tests.waiting import wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"
START = 1_700_000_000.0


def call(number, at, operation, caller="learner", service="sqs", status=200, seconds=0.004, probe=False):
    return Call(number, START + at, service, operation, caller, status, seconds, probe)


def report(at, ran=10.0, init=None, more="", request="one"):
    """A log's REPORT line, written at a time after START."""
    text = f"REPORT RequestId: {request}\tDuration: {ran:.2f} ms\tBilled Duration: 1 ms\tMemory Size: 128 MB"
    return line(at, text + (f"\tInit Duration: {init:.2f} ms" if init is not None else "") + more)


def line(at, text, stream="a"):
    return {"timestamp": round((START + at) * 1000), "message": text, "logStreamName": stream}


class Pages:
    """A client of logs whose groups hold these events."""

    def __init__(self, groups):
        self._groups = groups

    def get_paginator(self, operation):
        def paginate(logGroupNamePrefix="", logGroupName=""):  # noqa: N803
            names = [name for name in self._groups if name.startswith(logGroupNamePrefix)]
            described = [{"logGroups": [{"logGroupName": name}]} for name in names]
            # A page for each event, as AWS may well give them.
            return described if operation == "describe_log_groups" else [
                {"events": [event]} for event in self._groups[logGroupName]
            ]  # fmt: skip

        return SimpleNamespace(paginate=paginate)


def happened(calls=(), mails=(), probes=(), checks=False, denials=(), **logs):
    """The steps after the last request, from a call log, functions' logs and mails; `probes` are requests' ids."""
    mails = [Mail("ada@example.com", subject, "", START + at, probe=subject in probes) for at, subject in mails]
    runs = [Run("sqs things", "{}", [f"START RequestId: {each} Version: 1"], START, True) for each in probes]
    emulator = SimpleNamespace(calls=lambda: None if calls is None else list(calls), inbox=lambda: mails)
    emulator.denials = lambda: list(denials)
    emulator.runs = lambda function: None if calls is None else runs
    groups = Pages({f"/aws/lambda/{name}": events for name, events in logs.items()})
    clients = {"logs": groups, "inbox": emulator.inbox}
    return trace(type("Fake", (dict,), {"emulator": emulator})(clients), checks)


def said(steps):
    return [(round(step.time - steps[0].time, 3), step.who, step.what) for step in steps]


# Which request


def test_nothing_has_happened():
    assert happened() == happened(None) == []


def test_last_request_is_where_it_begins():
    steps = happened(
        [call(1, 0, "SendMessage"), call(2, 1, "SendMessage"), call(3, 1.5, "PutItem", "function work", "dynamodb")],
        work=[report(0.5), report(2, ran=600)],
    )
    assert said(steps) == [
        (0, "learner", "sqs SendMessage"),
        (0.4, "work", "invoked, warm"),
        (0.5, "work", "dynamodb PutItem"),
    ]


def test_invocation_begins_before_its_calls_also_where_its_report_is_late():
    calls = [call(1, 0, "Invoke", service="lambda")]
    calls += [call(number, at, "Publish", "function work", "sns") for number, at in ((2, 0.1), (3, 0.2), (4, 2.0))]
    assert said(happened(calls, work=[report(0.5), report(2.9)])) == [
        (0, "learner", "lambda Invoke"),
        (0.1, "work", "invoked, warm"),
        (0.1, "work", "sns Publish"),
        (0.2, "work", "sns Publish"),
        (2.0, "work", "invoked, warm"),
        (2.0, "work", "sns Publish"),
    ]


def test_call_long_before_an_invocation_is_not_its_own():
    calls = [call(1, 0, "Invoke", service="lambda"), call(2, 0.1, "Publish", "function work", "sns")]
    assert said(happened(calls, work=[report(5)])) == [
        (0, "learner", "lambda Invoke"),
        (0.1, "work", "sns Publish"),
        (4.99, "work", "invoked, warm"),
    ]


def test_request_without_an_effect_is_passed_over():
    calls = [call(1, 0, "SendMessage"), call(2, 5, "PutItem", service="dynamodb")]
    assert said(happened(calls, work=[report(1)]))[0] == (0, "learner", "sqs SendMessage")


def test_request_is_shown_before_anything_has_come_of_it():
    assert said(happened([call(1, 0, "SendMessage"), call(2, 5, "Publish", service="sns")])) == [
        (0, "learner", "sns Publish")
    ]


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sqs", "SendMessage"), ("sqs", "SendMessageBatch"), ("sns", "Publish"), ("sns", "PublishBatch"),
        ("lambda", "Invoke"), ("stepfunctions", "StartExecution"), ("stepfunctions", "StartSyncExecution"),
        ("stepfunctions", "SendTaskSuccess"), ("events", "PutEvents"), ("dynamodb", "PutItem"), ("s3", "PutObject"),
        ("ec2", "TerminateInstances"), ("ec2", "RunInstances"), ("apigateway", "TestInvokeMethod"),
        ("execute-api", "GET /pets"), ("lambda-url", "POST /"),
    ],
)  # fmt: skip
def test_calls_that_set_something_going_are_requests(service, operation):
    assert said(happened([call(1, 0, operation, service=service)])) == [(0, "learner", f"{service} {operation}")]


def test_a_viewers_request_is_one_and_what_runs_at_the_edge_has_the_functions_name():
    calls = [call(1, 0, "PutObject", service="s3"), call(2, 5, "GET /news/", service="distribution")]
    steps = happened(calls, **{"us-east-1.edge-order": [report(5.02)]})
    assert [(step.who, step.what) for step in steps] == [
        ("learner", "distribution GET /news/"),
        ("edge-order", "invoked, warm"),
    ]


def test_what_checks_have_set_going_is_left_out_and_marked_where_it_is_asked_for():
    calls = [
        call(1, 0, "SendMessage"),
        call(2, 1, "PutItem", "function work", "dynamodb"),
        call(3, 2, "SendMessage", "checks", probe=True),
        call(4, 2.9, "PutItem", "function work", "dynamodb", probe=True),
    ]
    work = [report(1.01, 20), report(3, 200, request="probe")]
    found = {"calls": calls, "mails": [(1.2, "Mine"), (3.1, "probe")], "probes": ["probe"], "work": work}
    assert [(step.who, step.what) for step in happened(**found)] == [
        ("learner", "sqs SendMessage"),
        ("work", "invoked, warm"),
        ("work", "dynamodb PutItem"),
        ("inbox", "mail to ada@example.com: Mine"),
    ]
    steps = happened(**found, checks=True)
    assert [step.who for step in steps] == ["checks", "work", "work", "inbox"]
    assert all(step.probe for step in steps)
    assert str(trace_picture("", steps)).count("for a check") == 4


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sqs", "ReceiveMessage"), ("dynamodb", "GetItem"), ("lambda", "CreateFunction"), ("lambda", "PublishVersion"),
        ("s3", "PutObjectTagging"), ("s3", "PutBucketPolicy"), ("events", "PutRule"), ("s3", "GET /index.html"),
        ("ec2", "DescribeInstances"), ("logs", "PutLogEvents"), ("stepfunctions", "DescribeExecution"),
        ("events", "TestEventPattern"),
    ],
)  # fmt: skip
def test_calls_that_look_or_build_are_none(service, operation):
    assert happened([call(1, 0, operation, service=service)]) == []
    calls = [call(1, 0, "SendMessage"), call(2, 1, operation, service=service)]
    assert said(happened(calls, work=[report(2)])) == [
        (0, "learner", "sqs SendMessage"),
        (1.99, "work", "invoked, warm"),
    ]


def test_functions_own_calls_are_shown_and_are_no_requests():
    calls = [
        call(1, 0, "SendMessage"),
        call(2, 1, "GetItem", "function work", "dynamodb"),
        call(3, 1.1, "Publish", "function work", "sns", status=403),
    ]
    steps = happened(calls, [(1.2, "Hello")], work=[report(1.5, 600)])
    assert said(steps) == [
        (0, "learner", "sqs SendMessage"),
        (0.9, "work", "invoked, warm"),
        (1, "work", "dynamodb GetItem"),
        (1.1, "work", "sns Publish"),
        (1.2, "inbox", "mail to ada@example.com: Hello"),
    ]
    assert [step.failed for step in steps] == [False, False, False, True, False]
    assert [step.kind for step in steps] == ["call", "warm", "call", "call", "mail"]


def test_calls_that_ended_before_the_request_did_belong_to_it():
    calls = [
        call(1, 0, "Publish", service="sns"),
        call(2, 1.2, "PutItem", "function work", "dynamodb"),
        call(3, 1, "Invoke", service="lambda", seconds=0.5),
    ]
    assert said(happened(calls, work=[report(1.4, 300)])) == [
        (0, "learner", "lambda Invoke"),
        (0.1, "work", "invoked, warm"),
        (0.2, "work", "dynamodb PutItem"),
    ]


def test_functions_calls_alone_are_no_request():
    assert happened([call(1, 0, "PutItem", "function work", "dynamodb")], work=[report(1)]) == []


def test_request_stands_first_though_a_logs_times_are_rounded():
    steps = happened([call(1, 0.0009, "Invoke", service="lambda")], work=[report(0.0102, 10)])
    assert [step.who for step in steps] == ["learner", "work"]
    assert steps[1].time == steps[0].time


# Which invocations


def test_cold_and_warm_invocations_with_when_they_began_and_how_long_they_took():
    steps = happened(
        [call(1, 0, "Invoke", service="lambda")], work=[report(0.5, 50, init=120), report(1, 20), report(2, 5, 0)]
    )
    assert [(step.what, step.kind) for step in steps[1:]] == [
        ("invoked, cold start 120 ms", "cold"),
        ("invoked, warm", "warm"),
        ("invoked, cold start 0 ms", "cold"),
    ]
    assert [(round(step.time - START, 3), round(step.seconds, 3)) for step in steps[1:]] == [
        (0.33, 0.17),
        (0.98, 0.02),
        (1.995, 0.005),
    ]


def test_failed_invocations_and_their_retries_are_each_a_step():
    events = [
        line(0.1, "START RequestId: one"),
        line(0.1, "[ERROR] ValueError: unlucky"),
        line(0.1, "Traceback (most recent call last):"),
        report(0.1),
        line(1.1, "START RequestId: one"),
        line(1.1, "[ERROR] Runtime.ImportModuleError: no such module\nTraceback"),
        report(1.1),
        report(3.1),
    ]
    steps = invocations(Pages({"/aws/lambda/work": events}))
    assert [step.failed for step in steps] == [True, True, False]


def test_line_that_a_function_logs_is_no_failure():
    events = [
        line(0.1, "[ERROR]\t2030-01-01T00:00:00.000Z\tone\tValueError: unlucky, but handled"),
        line(0.1, "a text about [ERROR] ValueError: unlucky"),
        line(0.1, "REPORT: all is well. Status: fine"),
        report(0.1),
    ]
    assert [step.failed for step in invocations(Pages({"/aws/lambda/work": events}))] == [False]


def test_invocation_that_ran_out_of_time_has_failed():
    events = [report(0.1, 3000, more="\tStatus: timeout")]
    assert [step.failed for step in invocations(Pages({"/aws/lambda/work": events}))] == [True]


def test_environments_that_run_side_by_side_are_told_apart_by_their_log_streams():
    events = [
        line(0.1, "[ERROR] ValueError: unlucky", "b"),
        report(0.2) | {"logStreamName": "a"},
        report(0.3) | {"logStreamName": "b"},
    ]
    assert [step.failed for step in invocations(Pages({"/aws/lambda/work": events}))] == [False, True]


def test_all_functions_are_looked_at_and_no_other_log():
    steps = invocations(Pages({"/aws/lambda/a": [report(1)], "/aws/lambda/b": [report(2)], "/mine": [report(3)]}))
    assert [step.who for step in steps] == ["a", "b"]


# Without a call log


def test_without_a_call_log_the_last_burst_is_shown():
    work = [report(0), report(100), report(100 + SILENCE - 1), report(108 + SILENCE)]
    steps = happened(None, [(50, "old"), (101, "new")], work=work)
    assert said(steps) == [
        (0, "work", "invoked, warm"),
        (1.01, "inbox", "mail to ada@example.com: new"),
        (9, "work", "invoked, warm"),
        (18, "work", "invoked, warm"),
    ]


def test_silence_begins_when_the_longest_before_has_ended():
    assert len(happened(None, work=[report(30, 29_000), report(31)])) == 2
    assert len(happened(None, work=[report(2), report(30, 15_000), report(31)])) == 2


def test_steps_are_in_the_order_of_their_times():
    steps = happened(None, [(3, "third")], b=[report(1), report(4)], a=[report(2)])
    assert [step.who for step in steps] == ["b", "a", "inbox", "b"]


def refused(at, message, principal, probe=False):
    return Denial(START + at, "learner", principal, "", "lambda:InvokeFunction", "f", "k", message, None, [], probe)


def test_what_was_refused_is_there_once_and_by_its_right_name():
    role = "arn:aws:sts::000000000000:assumed-role/machine/pets"
    denials = [
        refused(0.1, "a", "events.amazonaws.com"), refused(0.2, "b", role), refused(0.3, "c", role, probe=True),
        refused(0.4, "d", "x"),
    ]  # fmt: skip
    calls = [call(1, 0, "SendMessage"), replace(call(2, 0.4, "PutItem", "function f", status=400), denied="d")]
    assert said(happened(calls, denials=denials)) == [
        (0.0, "learner", "sqs SendMessage"),
        (0.1, "events", "lambda:InvokeFunction without permission"),
        (0.2, "pets", "lambda:InvokeFunction without permission"),
        (0.4, "f", "sqs PutItem without permission"),
    ]
    assert len(happened(calls, denials=denials, checks=True)) == 5


# On the emulator


CODE = """
import boto3

def handler(event, context):
    boto3.client("sns").publish(TopicArn=event["topic"], Subject="Hello", Message="A text.")
    if event.get("fail"):
        raise ValueError("unlucky")
"""


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded)


@pytest.fixture
def topic(clients):
    clients["lambda"].create_function(
        FunctionName="greet", Runtime="python3.12", Role=ready(clients.emulator, ROLE),
        Handler="lambda_function.handler", Code={"ZipFile": zipped(CODE)},
    )  # fmt: skip
    arn = clients["sns"].create_topic(Name="news")["TopicArn"]
    clients["sns"].subscribe(TopicArn=arn, Protocol="email", Endpoint="ada@example.com")
    return arn


def test_nothing_yet_is_a_note(clients):
    assert str(pictures.trace(clients)) == (
        "Nothing has happened yet.\n  Send a request; what checks send is left out."
    )


def test_invocation_on_the_emulator_is_followed_to_the_mail(clients, topic, embedded):
    lambda_ = Clients(embedded, as_learner=True)["lambda"]
    kinds = []
    for fail in (False, False, True):
        lambda_.invoke(FunctionName="greet", Payload=json.dumps({"topic": topic, "fail": fail}))
        steps = wait_for(lambda: trace(clients), 4)
        assert [(step.who, step.what.split(",")[0]) for step in steps] == [
            ("learner", "lambda Invoke"),
            ("greet", "invoked"),
            ("greet", "sns Publish"),
            ("inbox", "mail to ada@example.com: Hello"),
        ]
        kinds.append((steps[1].kind, steps[1].failed))
    assert kinds == [("cold", False), ("warm", False), ("warm", True)]
    shown = str(pictures.trace(clients))
    assert shown.startswith("What happened after the last request\n")
    assert "✗ invoked, warm (" in shown
    assert shown.count("\n") == 4


def wait_for(look, count):
    wait_until(lambda: len(look()) == count)
    return look()


def test_emulator_without_a_call_log_says_so(clients, monkeypatch):
    monkeypatch.setattr(type(clients.emulator), "calls", lambda self, since=0: None)
    monkeypatch.setattr(
        pictures, "read_trace", lambda clients, checks: [Step(0, "work", "invoked, warm", 0.001, "warm")]
    )
    assert str(pictures.trace(clients)).splitlines()[1:] == [
        "  0 ms  work  ▶ invoked, warm (1 ms)",
        f"  {NO_CALL_LOG} {pictures.UNTOLD}",
    ]
