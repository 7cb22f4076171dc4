"""Tests for the grader's temporary folders: what a run that was killed left goes, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab_harness.grading.room.scratch import MARK, PREFIX, UNMARKED, Scratch, remove_left_behind

HOLD = """
import sys, time
from lab_harness.grading.room.scratch import Scratch
folder = Scratch()
open(f"{folder.name}/work", "w").close()
print(folder.name, flush=True)
time.sleep(600)
"""


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A temporary folder that others use, too."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def owner(where):
    command = [sys.executable, "-c", HOLD]
    return subprocess.Popen(command, env=os.environ | {"TMPDIR": str(where)}, stdout=subprocess.PIPE, text=True)


def test_folder_is_removed_once_its_owner_was_killed_and_not_before(shared):
    with owner(shared) as process:
        folder = Path(process.stdout.readline().strip())
        remove_left_behind()
        assert (folder / "work").exists()
        os.kill(process.pid, signal.SIGKILL)
    remove_left_behind()
    assert list(shared.iterdir()) == []


def test_folder_of_this_process_stays_until_it_is_cleared_away(shared):
    with Scratch() as folder:
        remove_left_behind()
        assert Path(folder).is_dir()
    assert list(shared.iterdir()) == []


def left(shared, name="x"):
    folder = shared / f"{PREFIX}{name}"
    folder.mkdir(mode=0o700)
    (folder / MARK).touch()
    return folder


def test_what_others_made_look_like_ours_is_left_alone(shared):
    precious = shared / "precious"
    precious.mkdir(mode=0o700)
    (precious / MARK).touch()
    (shared / f"{PREFIX}link").symlink_to(precious)
    (shared / f"{PREFIX}file").touch()
    left(shared, "open").chmod(0o777)
    (shared / f"{PREFIX}unmarked").mkdir(mode=0o700)
    odd = left(shared, "odd")
    (odd / MARK).unlink()
    (odd / MARK).symlink_to(precious / MARK)
    before = sorted(shared.iterdir())
    remove_left_behind()
    assert sorted(shared.iterdir()) == before
    assert (precious / MARK).exists()


def test_links_in_what_was_left_are_not_followed(shared):
    precious = shared / "precious"
    precious.mkdir()
    (precious / "work").touch()
    (left(shared) / "link").symlink_to(precious)
    remove_left_behind()
    assert [path.name for path in shared.iterdir()] == ["precious"]
    assert (precious / "work").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_folder_of_another_user_is_left_alone(shared):
    folder = left(shared)
    os.chown(folder, 12345, 12345)
    remove_left_behind()
    assert folder.exists()


def test_folder_that_was_left_before_it_was_marked_goes_when_it_is_old_and_empty(shared):
    for name in ("empty", "full"):
        folder = shared / f"{PREFIX}{name}"
        folder.mkdir(mode=0o700)
        if name == "full":
            (folder / "work").touch()
        old = folder.stat().st_mtime - 2 * UNMARKED
        os.utime(folder, (old, old))
    remove_left_behind()
    assert [path.name for path in shared.iterdir()] == [f"{PREFIX}full"]
