"""Tests for alarms that call functions on the embedded emulator: those that let them, with AWS's event."""

import json

import pytest

from tests.emulators.inside.permissions.authorization.conftest import account  # noqa: F401  a fixture
from tests.emulators.inside.permissions.authorization.listener import FUNCTION, forbid, is_denied, runs
from tests.waiting import wait_until

ALARMS = "lambda.alarms.cloudwatch.amazonaws.com"
ARN = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:{}"
FULL = ARN.format("full")
METRIC = {
    "Namespace": "Shop", "MetricName": "Waiting", "Dimensions": [{"Name": "Queue", "Value": "orders"}],
    "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


@pytest.fixture
def watch(account):  # noqa: F811
    """Makes an alarm of this name, and sets its state."""

    def set_state(state="ALARM", name="full", reason="tried"):
        account["cloudwatch"].set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def make(name="full", target=FUNCTION, **more):
        account["cloudwatch"].put_metric_alarm(AlarmName=name, **METRIC, AlarmActions=[target], **more)
        return set_state

    return make


def permit(account, source=FULL, **more):  # noqa: F811
    account["lambda"].add_permission(
        FunctionName="listener", StatementId=more.get("Qualifier", "let-in"), Action="lambda:InvokeFunction",
        Principal=ALARMS, SourceArn=source, **more,
    )  # fmt: skip


def events(embedded):
    return [json.loads(deed.detail) for deed in embedded.deeds()[1] if (deed.kind, deed.name) == ("run", "listener")]


def test_alarm_calls_a_function_that_lets_it(account, embedded, watch):  # noqa: F811
    ring = watch(OKActions=[FUNCTION])
    told = is_denied(embedded, ring)
    assert (told["principal"], told["action"], told["kind"]) == (
        ALARMS, "lambda:InvokeFunction", "resource-based policy",
    )  # fmt: skip
    permit(account, SourceAccount="000000000000")
    runs(embedded, lambda: ring("OK"))
    forbid(account)
    permit(account, ARN.format("another"))
    is_denied(embedded, ring)


def test_function_gets_awss_event(account, embedded, watch):  # noqa: F811
    permit(account)
    ring = watch(AlarmDescription="Too many wait")
    ring("OK", reason="quiet")
    runs(embedded, ring)
    (event,) = events(embedded)
    moment, name = event["time"], event["alarmData"]["configuration"]["metrics"][0].pop("id")
    assert moment.endswith("+0000")
    assert name
    before = event["alarmData"]["previousState"].pop("timestamp")
    assert before <= moment
    metric = {"namespace": "Shop", "name": "Waiting", "dimensions": {"Queue": "orders"}}
    measured = {"metricStat": {"metric": metric, "period": 60, "stat": "Sum"}, "returnData": True}
    assert event == {
        "source": "aws.cloudwatch", "alarmArn": FULL, "accountId": "000000000000", "time": moment,
        "region": "us-east-1",
        "alarmData": {
            "alarmName": "full", "state": {"value": "ALARM", "reason": "tried", "timestamp": moment},
            "previousState": {"value": "OK", "reason": "quiet"},
            "configuration": {"description": "Too many wait", "metrics": [measured]},
        },
    }  # fmt: skip
    assert wait_until(lambda: embedded.runs("listener"))[0].by == "cloudwatch full"


def test_version_is_called_by_its_own_policy(account, embedded, watch):  # noqa: F811
    number = account["lambda"].publish_version(FunctionName="listener")["Version"]
    ring = watch(target=f"{FUNCTION}:{number}")
    permit(account)
    is_denied(embedded, ring, f"{FUNCTION}:{number}")
    permit(account, Qualifier=number)
    ring("OK")
    runs(embedded, ring)


def test_composite_alarm_calls_too(account, embedded, watch):  # noqa: F811
    ring = watch()
    permit(account, ARN.format("both"))
    account["cloudwatch"].put_composite_alarm(AlarmName="both", AlarmRule="ALARM(full)", AlarmActions=[FUNCTION])
    runs(embedded, ring)
    (event,) = events(embedded)
    assert event["alarmData"]["configuration"] == {"alarmRule": "ALARM(full)"}
    assert "triggeringAlarms" in event["alarmData"]["state"]["reasonData"]


def test_alarm_whose_actions_are_off_and_function_that_is_gone_do_nothing(account, embedded, watch):  # noqa: F811
    permit(account)
    ring = watch(ActionsEnabled=False)
    ring()
    watch("other", f"{FUNCTION}s")
    ring(name="other")
    account["cloudwatch"].enable_alarm_actions(AlarmNames=["full"])
    ring("OK")
    runs(embedded, lambda: ring(reason="on again"))
    assert [event["alarmData"]["state"]["reason"] for event in events(embedded)] == ["on again"]
