"""Tests for what is refused before it fills the emulator's memory: metrics, values, log groups and streams."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
from lab_harness.emulators.inside.monitoring import bounds, metric_filters
for name, most in zip(("METRICS", "VALUES", "GROUPS", "STREAMS"), (3, 10, 3, 3)):
    setattr(bounds, f"MOST_{name}", most)
if sys.argv[1] == "bounded":
    bounds.install()
metric_filters.install()
from ministack.services import cloudwatch, cloudwatch_logs

def data(pet, **told):
    return {"MetricName": "visits", "Dimensions": [{"Name": "Pet", "Value": str(pet)}], "Value": 1.0} | told

def by_json(asked):
    return cloudwatch._put_metric_data({}, asked, False, True)[::2]

def group(number):
    return cloudwatch_logs._create_log_group({"logGroupName": f"g{number}"})[::2]

def stream(number):
    return cloudwatch_logs._create_log_stream({"logGroupName": "g0", "logStreamName": f"s{number}"})[::2]

def many(make):
    last = [make(number) for number in range(20)][-1]
    return last[0], (last[1].decode() if isinstance(last[1], bytes) else last[1])

def points(pet, **told):
    cloudwatch._evict_old_metrics()
    return by_json({"Namespace": "Shop", "MetricData": [data(pet, **told)]})

def filtered():
    group(0)
    about = {"metricName": "visits", "metricNamespace": "Shop", "metricValue": "1", "dimensions": {"Pet": "$.pet"}}
    filters = {"logGroupName": "g0", "filterName": "f", "filterPattern": "{ $.pet = * }"}
    cloudwatch_logs._put_metric_filter(filters | {"metricTransformations": [about]})
    stream(0)
    lines = [{"message": json.dumps({"pet": f"p{number}"})} for number in range(20)]
    told = cloudwatch_logs._put_log_events({"logGroupName": "g0", "logStreamName": "s0", "logEvents": lines})
    return told[0], str(len(cloudwatch._metrics))

ways = {
    "metrics": lambda: many(points),
    "values": lambda: many(lambda number: points(1)),
    "values at once": lambda: points(1, Values=[1.0] * 11),
    "groups": lambda: many(group),
    "streams": lambda: many(stream) if group(0) else None,
    "filtered": filtered,
    "filtered after a reset": lambda: (many(lambda number: points(1)), cloudwatch.reset(), filtered())[-1],
}
status, body = ways[sys.argv[2]]()
print(json.dumps([status, body.decode() if isinstance(body, bytes) else body]))
"""
METRICS = "The quota for metrics of this account has been reached: The course's emulator keeps "
OTHERS = "Resource limit exceeded. The course's emulator keeps "


def done(how, what):
    """The status and the body of the last answer, in a process of its own, with bounds that are near or without."""
    command = [sys.executable, "-c", PROGRAM, how, what]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("metrics", "LimitExceeded", f"{METRICS}3 metrics."),
        ("values", "LimitExceeded", f"{METRICS}10 values of metrics."),
        ("values at once", "LimitExceeded", f"{METRICS}10 values of metrics."),
        ("groups", "LimitExceededException", f"{OTHERS}3 log groups."),
        ("streams", "LimitExceededException", f"{OTHERS}3 log streams."),
    ],
)
def test_what_does_not_fit_is_refused(what, code, words):
    status, body = done("bounded", what)
    assert (status, words in body, f'"{code}"' in body) == (400, True, True)
    assert done("as it is", what)[0] == 200, "MiniStack refuses it: monitoring/bounds.py may shrink"


def test_lines_that_would_be_too_many_metrics_are_written_and_not_measured():
    assert done("bounded", "filtered") == [200, "3"]


def test_a_reset_makes_room_for_what_no_request_brings():
    assert done("bounded", "filtered after a reset") == [200, "3"]


def test_client_is_told_by_each_protocol(clients):
    """More values at once than there is place for."""
    values = {"Values": [float(number) for number in range(150)], "Counts": [1.0] * 150}
    point = {"MetricName": "visits", **values}
    with pytest.raises(clients["cloudwatch"].exceptions.ClientError) as refused:
        for _ in range(3):
            clients["cloudwatch"].put_metric_data(Namespace="Shop", MetricData=[point] * 500)
    assert refused.value.response["Error"]["Code"] == "LimitExceeded"
