"""Tests for a teacher's CSV files: read as spreadsheets write them, and written again with all that was in them."""

import pytest

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.sheet import read_sheet

TEXTS = [
    "a,b\n1,2\n",
    "\ufeffa;b;mine\r\n1;2;x\r\n\r\n;;\r\n",
    'a\tb\n"1\n2"\t"say ""x"""\n',
    "b,a\n1\n1,2,3,4\n",
    "a,b\n",
]


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "sheet.csv").write_bytes(text.encode())
        return read_sheet(tmp_path / "sheet.csv", ("a", "b"))

    return read


@pytest.mark.parametrize("text", TEXTS)
def test_file_is_written_again_as_it_was(read, text):
    assert read(text).content().decode() == text


def test_line_that_is_short_or_long_keeps_what_it_has(read):
    sheet = read(TEXTS[3])
    assert [sheet.cells(line, ("a", "b")) for line in sheet.lines] == [["", "1"], ["2", "1"]]
    sheet.put(sheet.lines[0], "a", "x")
    assert sheet.content().decode() == "b,a\n1,x\n1,2,3,4\n"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "'=1", "''-", "\tx"])
def test_formula_gets_an_apostrophe_in_the_file_and_loses_it_again(read, text):
    sheet = read("a,b\n,\n")
    sheet.put(sheet.lines[0], "a", text)
    assert sheet.lines[0][0] == f"'{text}"
    assert sheet.cells(sheet.lines[0], ["a"]) == [text]


def test_other_apostrophes_stay(read):
    assert read("a,b\n'x,don't\n").cells(["'x", "don't"], ("a", "b")) == ["'x", "don't"]


def test_what_is_no_such_file_is_one_message(read, tmp_path):
    with pytest.raises(UsageError, match="must begin with the headings a, b"):
        read("a\n1\n")
    with pytest.raises(UsageError, match="must begin with the headings a, b"):
        read("")
    with pytest.raises(UsageError, match="line 2: field larger than"):
        read(f"a,b\n{'x' * 200_000},\n")
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        read_sheet(tmp_path / "none.csv", ("a",))
    (tmp_path / "latin.csv").write_bytes("a,b\né,\n".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        read_sheet(tmp_path / "latin.csv", ("a",))
