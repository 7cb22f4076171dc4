"""What a Python function can import: the standard library, what it brings, and of what is installed only AWS's SDK.

Its code stands before worker.py's in the script that each function's process runs. The process has the course's
Python, so a function could import whatever the course needs, and would then fail on AWS. An SDK that was loaded before
the process was forked is given to the function when it imports it, unless it brings a part of the SDK itself.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html (2026)
"""

import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

SDK = frozenset({"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"})  # and what it needs
INSTALLED = ("site-packages", "dist-packages")  # the folders where Python keeps what is installed


class Sdk:
    """Finds the SDK's modules in the folders where all that is installed is, and no others, as the last finder.

    `ahead` are those that were loaded before the process was forked; `taken` is called when the function is given them.
    """

    def __init__(self, folders: list[str], ahead: dict[str, ModuleType], taken: Callable[[], None]) -> None:
        self._folders, self._ahead, self._taken = folders, ahead, taken
        self._own_specs = {name: module.__spec__ for name, module in ahead.items()}
        self._given = False
        self._one_at_a_time = threading.RLock()

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """Where a module of the SDK is; None for any other, and for what a package finds itself."""
        if name not in SDK:
            return None
        with self._one_at_a_time:
            if not self._given and self._ahead and _brings_the_sdk():
                self._ahead = {}
            if name not in self._ahead or (self._given and name not in sys.modules):
                return PathFinder.find_spec(name, self._folders)
            if not self._given:
                self._given = True
                # The import system itself enters the one that it asks for.
                sys.modules.update({other: module for other, module in self._ahead.items() if other != name})
                sys.meta_path += globals()["FINDERS_AHEAD"]
        return spec_from_loader(name, self)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module as it was loaded."""
        return self._ahead[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""
        module.__spec__ = self._own_specs[module.__name__]
        self._taken()


def _brings_the_sdk() -> bool:
    """Whether a part of the SDK is in the function's code or layers, or was imported from there already."""
    return any(name in sys.modules or PathFinder.find_spec(name) for name in SDK)


def see_the_sdk_only(taken: Callable[[], None]) -> None:
    """Take what is installed out of the path."""
    own = [each for each in sys.path if each.startswith(sys.base_prefix) and not any(map(each.__contains__, INSTALLED))]
    ahead = globals().get("LOADED_AHEAD", {})
    sys.meta_path.append(Sdk([each for each in sys.path if each not in own], ahead, taken))
    sys.path[:] = own
