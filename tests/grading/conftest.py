"""What the grading tests share."""

import pytest

from lab_harness.grading.reading import Reader
from lab_harness.grading.released import releases_of
from tests.grading.handing_in import COURSE


@pytest.fixture(scope="session")
def reader():
    """The process that reads submissions, one for all tests."""
    with Reader({id: released.known for id, released in releases_of(COURSE).items()}) as running:
        yield running
