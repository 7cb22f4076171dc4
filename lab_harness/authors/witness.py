"""What a check may know of who did what: evidence that nobody can write by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from lab_harness.authors.checks import Cancelled, Failure, eventually
from lab_harness.authors.clock import Clock
from lab_harness.authors.log_lines import in_text_format
from lab_harness.authors.words import mentions
from lab_harness.emulators.base import Emulator, Run
from lab_harness.errors import EmulatorError

AT_WORK = 5.0  # seconds for which a function that a check has set going is awaited; the labs' time out sooner


class Witness:
    """What the emulator saw happen: what a check gets that has a parameter `witness`.

    Each answer is None where the emulator does not see it (on LocalStack): there a check goes by what it finds.

        def order_becomes_item(dynamodb, sqs, witness=no_witness):
            moment = witness.moment()
            ...  # send an order
            expect.written_by(witness, FUNCTION, TABLE, "o-4830217", moment, "Section 4 says who writes the item.")
    """

    def __init__(self, emulator: Emulator | None) -> None:
        self._emulator = emulator

    def moment(self) -> int:
        """Now: ask later for what happened since."""
        seen = self._emulator.deeds(2**63) if self._emulator else None
        return seen[0] if seen else 0

    @property
    def clock(self) -> Clock:
        """The emulator's clock, which a check gets by a parameter `clock`, too."""
        return Clock(self._emulator)

    def callers(self, function: str, about: str, since: int) -> set[str] | None:
        """Who had a function run with an event that names `about`, such as an order's id.

        That is "learner", "checks", "function <name>", "sqs <queue>", "states <machine>", "events <rule>",
        "execute-api <API's id>", "logs <log group>", "cloudfront <distribution's id>" or, for what another function's
        destination starts, "lambda <name>"; what a bucket's notification starts, the uploader has started.
        """
        return self._doers("run", function, about, since)

    def writers(self, table: str, key: str, since: int) -> set[str] | None:
        """Who wrote or deleted the items of a table whose key is this text, such as "function process-pet-order"."""
        return self._doers("write", table, key, since)

    def runs(self, function: str) -> list[Run] | None:
        """A function's runs of which its log tells, with the lines that Lambda itself wrote, in its text format."""
        runs = self._emulator.runs(function) if self._emulator else None
        return None if runs is None else [replace(run, lines=[*map(in_text_format, run.lines)]) for run in runs]

    def at_rest(self) -> bool:
        """Wait until nothing goes on that checks have set going; False where that takes long, or the run ends.

        A check that has passed, or was killed, may have a function at work still, which then writes something.
        """

        def look() -> None:
            if self._emulator and self._emulator.going():
                raise Failure(expected="rest", found="a function at work", next_step="Wait for it.")

        try:
            eventually(look, within=AT_WORK)
        except (Failure, Cancelled, EmulatorError):
            return False
        return True

    def _doers(self, kind: str, name: str, text: str, since: int) -> set[str] | None:
        seen = self._emulator.deeds(since) if self._emulator else None
        if seen is None:
            return None
        return {deed.by for deed in seen[1] if (deed.kind, deed.name) == (kind, name) and mentions(deed.detail, text)}


# The parameter's default, for a test that calls a check by itself: a witness that has seen nothing.
no_witness = Witness(None)

_watching: ContextVar[Witness] = ContextVar("_watching", default=no_witness)


@contextmanager
def watching(witness: Witness) -> Iterator[None]:
    """Within it `present` gives this witness: that of a run of checks."""
    token = _watching.set(witness)
    try:
        yield
    finally:
        _watching.reset(token)


def present() -> Witness:
    """The witness of the run of checks in which this is asked; one that has seen nothing where there is none."""
    return _watching.get()
