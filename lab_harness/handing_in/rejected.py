"""Why something that was handed in is not graded."""


class Rejected(Exception):
    """A file cannot be graded. The message says why, in words for student and teacher."""
