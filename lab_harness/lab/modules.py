"""Runs the Python files of a lab's folder as modules, and says in which of their lines a mistake is."""

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from lab_harness.errors import LabError

CHECK_FILES = ("checks.py", "probes.py")  # the checks, and what they act with, where that is much: it may be missing


def load_module(path: Path, name: str) -> ModuleType:
    """The module of a file, run anew; it may import what stands beside it, as `from .probes import send`.

    The name has no dot, for what stands before one would have to be a module, too.
    """
    folder = [str(path.parent)]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
    if spec is None or spec.loader is None or not path.exists():
        raise LabError(f"{path} is missing.")
    for known in [each for each in sys.modules if each.startswith(f"{name}.")]:
        del sys.modules[known]  # what stood beside a lab of the same id in another course
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LabError(error_in(path, error)) from error
    return module


def error_in(path: Path, error: Exception) -> str:
    """A message for what running one of a lab's files raised, naming its line."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), 1)
    return f"{path}, line {line}: {type(error).__name__}: {error}"
