"""Tests for the roster: whom each of its lines names, whatever the columns are called."""

import pytest

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.roster import read_roster


@pytest.fixture
def roster(tmp_path):
    """Reads a roster of this text."""

    def read(text):
        (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
        return read_roster(tmp_path / "roster.csv")

    return read


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("who,town\nana,Rome\n", "ana"),  # no heading tells, so it is the first column
        ("town,login\nRome,ana\n", "ana"),
        ("id,town,name\n13,Rome,Ana An\n", "Ana An"),  # a name tells more than a number
        ("section,who,town\nA,ana,Rome\n", "ana"),
        ("student,login\n,ana\n", "ana"),  # nothing stands where the name should
    ],
)
def test_line_names_its_student_by_what_tells_most(roster, text, label):
    assert [person.label for person in roster(text)] == [label]


def test_what_is_no_list_is_one_line(roster, tmp_path):
    with pytest.raises(UsageError, match="is no roster"):
        roster("student\n")
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        read_roster(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("student\né\n".encode("latin-1"))
    with pytest.raises(CourseError, match="is not UTF-8"):
        read_roster(tmp_path / "latin.csv")
