"""MiniStack's guard against functions that call themselves, for those alone that use boto3.

Its code stands before this one's in the script that each function's process runs. It changes botocore, and to load that
takes four times as long as all else that a process does before it is ready. So it waits until the function loads it.
"""

import sys
from collections.abc import Callable
from typing import Any

MAKES_SESSIONS = "botocore.session"  # each has a copy of what the guard changes


class LoopGuard:
    """Sees which modules are looked for, as a finder that finds none."""

    def __init__(self, install: Callable[[], object]) -> None:
        self._install = install

    def find_spec(self, name: str, *_: Any) -> None:
        """Install the guard just before botocore can make sessions."""
        if name == MAKES_SESSIONS:
            sys.meta_path.remove(self)
            self._install()


def guard_against_loops() -> None:
    """Install the guard, now or when it is needed."""
    install = globals()["_ms_install_invoke_depth"]
    if MAKES_SESSIONS in sys.modules:
        install()
    else:
        sys.meta_path.insert(0, LoopGuard(install))
