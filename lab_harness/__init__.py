"""Learn AWS serverless by building it: labs, their checks, and the emulator they run on.

The names are imported when first used, so that the `lab` command answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab_harness import expect
    from lab_harness.checks import Failure, check, eventually
    from lab_harness.executions import definition_problems, probe_execution, read_execution, state_machines
    from lab_harness.labs import load_lab
    from lab_harness.notebook import open_lab
    from lab_harness.probes import function_log, invoke_function, latest_log, nonce, queue_counts, take_messages
    from lab_harness.runner import run_checks

__all__ = [
    "Failure",
    "check",
    "definition_problems",
    "eventually",
    "expect",
    "function_log",
    "invoke_function",
    "latest_log",
    "load_lab",
    "nonce",
    "open_lab",
    "probe_execution",
    "queue_counts",
    "read_execution",
    "run_checks",
    "state_machines",
    "take_messages",
]

_HOMES = {
    "checks": ["Failure", "check", "eventually"],
    "executions": ["definition_problems", "probe_execution", "read_execution", "state_machines"],
    "labs": ["load_lab"],
    "notebook": ["open_lab"],
    "probes": ["function_log", "invoke_function", "latest_log", "nonce", "queue_counts", "take_messages"],
    "runner": ["run_checks"],
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"lab_harness.{module}"), name)
    raise AttributeError(f"module 'lab_harness' has no attribute {name!r}")
