"""Learn AWS serverless by building it: labs, their checks, and the emulator they run on.

The names are imported when first used, so that the `lab` command answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab_harness.authors import customers, executions, expect, items
    from lab_harness.authors.checks import Failure, check, eventually
    from lab_harness.authors.probes import (
        function_log,
        invoke_function,
        latest_log,
        nonce,
        queue_attributes,
        queue_counts,
        queue_names,
        sqs_event,
        take_messages,
    )
    from lab_harness.lab.labs import load_lab
    from lab_harness.notebook import open_course, open_lab
    from lab_harness.runner import run_checks

__all__ = [
    "Failure",
    "check",
    "customers",
    "eventually",
    "executions",
    "expect",
    "function_log",
    "invoke_function",
    "items",
    "latest_log",
    "load_lab",
    "nonce",
    "open_course",
    "open_lab",
    "queue_attributes",
    "queue_counts",
    "queue_names",
    "run_checks",
    "sqs_event",
    "take_messages",
]

_MODULES = ["customers", "executions", "expect", "items"]
_HOMES = {
    "authors.checks": ["Failure", "check", "eventually"],
    "lab.labs": ["load_lab"],
    "notebook": ["open_course", "open_lab"],
    "authors.probes": [
        "function_log",
        "invoke_function",
        "latest_log",
        "nonce",
        "queue_attributes",
        "queue_counts",
        "queue_names",
        "sqs_event",
        "take_messages",
    ],
    "runner": ["run_checks"],
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"lab_harness.authors.{name}")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"lab_harness.{module}"), name)
    raise AttributeError(f"module 'lab_harness' has no attribute {name!r}")
