"""All that a lab's `checks.py` may use: `@check` and `Failure`, and what checks look and act with.

    from lab_harness.authors import Failure, check, eventually, expect, functions, queues

What is not in `__all__` is the package's own. A submodule is loaded when it is first asked for: what a lab does not use
costs it nothing.
"""

from importlib import import_module
from typing import Any

from lab_harness.authors.checks import Failure, check, eventually
from lab_harness.authors.clock import no_clock
from lab_harness.authors.made import owe, remember
from lab_harness.authors.witness import no_witness

__all__ = [
    "Failure",
    "api_gateway",
    "api_keys",
    "buckets",
    "check",
    "customers",
    "definitions",
    "event_patterns",
    "event_rules",
    "eventually",
    "executions",
    "expect",
    "expect_api",
    "functions",
    "inventory",
    "items",
    "next_steps",
    "no_clock",
    "no_witness",
    "owe",
    "pictures",
    "policies",
    "queues",
    "remember",
    "schedules",
    "standard_checks",
    "task_tokens",
    "topics",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
