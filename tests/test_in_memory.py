"""Tests for where the tests' temporary folders are."""

import os
import shutil
from types import SimpleNamespace

import pytest

from tests import in_memory


@pytest.fixture
def system(monkeypatch):
    """What the system says of each folder."""
    told = SimpleNamespace(free=in_memory.ROOM, f_flag=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: told)
    monkeypatch.setattr(os, "statvfs", lambda folder: told, raising=False)
    monkeypatch.setattr(os, "ST_NOEXEC", 8, raising=False)
    monkeypatch.delenv(in_memory.NAMED, raising=False)
    return told


def test_folders_are_in_memory_where_there_is_room_and_programs_may_run(system, tmp_path, monkeypatch):
    monkeypatch.setattr(in_memory, "MEMORY", tmp_path)
    in_memory.pytest_configure()
    assert os.environ[in_memory.NAMED] == str(tmp_path)
    system.free -= 1
    assert not in_memory.has_room(tmp_path)
    system.free, system.f_flag = in_memory.ROOM, os.ST_NOEXEC
    assert not in_memory.has_room(tmp_path)


def test_folders_are_where_they_always_are_without_such_a_place_and_where_somebody_says(tmp_path, monkeypatch):
    monkeypatch.delenv(in_memory.NAMED, raising=False)
    monkeypatch.setattr(in_memory, "MEMORY", tmp_path / "none")
    in_memory.pytest_configure()
    assert in_memory.NAMED not in os.environ
    monkeypatch.setenv(in_memory.NAMED, "/somewhere")
    monkeypatch.setattr(in_memory, "has_room", lambda folder: True)
    in_memory.pytest_configure()
    assert os.environ[in_memory.NAMED] == "/somewhere"
