"""A class to grade, and what stands for the grader: it notes what it was asked for, and gives what it was told to."""

import csv
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from lab_harness.grading import pool
from lab_harness.grading.room import sandbox
from lab_harness.handing_in import versions
from tests.grading.handing_in import HELLO, ORDERS, graded, hand_in, untouched


@pytest.fixture
def stand_in(monkeypatch):
    """Stands for the grader: notes what it was asked for and gives `grades` by student, else one that passed."""
    noted = SimpleNamespace(asked=[], settings={}, grades={})

    def grade_all(submissions, **settings):
        noted.settings = settings
        for each in submissions:
            assert each.path.name.endswith(".ipynb") and each.path.exists()
            noted.asked.append((each.student, each.lab))
            yield noted.grades.get(each.student) or graded(each.student, each.lab, a="passed", b="passed")

    monkeypatch.setattr(pool, "grade_all", grade_all)
    monkeypatch.setattr(sandbox, "missing_protections", list)
    monkeypatch.setattr(sandbox, "begin_warm", lambda *_: nullcontext())
    monkeypatch.setattr(versions, "versions_of", lambda lab: {"checks": "1"})
    return noted


@pytest.fixture
def school(tmp_path):
    """The folder of a class: two good notebooks of ana's, and one of bo's."""
    files = {f"ana/{HELLO}": untouched(), f"ana/{ORDERS}": untouched(ORDERS), f"bo/{HELLO}": untouched()}
    return hand_in(tmp_path / "class", files)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results"


def gradebook(out):
    """The lines of the gradebook that was written, by student and lab."""
    with (out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        return {(line["student"], line["lab"]): line for line in csv.DictReader(file)}
