"""What is the learner's own is in no folder of a stranger's."""

import multiprocessing
import os
from pathlib import Path

import pytest

from lab_harness.errors import CourseError
from lab_harness.private import private_file, private_folder
from tests.waiting import PATIENCE

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


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("home", "usable"), [("volume/own", True), ("volume", False)])
def test_in_a_volume_of_roots_a_user_has_a_folder_of_their_own(tmp_path, home, usable):
    """As in a container: the volume is root's and open to all, and only the owner of a folder can close it."""
    tmp_path.chmod(0o755)
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(0o1777)
    child = multiprocessing.get_context("fork").Process(target=keep_a_secret, args=(tmp_path, home))
    child.start()
    child.join(PATIENCE)
    assert (child.exitcode == 0) == usable
    assert (volume / "own" / "secret-key").exists() == usable


def keep_a_secret(folder, home):
    """Become a stranger, and keep something in a home."""
    os.setgroups([])
    os.chdir(folder)
    os.setresuid(STRANGER, STRANGER, STRANGER)
    private_file(Path(home, "secret-key"))
