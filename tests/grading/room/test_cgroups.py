"""Tests for control groups: what is asked of the kernel, and, where it has version 2, that it does so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab_harness.grading.room import cgroups
from lab_harness.grading.room.cgroups import PREFIX, Group, Groups, Unavailable
from lab_harness.lab.file import MIB, Limits

OWN = next((line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line[:3] == "0::"), "")
REAL = next((root for root in (cgroups.ROOT, cgroups.ROOT / "unified") if (root / "cgroup.controllers").exists()), None)


@pytest.fixture
def tree(tmp_path):
    """A folder that looks like the kernel's, with the test's own group in it."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / OWN.strip("/")).mkdir(parents=True, exist_ok=True)
    return tmp_path


def test_a_machine_without_version_2_says_so(tmp_path):
    with pytest.raises(Unavailable, match="no control groups of version 2"):
        Groups(tmp_path)


def test_without_the_memory_controller_there_are_no_groups(tree, monkeypatch):
    monkeypatch.setattr(cgroups, "END_DEADLINE", 0)
    with pytest.raises(Unavailable, match="have no memory and no pids controller"):
        Groups(tree)


def test_a_groups_limits_hold_for_all_of_a_room_and_are_set_by_who_joined(tmp_path, monkeypatch):
    folder = tmp_path / "room"
    files = ("memory.max", "memory.swap.max", "pids.max", "memory.events")

    def mkdir(path, exist_ok):
        os.mkdir(path)  # noqa: PTH102
        for name in files:
            (path / name).write_text("oom 0\noom_kill 0\n" if name == "memory.events" else "")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    group = Group(tmp_path, "room")
    group.limit(Limits(memory_bytes=100 * MIB, processes=10))
    assert (folder / "cgroup.procs").read_text() == "0"
    found = [(folder / name).read_text() for name in files[:3]]
    assert found == [str(100 * MIB + cgroups.FOR_THE_ROOM), "0", str(10 + cgroups.PROCESSES_OF_A_ROOM)]
    assert group.was_full() is False
    (folder / "memory.events").write_text("low 0\noom 0\noom_kill 2\noom_group_kill 0\n")  # the machine's was full
    assert group.was_full() is False
    (folder / "memory.events").write_text("low 0\noom 2\noom_kill 2\noom_group_kill 0\n")
    assert group.was_full() is True


def test_no_group_is_no_reason_not_to_grade(tmp_path):
    assert cgroups.join(tmp_path / "nowhere", "room") is None


@pytest.fixture
def groups():
    """Groups of the kernel's own, with whatever controllers it has."""
    if not REAL:
        pytest.skip("this kernel has no control groups of version 2")
    try:
        made = Groups(REAL, needed=())
    except Unavailable as error:
        pytest.skip(str(error))
    yield made
    made.close()
    assert not made.folder.exists()


JOIN = """
import sys, time
from pathlib import Path
from lab_harness.grading.room import cgroups
group = cgroups.join(Path(sys.argv[1]), "room")
print(Path("/proc/self/cgroup").read_text() if group else "not joined", flush=True)
time.sleep(60)
"""


def test_who_has_joined_is_in_the_group_until_it_is_closed(groups):
    child = subprocess.Popen([sys.executable, "-c", JOIN, str(groups.folder)], stdout=subprocess.PIPE, text=True)
    with child:
        for line in child.stdout:
            if line.startswith("0::"):
                break
        assert line.strip().endswith(f"{groups.folder.name}/room")
        groups.sweep()
        assert (groups.folder / "room").is_dir()
        groups.close()
        assert child.wait(10) == -9


def test_what_a_killed_run_left_is_removed_by_the_next(groups):
    left = groups.folder.parent / f"{PREFIX}4194999-1"  # more than any process's number
    (left / "room").mkdir(parents=True)
    Groups(REAL, needed=()).close()
    assert not left.exists()
    assert groups.folder.exists()
