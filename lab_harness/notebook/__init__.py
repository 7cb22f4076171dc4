"""What runs inside Jupyter."""

from lab_harness.notebook.opened import OpenLab, open_lab
from lab_harness.notebook.start import OpenCourse, open_course

__all__ = ["OpenCourse", "OpenLab", "open_course", "open_lab"]
