"""AWS's replies, and names that are missing, as a learner wants to read them, in a kernel or another IPython shell."""

import linecache
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from IPython.display import display
from IPython.lib.pretty import for_type, pretty
from rich.text import Text

from lab_harness.emulators.base import REGION
from lab_harness.notebook.replies.advice import advice, answered
from lab_harness.notebook.replies.call import FailedCall
from lab_harness.notebook.replies.names import Origin, origin
from lab_harness.render.blocks import Folded
from lab_harness.render.markup import bundle

MOST_LINES = 8  # of a call that is written over several
METADATA = "ResponseMetadata"
GLOBAL = "aws-global"  # the Region in which botocore puts services such as IAM


def show_replies(shell: Any, notebook: Path) -> None:
    """Show errors of AWS's in few lines in this shell, and fold away what each answer has of its transport.

    A name that is missing, and that the notebook defines, is said to come from there.
    """
    shell.set_custom_exc((ClientError, BotoCoreError, NameError), partial(_failed, notebook))
    formatters = shell.display_formatter.formatters
    formatters["text/plain"].for_type(dict, _in_words)
    formatters["text/html"].for_type(dict, _in_html)


class _Dots:
    """What stands for what is left out."""

    def __repr__(self) -> str:
        return "{…}"


def _in_words(value: dict[str, Any], printer: Any, cycle: bool) -> None:
    """The value as IPython prints any dictionary; of a reply's metadata there is only the name."""
    usual = for_type(dict, None)  # type: ignore[no-untyped-call]
    usual(value | {METADATA: _Dots()} if _is_reply(value) else value, printer, cycle)


def _in_html(value: dict[str, Any]) -> str | None:
    if not _is_reply(value):
        return None  # It is shown as any other dictionary.
    rest = {name: each for name, each in value.items() if name != METADATA}
    text, folded = (pretty(each) for each in (rest, value[METADATA]))  # type: ignore[no-untyped-call]
    return bundle("", Folded(text, METADATA, folded).html())["text/html"]


def _is_reply(value: dict[str, Any]) -> bool:
    return isinstance(value.get(METADATA), dict)


def _failed(
    notebook: Path, shell: Any, kind: type, error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    """Show an error: the learner's line, what is wrong, what to do; in a notebook the whole of it below, folded."""
    said = _said(notebook, shell, error, trace)
    if not said:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    in_few_lines = "\n".join([f"\x1b[31m{type(error).__name__}\x1b[39m", *_own_lines(shell, trace), "", *said])
    error._render_traceback_ = lambda: [in_few_lines]  # type: ignore[attr-defined]
    try:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    finally:
        del error._render_traceback_  # type: ignore[attr-defined]
    if hasattr(shell, "kernel"):
        whole = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=1)
        display(Folded("", "The whole traceback", Text.from_ansi("\n".join(whole)).plain))  # type: ignore[no-untyped-call]


def _said(notebook: Path, shell: Any, error: BaseException, trace: TracebackType) -> Sequence[str]:
    """What is wrong, and what to do; nothing where the usual traceback says more."""
    if isinstance(error, NameError):
        name = str(error.name)
        # In a handler that a cell tries out, or of a local variable, it is a mistake and not a cell that did not run.
        of_cells = list(_frames(trace))[-1].tb_frame.f_globals is shell.user_global_ns and type(error) is NameError
        found = origin(notebook, name) if of_cells else None
        return _missing(name, found) if found else ()
    call = _call(trace)
    return answered(error, call), f"→ {advice(error, call)}"


def _missing(name: str, found: Origin) -> tuple[str, str]:
    where = f" under “{found.heading}”" if found.heading else ""
    return (
        f"`{name}` is not defined yet: another cell does that, and a kernel that was restarted has forgotten it.",
        f"→ Run the cell{where} first that has the line `{found.line}`, then this one again.",
    )


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace:
        yield trace
        trace = trace.tb_next


def _own_lines(shell: Any, trace: TracebackType) -> Iterator[str]:
    """The learner's own code that made the call: of the cell, or of a function that a cell defines."""
    own = [each for each in _frames(trace) if each.tb_frame.f_globals is shell.user_global_ns]
    if not own:
        return
    found = own[-1]
    file, first = found.tb_frame.f_code.co_filename, found.tb_lineno
    last = min(_last_line(found), first + MOST_LINES - 1)
    kind, name = shell.compile.format_code_name(file) or ("File", file)
    yield f"{kind} {name}, line {first}"
    for number in range(first, last + 1):
        line = linecache.getline(file, number).rstrip()
        yield f"{'---->' if number == first else '     '} {number} {line}"


def _last_line(trace: TracebackType) -> int:
    """The last line of the call, which may be written over several."""
    positions = list(trace.tb_frame.f_code.co_positions())
    return positions[trace.tb_lasti // 2][1] or trace.tb_lineno


def _call(trace: TracebackType) -> FailedCall | None:
    """The call that a client was making."""
    for each in reversed(list(_frames(trace))):
        frame: FrameType = each.tb_frame
        if frame.f_code.co_name == "_make_api_call" and "operation_name" in frame.f_locals:
            meta = frame.f_locals["self"].meta
            operations = tuple(meta.service_model.operation_names)
            region = REGION if meta.region_name == GLOBAL else meta.region_name
            arguments = frame.f_locals.get("api_params") or {}
            return FailedCall(
                meta.service_model.service_name, frame.f_locals["operation_name"], operations, region, arguments
            )
    return None
