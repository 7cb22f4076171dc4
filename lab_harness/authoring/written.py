"""Writes files of a course: whole, or not at all."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from lab_harness.errors import CourseError, UsageError


def write_new(contents: Mapping[Path, str], changed: Mapping[Path, str]) -> None:
    """Write files that are not there yet, then others anew.

    Whatever goes wrong on the way, also where somebody presses Ctrl-C, nothing of it stays.
    """
    for path in contents:
        if path.exists():
            raise UsageError(f"{path} exists already; nothing was written.")
    try:
        with ExitStack() as undo:
            for path, text in contents.items():
                _make_folder(path.parent, undo)
                _write(path, text, undo)
            for path, text in changed.items():
                _replace(path, text, undo)
            undo.pop_all()
    except OSError as error:
        raise CourseError(f"{error.filename} cannot be written: {error.strerror}. Nothing was written.") from error


def rewrite(path: Path, text: str) -> None:
    """Write a file anew; should that fail, the file is as it was."""
    write_new({}, {path: text})


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.exists():
        _make_folder(folder.parent, undo)
        undo.callback(folder.rmdir)
        folder.mkdir()


def _replace(path: Path, text: str, undo: ExitStack) -> None:
    new = path.with_name(f".{path.name}.new")
    _write(new, text, undo)
    new.replace(path)


def _write(path: Path, text: str, undo: ExitStack) -> None:
    """Write a file that is not there: mode x, so that nobody's file is overwritten."""
    with path.open("x", encoding="utf-8") as file:
        undo.callback(path.unlink, missing_ok=True)
        file.write(text)
