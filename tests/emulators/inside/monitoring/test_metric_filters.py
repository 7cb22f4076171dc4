"""Tests for metric filters on the embedded emulator: what the lines of a log group come to in CloudWatch."""

import json
import time
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

GROUP = {"logGroupName": "/pets"}
NOW = int(time.time()) // 60 * 60


@pytest.fixture
def aws(clients):
    clients["logs"].create_log_group(**GROUP)
    clients["logs"].create_log_stream(**GROUP, logStreamName="s")
    return clients


def measure(aws, pattern, name="errors", **told):
    metric = {"metricName": name, "metricNamespace": "Pets", "metricValue": "1"} | told
    aws["logs"].put_metric_filter(**GROUP, filterName=name, filterPattern=pattern, metricTransformations=[metric])


def write(aws, *lines, at=NOW):
    told = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    events = [{"timestamp": at * 1000, "message": line} for line in told]
    aws["logs"].put_log_events(**GROUP, logStreamName="s", logEvents=events)


def found(aws, name="errors", **dimensions):
    """The sums and the numbers of values, by minute."""
    points = aws["cloudwatch"].get_metric_statistics(
        Namespace="Pets", MetricName=name, Period=60, Statistics=["Sum", "SampleCount"],
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(NOW - 3600, UTC), EndTime=datetime.fromtimestamp(time.time() + 600, UTC),
    )["Datapoints"]  # fmt: skip
    return [(each["Sum"], each["SampleCount"]) for each in sorted(points, key=lambda point: point["Timestamp"])]


def test_each_line_that_fits_is_counted(aws):
    measure(aws, "ERROR")
    write(aws, "ERROR one", "all is well", "ERROR two")
    assert found(aws) == [(2.0, 2.0)]
    write(aws, "INFO")
    assert found(aws) == [(2.0, 2.0)]


def test_value_and_dimensions_are_fields_of_the_line(aws):
    measure(aws, "{ $.took > 10 }", "took", metricValue="$.took", dimensions={"Pet": "$.pet.name"})
    lines = [
        {"took": took, "pet": {"name": name}} for took, name in ((20, "Rex"), (30, "Rex"), (40, "Mia"), (5, "Mia"))
    ]
    write(aws, *lines, {"took": 50}, {"took": 60, "pet": None})
    assert found(aws, "took", Pet="Rex") == [(50.0, 2.0)]
    assert found(aws, "took", Pet="Mia") == [(40.0, 1.0)]
    listed = aws["cloudwatch"].list_metrics(Namespace="Pets")["Metrics"]
    assert sorted(each["Dimensions"][0]["Value"] for each in listed) == ["Mia", "Rex"]


def test_value_that_is_no_number_is_no_point(aws):
    measure(aws, "{ $.took = * }", "took", metricValue="$.took")
    write(aws, {"took": "long"}, {"took": 7})
    assert found(aws, "took") == [(7.0, 1.0)]


def test_default_is_told_once_for_a_minute_without_a_line_that_fits(aws):
    measure(aws, "ERROR", defaultValue=0.0)
    write(aws, "well", "well", at=NOW - 120)
    write(aws, "well", at=NOW - 120)
    write(aws, "well", "ERROR", at=NOW - 60)
    write(aws, "well", at=NOW)
    assert found(aws) == [(0.0, 1.0), (1.0, 1.0), (0.0, 1.0)]


def test_lines_of_a_function_are_measured(hello, embedded):
    clients = hello("def lambda_handler(event, context): print('ERROR: no such pet')")
    clients["lambda"].invoke(FunctionName="hello")
    group = {"logGroupName": "/aws/lambda/hello"}
    metric = {"metricName": "errors", "metricNamespace": "Pets", "metricValue": "1"}
    clients["logs"].put_metric_filter(**group, filterName="f", filterPattern="ERROR", metricTransformations=[metric])
    clients["lambda"].invoke(FunctionName="hello")
    assert sum(value for value, _ in found(clients)) == 1.0


def test_alarm_on_such_a_metric_wakes_up(aws):
    measure(aws, "ERROR")
    aws["cloudwatch"].put_metric_alarm(
        AlarmName="errors", Namespace="Pets", MetricName="errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    write(aws, "ERROR", at=int(time.time()))
    (alarm,) = aws["cloudwatch"].describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{ $.level = }", {}),
        ("ERROR", {"metricValue": "many"}),
        ("{ $.pet = * }", {"dimensions": {"Pet": "$.pet"}, "defaultValue": 0.0}),
        ("{ $.pet = * }", {"dimensions": dict.fromkeys("abcd", "$.pet")}),
    ],
)
def test_filter_that_aws_refuses_is_refused(aws, pattern, told):
    with pytest.raises(ClientError, match="InvalidParameterException"):
        measure(aws, pattern, **told)
    assert aws["logs"].describe_metric_filters(**GROUP)["metricFilters"] == []
