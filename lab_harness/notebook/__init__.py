"""What runs inside Jupyter."""

from lab_harness.notebook.session import OpenLab, open_lab

__all__ = ["OpenLab", "open_lab"]
