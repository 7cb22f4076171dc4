"""The process in which a student's notebook runs: an IPython shell that runs the cells one after another.

The student controls what this process says. So it is shown, but never changes the grade.
"""

import asyncio
import io
import os
import re
import signal
import sys
import sysconfig
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab_harness.grading.grade import CellError
from lab_harness.grading.room.box import WORK
from lab_harness.grading.room.lines import tell

TRACEBACK_LINES = 20
LONGEST_TEXT = 2000  # characters of an error's message
LONGEST_TRACEBACK = 6000
DEEPEST_RECURSION = 1000  # Python's own limit; libraries of the emulator's raise it
DEMONSTRATION = "%%after"
Cell = tuple[str, str]  # id, source


def run_notebook(cells: Sequence[Cell], environ: Mapping[str, str], events: int, output: int) -> None:
    """Run the cells. `events` gets a message when a cell begins and when it fails; `output` gets the output."""
    _take_over(environ, output)
    shell = _shell()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for name, source in cells:
        tell(events, {"cell": name})
        error = _run_cell(shell, loop, source)
        if error is not None and not source.lstrip().startswith(DEMONSTRATION):
            tell(events, {"error": asdict(cell_error(name, error))})
    tell(events, {"done": True})
    _leave()


def _take_over(environ: Mapping[str, str], output: int) -> None:
    os.environ.clear()
    os.environ.update(environ)
    import tempfile

    tempfile.tempdir = None  # found out anew
    null = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((null, output, output)):
        os.dup2(descriptor, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb", 8192, closefd=False), "utf-8", "replace", line_buffering=True)  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(open(2, "wb", 0, closefd=False), "utf-8", "replace", write_through=True)  # noqa: SIM115
    sys.path[:] = ["", *(entry for entry in sys.path if entry)]
    sys.argv = ["notebook"]
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setrecursionlimit(DEEPEST_RECURSION)


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    config.InteractiveShell.cache_size = 0
    for name in ("enable_gui", "showtraceback", "showsyntaxerror", "_format_exception_for_storage"):
        replace(InteractiveShell, name, _nothing)
    shell = InteractiveShell.instance(config=config)
    _leave_checks_for_later()
    return shell


def replace(owner: Any, name: str, substitute: Any) -> None:
    """Replace an attribute of a module or a class. Raises AttributeError if it does not exist.

    In another version it may have another name; then the replacement would have no effect.
    """
    getattr(owner, name)
    setattr(owner, name, substitute)


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing: there is no window to draw in, and errors go to `events`."""


def _leave_checks_for_later() -> None:
    """Let `lab.check()` and `%%after` pass at once: the checks that count run when the notebook has ended."""
    from lab_harness.emulators.attached import Attached
    from lab_harness.emulators.base import Moved
    from lab_harness.notebook import check_runs
    from lab_harness.results import CheckResult, LabReport, Outcome

    def later(lab: Any, clients: Any, home: Any, only: Any = (), **_: Any) -> LabReport:
        chosen = [each for each in lab.all_checks if not only or each.name in only or each.task in only]
        passed = (CheckResult(each.name, each.title, each.task, Outcome.PASSED, each.points) for each in chosen)
        return LabReport(lab.id, lab.title, clients.emulator.name, tuple(passed))

    replace(check_runs, "check_lab", later)
    # Their routes are closed to students' code, so that there is nothing to list, and time stays as it is.
    for name in ("calls", "inbox"):
        replace(Attached, name, lambda *_, **__: [])
    replace(Attached, "advance", lambda *_: iter([Moved(time.time(), 0.0)]))


def _run_cell(shell: Any, loop: asyncio.AbstractEventLoop, source: str) -> BaseException | None:
    """The error that ended a cell; None if there was none. As in a kernel, an event loop runs meanwhile."""
    try:
        transformed = shell.transform_cell(source)
        preprocessing_error = None
    except Exception:
        transformed, preprocessing_error = source, sys.exc_info()
    cell = loop.create_task(
        shell.run_cell_async(
            source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=preprocessing_error
        )
    )
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # An interrupt is for a cell, not for what is between.
        result = loop.run_until_complete(cell)
    except BaseException as error:
        cell.cancel()  # else what it waited for would go on beside the next cells
        return error
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
    failed = result.error_before_exec or result.error_in_exec
    return failed if isinstance(failed, BaseException) else None


def cell_error(cell: str, error: BaseException) -> CellError:
    """An error as it is shown, without paths of the grader's machine."""
    lines = [] if isinstance(error, SystemExit) else _traceback(error)
    text = without_machine("".join(lines)).rstrip().splitlines()
    try:
        message = str(error)
    except Exception:
        message = "an error that cannot be shown"
    named = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return CellError(
        cell, without_machine(named)[:LONGEST_TEXT], "\n".join(text[-TRACEBACK_LINES:])[-LONGEST_TRACEBACK:]
    )


def _traceback(error: BaseException) -> list[str]:
    """The lines of the error's traceback, beginning at the cell."""
    frame = error.__traceback__
    while frame and not frame.tb_frame.f_code.co_filename.startswith("<ipython-input"):
        frame = frame.tb_next
    try:
        return traceback.format_exception(type(error), error, frame or error.__traceback__, limit=-8)
    except Exception:
        return []


def without_machine(text: str) -> str:
    """The text without the paths of this machine's Python and course."""
    package = str(Path(__file__).parents[3])
    folders = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")} | {package, sys.prefix}
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    text = re.sub(r"<ipython-input-\d+-\w+>", "this cell", text)
    return re.sub(rf"{WORK}/|/[^\s\"']*/lab-room-[^/\s]+/work/", "", text)


def _leave() -> None:
    """End at once, without the functions that a student's code has registered to run at exit."""
    os._exit(0)
