"""What the grading tests share: a reader, a grader, and an attack that must leave the next grade as it is."""

from contextlib import ExitStack
from functools import cache

import pytest

from lab_harness.grading.grade import Status
from lab_harness.grading.intake.reading import Reader
from lab_harness.grading.pool import Grader
from lab_harness.handing_in.released import releases_of
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in
from tests.grading.handing_in import COURSE


@pytest.fixture(scope="session")
def reader():
    """The process that reads submissions, one for all tests."""
    with Reader({id: released.known for id, released in releases_of(COURSE).items()}) as running:
        yield running


@pytest.fixture(scope="session")
def graders(course):
    """Gives the grader of all tests that closes submissions off, or the one that does not: to start one takes long."""
    with ExitStack() as running:
        yield cache(lambda sandbox: running.enter_context(Grader(course, workers=1, limits=LIMITS, sandbox=sandbox)))


@pytest.fixture
def grader_with(graders, monkeypatch):
    """Gives one of them, set otherwise for one test: `grader_with(workers=2)`."""

    def set_up(sandbox=True, **settings):
        grader = graders(sandbox)
        for name, value in settings.items():
            monkeypatch.setattr(grader, name, value)
        return grader

    return set_up


@pytest.fixture
def grader(grader_with):
    """One that closes submissions off and grades one at a time."""
    return grader_with()


@pytest.fixture
def attack(grader, tmp_path):
    """Grades a submission of these cells, and after it a right one, whose grade must not have changed."""

    def grade(*cells, lab="first_steps"):
        [attacked] = grader.grade([hand_in(tmp_path, *cells, student="mallory", lab=lab)])
        [following] = grader.grade([hand_in(tmp_path, *RIGHT_CELLS, student="bea")])
        assert (following.status, following.points, following.cell_errors) == (Status.GRADED, 4, ())
        return attacked

    return grade
