"""Tests for the tab of metrics."""

import time
from datetime import UTC, datetime

import pytest

from lab_harness import load_lab
from lab_harness.emulators.base import METRICS_OF_PROBES
from tests.waiting import wait_until

from .helpers import Partly, look, words

LABS = ["hello_lambda"]
MINUTE = 60


class Counted:
    """A CloudWatch that has counted this: values by function and metric, each with how many minutes ago it was."""

    def __init__(self, values):
        self._values = values

    def get_paginator(self, _):
        return self

    def paginate(self, MetricDataQueries, StartTime, EndTime):  # noqa: N803
        assert StartTime.timestamp() % MINUTE == 0
        assert EndTime.timestamp() - StartTime.timestamp() == 30 * MINUTE
        assert StartTime.timestamp() < time.time() <= EndTime.timestamp()
        return [{"MetricDataResults": [self._result(query) for query in MetricDataQueries]}]

    def _result(self, query):
        metric = query["MetricStat"]["Metric"]
        [dimension] = metric["Dimensions"]
        name = metric["MetricName"] if metric["Namespace"] == "AWS/Lambda" else metric["Namespace"]
        points = self._values.get((dimension["Value"], name), {})
        now = time.time() // MINUTE * MINUTE
        moments = [datetime.fromtimestamp(now - ago * MINUTE, UTC) for ago in points]
        return {"Id": query["Id"], "Timestamps": moments, "Values": list(points.values())}


class Functions:
    """A Lambda with these functions."""

    def __init__(self, *names):
        self._names = names

    def get_paginator(self, _):
        return self

    def paginate(self):
        return [{"Functions": [{"FunctionName": name} for name in self._names]}]


def counted(account, values, *functions, **how):
    """What the tab says of hello-world, or of these functions, when CloudWatch has counted this."""
    names = functions or ("hello-world",)
    replaced = {"lambda": Functions(*names), "cloudwatch": Counted(values)}
    return look("hello_lambda", "metrics", Partly(account, **replaced), **how)


def clock(ago):
    return datetime.fromtimestamp(time.time() // MINUTE * MINUTE - ago * MINUTE, UTC).strftime("%H:%M")


@pytest.fixture
def early_in_a_minute():
    """So that what was a minute ago is still so when it is looked at."""
    wait_until(lambda: time.time() % MINUTE < 50)


def test_real_invocations_are_plotted(account):
    load_lab("hello_lambda").solve(account)
    account["lambda"].invoke(FunctionName="hello-world", Payload=b'"no object"')
    account["lambda"].invoke(FunctionName="hello-world", Payload=b"{}")

    def plot():
        return next((str(b) for b in look("hello_lambda", "metrics", account) if str(b).startswith("hello-world:")), "")

    text = wait_until(lambda: plot() if "Invocations: " in plot() else "")
    duration = text.partition("  Duration, average in ms: ")[2]
    if account.emulator.name == "localstack":
        assert duration == "localstack keeps no Duration"
    else:
        assert float(duration.split()[-1]) > 0


@pytest.mark.usefixtures("early_in_a_minute")
def test_each_metric_has_its_values_and_no_error_is_a_nought(account):
    values = {
        ("hello-world", "Invocations"): {2: 3.0, 0: 1.0},
        ("hello-world", "Errors"): {2: 2.0},
        ("hello-world", "Duration"): {2: 12.4, 0: 3.0},
    }
    picture, note = counted(account, values)
    assert str(picture) == (
        "hello-world: the last 30 minutes, by the minute (UTC)\n"
        f"  Invocations: {clock(2)} 3, {clock(0)} 1\n"
        f"  Errors: {clock(2)} 2, {clock(0)} 0\n"
        f"  Throttles: {clock(2)} 0, {clock(0)} 0\n"
        f"  Duration, average in ms: {clock(2)} 12, {clock(0)} 3"
    )
    known = "is counted apart." if account.emulator.name == "embedded" else "those by the checks count, too."
    assert known in " ".join(words([note]))


@pytest.mark.usefixtures("early_in_a_minute")
def test_what_the_checks_invoke_is_counted_apart_and_shown_where_it_is_asked_for(account):
    values = {("hello-world", METRICS_OF_PROBES): {1: 7.0}}
    assert words(counted(account, values))[0] == "Nothing yet."
    picture, _ = counted(account, values, checks=True)
    assert f"  Invocations by the checks: {clock(1)} 7" in str(picture)
    values["hello-world", "Invocations"] = {0: 1.0}
    picture, _ = counted(account, values)
    assert "by the checks" not in str(picture)


def test_emulator_that_measures_no_duration_says_so(account):
    picture, _ = counted(account, {("hello-world", "Invocations"): {1: 1.0}})
    assert f"  Duration, average in ms: {account.emulator.name} keeps no Duration" in str(picture)


def test_function_that_was_not_invoked_says_so_beside_another(account):
    values = {("check-pet", "Invocations"): {1: 1.0}}
    replaced = {"lambda": Functions("check-pet", "reserve-pet"), "cloudwatch": Counted(values)}
    blocks = look("state_machine", "metrics", Partly(account, **replaced))
    assert str(blocks[0]).startswith("check-pet: the last 30 minutes")
    assert words([blocks[1]]) == ["reserve-pet", "It was not invoked in the last 30 minutes."]


def test_only_the_labs_functions_are_plotted(account):
    values = {(name, "Invocations"): {1: 1.0} for name in ("hello-world", "check-pet")}
    picture, _ = counted(account, values, "check-pet", "hello-world")
    assert str(picture).startswith("hello-world:")


def test_nothing_counted_says_what_will_appear(account):
    assert words(counted(account, {}))[0] == "Nothing yet."
    assert words(look("hello_lambda", "metrics", Partly(account, **{"lambda": Functions()})))[0] == "Nothing yet."
