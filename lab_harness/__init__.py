"""Learn AWS serverless by building it: labs, their checks, and the emulator they run on.

The names are imported when first used, so that the `lab` command answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab_harness.lab.labs import load_lab
    from lab_harness.notebook import open_course, open_lab
    from lab_harness.runner import run_checks

__all__ = ["load_lab", "open_course", "open_lab", "run_checks"]

_HOMES = {"load_lab": "lab.labs", "open_course": "notebook", "open_lab": "notebook", "run_checks": "runner"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
