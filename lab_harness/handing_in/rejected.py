"""Why something that was handed in is not graded."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab_harness.handing_in.bundle import Origin


class Rejected(Exception):
    """A file cannot be graded. The message says why, in words for student and teacher.

    `origin` is what a bundle says of itself that was changed after it was made.
    """

    origin: "Origin | None" = None
