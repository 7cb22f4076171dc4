"""Machines to look at."""

import pytest

from lab_harness.course import Course
from lab_harness.learner.doctor import installation
from lab_harness.learner.doctor.finding import Machine


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A course of its own without labs, in an environment that has pip, and no emulator yet."""
    monkeypatch.setattr(installation, "find_spec", lambda name: name)
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    return Machine(Course(tmp_path / "course"))


@pytest.fixture
def connected(sample_course, in_use):
    """A course with the sample lab, and the session's emulator."""
    return Machine(sample_course("queue"), chosen=in_use, answers=in_use)
