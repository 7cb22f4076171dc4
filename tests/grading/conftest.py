"""What the grading tests share: a reader, a grader, and an attack that must leave the next grade as it is."""

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


@pytest.fixture(scope="module")
def grader(course):
    """One that closes submissions off and grades one at a time."""
    with Grader(course, workers=1, limits=LIMITS) as running:
        yield running


@pytest.fixture
def attack(grader, tmp_path):
    """Grades a submission of these cells, and after it a right one, whose grade must not have changed."""

    def grade(*cells, lab="first_steps"):
        [attacked] = grader.grade([hand_in(tmp_path, *cells, student="mallory", lab=lab)])
        [following] = grader.grade([hand_in(tmp_path, *RIGHT_CELLS, student="bea")])
        assert (following.status, following.points, following.cell_errors) == (Status.GRADED, 4, ())
        return attacked

    return grade
