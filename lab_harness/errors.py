"""The errors a user can meet, each with the message they need.

    HarnessError                 shown as one message, never as a traceback
    ├── UsageError               the request itself is wrong: an unknown lab, task or option value
    │   └── NoSuchName           a cell asks something of `lab` that it does not have, such as lab.chek()
    ├── CourseError              no course here, or a file of the user's cannot be read or written
    ├── LabError                 a lab is written wrongly; names file, line and field
    ├── ClusterError             the cluster that is to grade a class cannot; says why, and what to do
    └── EmulatorError            the emulator cannot do what was asked
        ├── EmulatorNotReady     nothing answers at the endpoint; says the command that starts it
        ├── WrongEmulator        something answers, but not an emulator (or version) we can use
        ├── EmulatorLacks        this emulator does not have what was asked; a check that needs it is unsupported
        └── ForeignEndpoint      the endpoint is not on this machine; refused before anything is sent

A `Failure` (see checks.py) is a verdict about what the learner built, so it is not in this tree.
"""

import errno

OWN_FOLDER = "Give yourself the right to write there, or copy the course to a folder of your own."
MAKE_ROOM = "Remove something from that disk, and give the command, or run the cell, again."


def advice(error: OSError) -> str:
    """What to do where a file of the course's own cannot be written."""
    return MAKE_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else OWN_FOLDER


class HarnessError(Exception):
    """A message for the person at the keyboard; `exit_code` is what the CLI ends with."""

    exit_code = 3

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(HarnessError):
    """The user asked for something that does not exist."""

    exit_code = 2


class NoSuchName(UsageError, AttributeError):
    """A cell asks for an attribute that is not there; Python itself still hears an AttributeError."""


class CourseError(HarnessError):
    """The course's folder, or a file of the user's in it, cannot be used."""

    @classmethod
    def unwritable(cls, what: str, error: OSError) -> "CourseError":
        """The error for something of the course's own that cannot be written, and what to do."""
        return cls(f"{what}: {error.strerror}. {advice(error)}")


class LabError(HarnessError):
    """A lab's files are wrong: the author's to mend."""


class ClusterError(HarnessError):
    """The cluster that is to grade a class cannot be reached, or has a worker that may not grade it."""


class EmulatorError(HarnessError):
    """The AWS emulator cannot be started, stopped or reached."""


class EmulatorNotReady(EmulatorError):
    """Nothing answers at the endpoint."""

    @classmethod
    def stopped(cls, address: str) -> "EmulatorNotReady":
        """The error for an emulator that answered before; the address may be unknown."""
        return cls(f"The emulator stopped answering{address and f' at {address}'}. Start it with: lab start")


class WrongEmulator(EmulatorError):
    """What answers at the endpoint is not an emulator that the course can use."""


class EmulatorLacks(EmulatorError):
    """What answers at the endpoint does not have what was asked, which other emulators have."""


class ForeignEndpoint(EmulatorError):
    """The endpoint is not local, so nothing was sent to it."""
