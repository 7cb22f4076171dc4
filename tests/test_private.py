"""What is the learner's own is in no folder of a stranger's."""

import os

import pytest

from lab_harness.errors import CourseError
from lab_harness.private import private_file, private_folder

STRANGER = 12345


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make others' files")
def test_a_folder_that_a_stranger_put_there_is_refused(tmp_path):
    planted = tmp_path / ".lab"
    planted.mkdir()
    os.chown(planted, STRANGER, STRANGER)
    for make in (lambda: private_folder(planted), lambda: private_file(planted / "secret-key")):
        with pytest.raises(CourseError, match="belongs to another user"):
            make()
    os.chown(tmp_path, STRANGER, STRANGER)  # so he can do with all of it as he likes, and root was asked to work there
    assert private_folder(planted) == planted
