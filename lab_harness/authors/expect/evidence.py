"""Expectations of what a function does: its answer, its log, what it was started by and what it wrote."""

from collections.abc import Collection
from typing import Any

from lab_harness.authors import functions, mishaps
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.witness import Witness, no_witness
from lab_harness.authors.words import mentions, nearly


def answer(lambda_: Any, function: str, event: Any, error: str | None, next_step: str) -> None:
    """The function answers an event, or raises an error of this name; Failure with what it does, where it does not.

    `error` is None where it has to answer.

        expect.answer(lambda_, "check-pet", {"petId": "p-17"}, "PetNotFound", "Section 4 says what it does.")
    """
    found = functions.invoke(lambda_, function, event)
    kind = found.payload.get("errorType", "") if found.error and isinstance(found.payload, dict) else found.error
    if kind != error:
        raise Failure(
            expected=f"the error {error} from {function}" if error else f"an answer from {function}",
            found=found.described(),
            next_step=_about_error(error, str(kind or ""), found.described(), next_step)
            if error
            else found.next_step(next_step),
        )


def _about_error(wanted: str, kind: str, evidence: str, next_step: str) -> str:
    """What to do where an error was asked for, and the function answers, or raises another one."""
    if not kind:
        return f"The function answers: let it raise {wanted}, an exception class of your own. {next_step}"
    if near := nearly(wanted, [kind]):
        return f"{near} is nearly {wanted}: compare them letter by letter."
    return mishaps.known(evidence) or f"It ends with {kind}, where {wanted} is asked for. {next_step}"


def logged(
    logs: Any,
    function: str,
    names: Collection[str],
    next_step: str,
    *,
    since: float = 0.0,
    witness: Witness = no_witness,
    within: float = 2.0,
) -> None:
    """The function's log has a line with each of these names; Failure with the end of the log, where it has not.

    A name is found as a whole word, in lines from `since` on, which is a time as `clock.now()` gives it. With a witness
    only lines count that Lambda itself wrote.

        expect.logged(logs, FUNCTION, [order["orderId"]], "Print the order's id in the handler.", witness=witness)
    """

    def look() -> None:
        lines = functions.log(logs, function, since=since, witness=witness)
        for name in names:
            if not any(mentions(line, name) for line in lines):
                found = functions.latest_log(logs, function)
                raise Failure(expected=f"a log line of {function} with {name}", found=found, next_step=next_step)

    eventually(look, within=within)


def written_by(witness: Witness, function: str, table: str, key: str, since: int, next_step: str) -> None:
    """The function, and nobody else, wrote or deleted an item since a moment; Failure with who did, where it did not.

    `since` is what `witness.moment()` gave. It is so, too, where the emulator does not see who wrote.

        expect.written_by(witness, FUNCTION, TABLE, item["id"], moment, "Section 3 shows how the handler writes.")
    """
    writers = witness.writers(table, key, since)
    if writers not in (None, {f"function {function}"}):
        raise Failure(
            expected=f"the item {key}, written or deleted by the function {function}",
            found=f"it was written by {_doers(writers)}",
            next_step=next_step,
        )


def started_by(
    witness: Witness,
    function: str,
    about: str,
    starter: str,
    since: int,
    next_step: str,
    *,
    others: bool = False,
    evidence: str = "",
) -> None:
    """Something started the function for an event that names `about`; Failure with what did, where that did not.

    `starter` is such as "sqs pet-orders" or "states pet-adoption". What a bucket's notification starts, the uploader
    has started: "checks", where a probe did. With `others` somebody else may have started it, too. `since` is what
    `witness.moment()` gave. `evidence` is told beside what was found. It is so, too, where the emulator does not see
    who started it.

        expect.started_by(witness, FUNCTION, order["orderId"], f"sqs {QUEUE}", moment, "Section 6 shows the mapping.")
    """
    callers = witness.callers(function, about, since)
    if callers is None or callers == {starter} or (others and starter in callers):
        return
    found = f"runs of {function} for it by {_doers(callers)}"
    raise Failure(
        expected=f"a run of {function} for {about} by {starter}",
        found=f"{found}; {evidence}" if evidence else found,
        next_step=next_step,
    )


def _doers(doers: Collection[str]) -> str:
    return " and ".join(sorted(doers)) or "nobody"
