"""What a Python function can import: the standard library, what it brings, and of what is installed only AWS's SDK.

Its code stands before function_worker's in the script that each function's process runs. The process has the course's
Python, so a function could import whatever the course needs, and would then fail on AWS.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html (2026)
"""

import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

SDK = frozenset({"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"})  # and what it needs
INSTALLED = ("site-packages", "dist-packages")  # the folders where Python keeps what is installed


class Sdk:
    """Finds the SDK's modules in the folders where all that is installed is, and no others, as the last finder."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """Where a module of the SDK is; None for any other, and for what a package finds itself."""
        return PathFinder.find_spec(name, self._folders) if name in SDK else None


def see_the_sdk_only() -> None:
    """Take what is installed out of the path."""
    own = [each for each in sys.path if each.startswith(sys.base_prefix) and not any(map(each.__contains__, INSTALLED))]
    sys.meta_path.append(Sdk([each for each in sys.path if each not in own]))
    sys.path[:] = own
