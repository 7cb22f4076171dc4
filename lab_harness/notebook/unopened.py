"""What a kernel says while no lab is open in it: an IPython extension that the kernels of `lab open` load."""

import os
from pathlib import Path
from typing import Any

from lab_harness.errors import UsageError
from lab_harness.notebook.replies import show_replies


def load_ipython_extension(shell: Any) -> None:
    """Say which cell comes first where `%%after`, a name or AWS's key is missing, until `open_lab` does it better."""
    shell.register_magic_function(after, magic_kind="cell")
    show_replies(shell, Path(os.environ.get("JPY_SESSION_NAME", "")))


def after(_line: str, _cell: str) -> None:
    """Run the cell if the lab's task is done, once a lab is open."""
    raise UsageError(
        "No lab is open in this kernel, which may have restarted: run the cell with open_lab first, then those that "
        "make your clients, then this one."
    )
