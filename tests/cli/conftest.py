"""What the commands' tests share."""

import pytest

from lab_harness.lab.labs import load_lab


@pytest.fixture
def sample(sample_course, in_use):
    """The sample lab queue, and the session's emulator for it."""
    course = sample_course("queue", "outcomes")
    return load_lab("queue", course)
