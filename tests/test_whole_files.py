"""Tests for files that are written as a whole."""

import os
import stat

import pytest

from lab_harness import whole_files
from lab_harness.whole_files import PRIVATE, write_whole


def test_file_is_written_in_a_folder_that_need_not_be_there(tmp_path):
    file = tmp_path / "a" / "b" / "file"
    assert write_whole(file, b"new") == file
    assert file.read_bytes() == b"new"
    assert list(file.parent.iterdir()) == [file]


def test_crash_before_all_is_on_the_disk_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def crash(_):
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(whole_files.os, "fsync", crash)
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_old_file_becomes_the_copy(tmp_path):
    file, copy = tmp_path / "file", tmp_path / "copy"
    write_whole(file, b"old")
    write_whole(file, b"new", copy=copy)
    assert (file.read_bytes(), copy.read_bytes()) == (b"new", b"old")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no modes")
def test_private_file_is_private_though_a_crash_has_left_an_open_one(tmp_path):
    (tmp_path / "file.part").touch()
    (tmp_path / "file.part").chmod(0o666)
    assert stat.S_IMODE(write_whole(tmp_path / "file", b"key", mode=PRIVATE).stat().st_mode) == 0o600
