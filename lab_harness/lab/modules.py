"""Runs the Python files of a lab's folder as modules, and says in which of their lines a mistake is."""

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from lab_harness.errors import LabError

MORE_CHECKS = "more_checks"  # the second file of a lab that has many
# The checks, and what they act with: a file or a folder `probes`, where that is too much for the checks' own files.
CHECK_FILES = ("checks.py", f"{MORE_CHECKS}.py", "probes.py", "probes")


def check_files(folder: Path) -> list[Path]:
    """The files that a lab's checks are in: checks.py, and more_checks.py where there is one."""
    return [folder / "checks.py", *folder.glob(f"{MORE_CHECKS}.py")]


def check_sources(folder: Path) -> list[Path]:
    """The Python files of a lab's checks, checks.py first."""
    named = (folder / name for name in CHECK_FILES)
    found = (sorted(each.glob("*.py")) if each.is_dir() else [each] for each in named if each.exists())
    return [path for paths in found for path in paths]


def load_module(path: Path, name: str) -> ModuleType:
    """The module of a file, run anew; it may import what stands beside it, as `from .probes import send`.

    The name has no dot, for what stands before one would have to be a module, too.
    """
    folder = [str(path.parent)]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
    if spec is None or spec.loader is None or not path.exists():
        raise LabError(f"{path} is missing.")
    for known in [each for each in list(sys.modules) if each.startswith(f"{name}.")]:
        del sys.modules[known]  # what stood beside a lab of the same id in another course
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LabError(error_in(path, error)) from error
    return module


def load_together(paths: list[Path], name: str) -> dict[Path, ModuleType]:
    """The modules of files that stand side by side; from the first the others may import: `from . import a_check`."""
    first, *others = paths
    return {first: load_module(first, name)} | {path: _beside(name, path) for path in others}


def _beside(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(f"{name}.{path.stem}")
    except Exception as error:
        raise LabError(error_in(path, error)) from error


def error_in(path: Path, error: Exception) -> str:
    """A message for what running one of a lab's files raised, naming its line."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}, line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), 1)
    return f"{path}, line {line}: {type(error).__name__}: {error}"
