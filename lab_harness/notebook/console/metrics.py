"""What CloudWatch has counted of the functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.emulators.base import METRICS_OF_PROBES
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, own, part, rest
from lab_harness.render.blocks import Note
from lab_harness.render.plot import MINUTE, Series, bars
from lab_harness.render.svg import Picture

MINUTES = 30
STATISTICS = {"Invocations": "Sum", "Errors": "Sum", "Throttles": "Sum", "Duration": "Average"}
TITLES = {"Duration": "Duration, average in ms"}
OF_CHECKS = "Invocations by the checks"
MOST_FUNCTIONS = 10  # at most 5 queries each; one GetMetricData takes 500 (2026)

COUNTED = {
    "embedded": "This emulator counts what invoke starts, not what queues, events, APIs and state machines do. "
    "What the checks invoke is counted apart."
}
UNTOLD = "This emulator does not tell whose doing an invocation was: those by the checks count, too."

Values = dict[int, float]  # by the minute, in seconds since 1970


def show(lab: Lab, clients: Clients, checks: bool = False) -> Blocks:
    """Plots of each of the lab's functions: the last half hour by the minute."""
    return part("Metrics", partial(_metrics, lab, clients, checks))


def _metrics(lab: Lab, clients: Clients, checks: bool) -> Blocks:
    there = [function["FunctionName"] for function in pages(clients["lambda"], "list_functions", "Functions")]
    names = own(lab, "AWS::Lambda::Function", there)
    shown = names[:MOST_FUNCTIONS]
    # Full minutes, this one too: LocalStack counts from the start that it is given.
    start = (int(clients.emulator.now()) // MINUTE + 1 - MINUTES) * MINUTE
    metrics = {**STATISTICS, OF_CHECKS: "Sum"} if checks else STATISTICS
    values = _read(clients["cloudwatch"], shown, metrics, start) if shown else {}
    counted = COUNTED.get(clients.emulator.name, UNTOLD)
    if not any(values.values()):
        what = f"How often your functions ran in the last {MINUTES} minutes, and how long, appears here."
        return nothing(" ".join(filter(None, (what, counted))))
    blocks = [_plot(name, values, metrics, start, clients.emulator.name) for name in shown]
    remarks = (rest(len(names), len(shown)), counted)
    return [*blocks, Note("About these figures", tuple(filter(None, remarks)))]


def _plot(
    name: str, values: dict[tuple[str, str], Values], metrics: Mapping[str, str], start: int, emulator: str
) -> Picture | Note:
    invoked = values[name, "Invocations"]
    if not invoked and not values.get((name, OF_CHECKS)):
        return Note(name, (f"It was not invoked in the last {MINUTES} minutes.",))
    series = [
        # AWS counts no error and no throttle as 0; LocalStack says nothing then.
        Series(metric, dict.fromkeys(invoked, 0.0) | values[name, metric])
        if statistic == "Sum"
        else Series(TITLES[metric], values[name, metric], f"{emulator} keeps no {metric}")
        for metric, statistic in metrics.items()
    ]
    return bars(f"{name}: the last {MINUTES} minutes", series, start, MINUTES)


def _read(
    cloudwatch: Any, functions: list[str], metrics: Mapping[str, str], start: int
) -> dict[tuple[str, str], Values]:
    """The values of each function's metrics."""
    wanted = [(function, metric) for function in functions for metric in metrics]
    queries = [_query(number, *one) for number, one in enumerate(wanted)]
    period = {"StartTime": _moment(start), "EndTime": _moment(start + MINUTES * MINUTE)}
    values: dict[tuple[str, str], Values] = {one: {} for one in wanted}
    for result in pages(cloudwatch, "get_metric_data", "MetricDataResults", MetricDataQueries=queries, **period):
        minutes = (int(moment.timestamp()) // MINUTE * MINUTE for moment in result["Timestamps"])
        values[wanted[int(result["Id"][1:])]] |= dict(zip(minutes, result["Values"], strict=True))
    return values


def _query(number: int, function: str, metric: str) -> dict[str, Any]:
    of = [{"Name": "FunctionName", "Value": function}]
    namespace, name = (METRICS_OF_PROBES, "Invocations") if metric == OF_CHECKS else ("AWS/Lambda", metric)
    described = {"Namespace": namespace, "MetricName": name, "Dimensions": of}
    statistic = STATISTICS.get(metric, "Sum")
    return {"Id": f"m{number}", "MetricStat": {"Metric": described, "Period": MINUTE, "Stat": statistic}}


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
