"""What AWS's console would show of the learner's account, in tabs that suit a lab, as blocks to display."""

from lab_harness.notebook.console.tabs import Tab, tabs

__all__ = ["Tab", "tabs"]
