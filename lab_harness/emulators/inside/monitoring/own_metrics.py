"""Metrics of AWS's own that the emulator tells CloudWatch of when it is asked: they are not saved.

A metric's values are told again with each question, so the past is as right as what is known of it now.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import wrapt


class Metric(NamedTuple):
    """A metric and its points: when, and its value as MiniStack has it, `Value` and, of many values, `_stat`."""

    name: str
    dimensions: dict[str, str]
    unit: str
    points: list[tuple[int, dict[str, Any]]]


def install(namespace: str, known: Callable[[str, str], Iterator[Metric]]) -> None:
    """Have CloudWatch know a namespace's metrics, those of an account and a Region.

    This takes effect when MiniStack imports it.
    """

    def tell(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.core.responses import get_account_id, get_region
        from ministack.services import cloudwatch

        for metric in known(get_account_id(), get_region()):
            dimensions = metric.dimensions
            cloudwatch._metrics[namespace, metric.name, cloudwatch._dims_key(dimensions)] = [
                {"Timestamp": float(when), "Unit": metric.unit, "Dimensions": dimensions, **about}
                for when, about in metric.points
            ]
        return original(*args, **kwargs)

    def without_ours(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        state = original(*args, **kwargs)
        metrics = state["metrics"]
        for key in [key for key in metrics.to_dict() if namespace in repr(key)]:
            metrics._data.pop(key, None)
        return state

    def change(cloudwatch: Any) -> None:
        for name in ("_get_metric_statistics", "_get_metric_data", "_list_metrics"):
            wrapt.wrap_function_wrapper(cloudwatch, name, tell)
        wrapt.wrap_function_wrapper(cloudwatch, "get_state", without_ours)

    wrapt.register_post_import_hook(change, "ministack.services.cloudwatch")
