"""What CloudWatch knows of distributions: requests, bytes, errors and, where that is asked for, hits, minute by minute.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html (2026): in
us-east-1, with the dimension `Region` that is `Global`; each metric has one statistic, Sum or Average. Hits and errors
by their status are additional metrics, which CreateMonitoringSubscription enables for money. (The origin's latency is
one, too; here it would say nothing.)
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.events import EdgeRequest, EdgeResponse
from lab_harness.emulators.inside.monitoring import own_metrics
from lab_harness.emulators.inside.monitoring.own_metrics import Metric
from lab_harness.emulators.inside.moving_time import clock

NAMESPACE, REGION = "AWS/CloudFront", "us-east-1"
MINUTE, KEPT = 60, 1440  # seconds; minutes: a day
READING = ("GET", "HEAD", "OPTIONS")
STATUSES = (401, 403, 404, 502, 503, 504)


@dataclass
class Minute:
    """What happened within one minute; of what was `cacheable` some were hits."""

    down: int = 0
    up: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    cacheable: int = 0
    hits: int = 0

    def errors(self, least: int, most: int) -> int:
        """How many answers had a status from one to another."""
        return sum(number for status, number in self.statuses.items() if least <= status <= most)


_minutes: dict[str, dict[int, Minute]] = defaultdict(dict)


def install() -> None:
    """Make MiniStack know it."""
    own_metrics.install(NAMESPACE, _known)
    hooks.change({"cloudfront": {"reset": _forget}})
    refuse({"cloudfront": {"_create_monitoring_subscription": lambda id, _body: _there_already(id)}})


def note(distribution: str, request: EdgeRequest, response: EdgeResponse, x_cache: str) -> None:
    """A viewer has been answered."""
    minutes, now = _minutes[distribution], int(clock.now() // MINUTE) * MINUTE
    minute, reads = minutes.setdefault(now, Minute()), request.method in READING
    minute.down += len(response.body) if reads else 0
    minute.up += 0 if reads else len(request.body)
    minute.statuses[response.status] += 1
    minute.cacheable += reads and response.status < 400
    minute.hits += reads and response.status < 400 and x_cache.startswith(("Hit", "RefreshHit"))
    while len(minutes) > KEPT:
        del minutes[next(iter(minutes))]


def _known(_account: str, region: str) -> Iterator[Metric]:
    from ministack.services import cloudfront

    for id, minutes in list(_minutes.items()) if region == REGION else ():
        distribution = cloudfront._distributions.get(id)
        if distribution:
            more = (distribution.get("MonitoringSubscription") or {}).get("RealtimeMetricsSubscriptionStatus")
            yield from _metrics(id, dict(minutes), more == "Enabled")


def _metrics(id: str, minutes: dict[int, Minute], more: bool) -> Iterator[Metric]:
    dimensions = {"DistributionId": id, "Region": "Global"}

    def summed(name: str, of: Callable[[Minute], int]) -> Metric:
        return Metric(name, dimensions, "None", [(when, {"Value": float(of(each))}) for when, each in minutes.items()])

    def share(name: str, of: Callable[[Minute], int], among: Callable[[Minute], int]) -> Metric:
        points = [(when, _percent(of(each), among(each))) for when, each in minutes.items() if among(each)]
        return Metric(name, dimensions, "Percent", points)

    def errors(name: str, least: int, most: int) -> Metric:
        return share(f"{name}ErrorRate", lambda each: each.errors(least, most), lambda each: each.statuses.total())

    yield summed("Requests", lambda each: each.statuses.total())
    yield summed("BytesDownloaded", lambda each: each.down)
    yield summed("BytesUploaded", lambda each: each.up)
    yield from (errors("4xx", 400, 499), errors("5xx", 500, 599), errors("Total", 400, 599))
    if more:
        yield share("CacheHitRate", lambda each: each.hits, lambda each: each.cacheable)
        yield from (errors(str(status), status, status) for status in STATUSES)


def _percent(number: int, among: int) -> dict[str, Any]:
    """So many of so many as CloudWatch keeps many values at once: each counts 100, or nothing."""
    least, most = 100.0 * (number == among), 100.0 * (number > 0)
    kept = {"SampleCount": among, "Sum": 100.0 * number, "Minimum": least, "Maximum": most}
    return {"Value": 100.0 * number / among, "_stat": kept}


def _there_already(id: str) -> Any:
    from ministack.services import cloudfront

    if not (cloudfront._distributions.get(id) or {}).get("MonitoringSubscription"):
        return None
    words = "A monitoring subscription already exists for the specified distribution."
    return cloudfront._error("MonitoringSubscriptionAlreadyExists", words, 409)


def _forget(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    _minutes.clear()
    return original(*args, **kwargs)
