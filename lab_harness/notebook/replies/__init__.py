"""How AWS's replies are shown in a lab's notebook: what went wrong, in few lines; what is seldom wanted, folded."""

from lab_harness.notebook.replies.shown import show_replies

__all__ = ["show_replies"]
