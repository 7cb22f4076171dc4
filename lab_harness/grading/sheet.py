"""A CSV file of a teacher's, made by hand or with a spreadsheet, that can be written again with all that is in it."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab_harness.errors import CourseError, UsageError

# What a spreadsheet takes for a formula has an apostrophe before it in the file, and none here: students choose names.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
MARK = "\ufeff"  # before the first heading, where a spreadsheet has written the file


@dataclass
class Sheet:
    """The lines below the headings, as they are in the file; `numbers` says where each ends."""

    columns: list[str]
    lines: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    delimiter: str = ","
    end: str = "\n"
    mark: str = ""

    def cells(self, line: list[str], columns: Iterable[str]) -> list[str]:
        """What a line has in these columns."""
        places = (self.columns.index(column) for column in columns)
        return [_without_apostrophe(line[place].strip()) if place < len(line) else "" for place in places]

    def put(self, line: list[str], column: str, text: str) -> None:
        """Put a text into a line."""
        place = self.columns.index(column)
        line += [""] * (place + 1 - len(line))
        line[place] = f"'{text}" if FORMULA.match(text) else text

    def content(self) -> bytes:
        """What the file is to hold."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator=self.end)
        writer.writerows([self.columns, *self.lines])
        return (self.mark + text.getvalue()).encode()


def text_of(path: Path) -> str:
    """The text of a CSV file. Raises CourseError where it cannot be read."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8; save it as CSV in UTF-8.") from error


def delimiter_of(text: str) -> str:
    """What divides the cells of a CSV file: a comma, a semicolon or a tab."""
    return max(",;\t", key=text.partition("\n")[0].count)


def read_sheet(path: Path, needed: Iterable[str]) -> Sheet:
    """A file with these headings. Raises CourseError or UsageError, which say what is wrong with it."""
    text = text_of(path)
    bare = text.removeprefix(MARK)
    delimiter, end = delimiter_of(bare), "\r\n" if bare.partition("\n")[0].endswith("\r") else "\n"
    reader = csv.reader(io.StringIO(bare, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}.") from error
    columns = lines[0][1] if lines else []
    if set(needed) - set(columns):
        raise UsageError(f"{path} must begin with the headings {', '.join(needed)}.")
    numbers, rest = [number for number, _ in lines[1:]], [cells for _, cells in lines[1:]]
    return Sheet(columns, rest, numbers, delimiter, end, MARK if bare != text else "")


def _without_apostrophe(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
