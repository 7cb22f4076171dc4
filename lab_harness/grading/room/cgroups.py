"""Control groups (version 2): what all of a room's processes use together, limited by the kernel itself.

They can be had where the grader may make groups beside its own: as root, or started by `systemd-run --user --scope`.
Elsewhere `watch` and `shares` do what can be done from outside.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from lab_harness.lab.file import MIB, Limits

ROOT = Path("/sys/fs/cgroup")
NEEDED, WELCOME = ("memory", "pids"), ("cpu",)
PREFIX = "lab-grade-"
END_DEADLINE = 5.0  # seconds
JOIN_ATTEMPTS = 3
FOR_THE_ROOM = 768 * MIB  # the emulator, the judge, and what they are given at their start
PROCESSES_OF_A_ROOM = 256


class Unavailable(Exception):
    """There are no groups to be had; the message says why."""


class Groups:
    """A group for each room in a group of ours. `close` ends what is left in them and removes them all."""

    def __init__(self, root: Path = ROOT, needed: tuple[str, ...] = NEEDED) -> None:
        try:
            parent = _parent(root)
            _clear_away(parent)
            self.folder = parent / f"{PREFIX}{os.getpid()}-{time.monotonic_ns()}"
            self.folder.mkdir()
        except OSError as error:
            raise Unavailable(f"no group can be made: {error.strerror}") from error
        for name in (*needed, *WELCOME):
            with suppress(OSError):
                (self.folder / "cgroup.subtree_control").write_text(f"+{name}")
        had = (self.folder / "cgroup.subtree_control").read_text().split()
        if missing := [name for name in needed if name not in had]:
            self.close()
            raise Unavailable(f"groups here have no {' and no '.join(missing)} controller")

    def sweep(self) -> None:
        """Remove the groups of rooms that have ended."""
        for group in self.folder.glob("*/"):
            with suppress(OSError):  # Those that still hold processes stay.
                group.rmdir()

    def close(self) -> None:
        """End what is left in the groups, and remove them."""
        _remove(self.folder)


def groups_or_why_none() -> tuple[Groups | None, str]:
    """Control groups for rooms, or why there are none."""
    try:
        return Groups(), ""
    except Unavailable as error:
        return None, str(error)


class Group:
    """The group that the calling process has joined, with all that it will start.

    Its files stay open: who joins gives up the right to open them.
    """

    def __init__(self, folder: Path, name: str) -> None:
        group = folder / name
        group.mkdir(exist_ok=True)
        self._files: dict[str, int] = {}
        for file in ("memory.max", "memory.swap.max", "pids.max", "cpu.weight", "memory.events"):
            with suppress(OSError):  # Without swap, or without that controller, there is no such file.
                self._files[file] = os.open(group / file, os.O_RDONLY if file == "memory.events" else os.O_WRONLY)
        (group / "cgroup.procs").write_text("0")

    def limit(self, limits: Limits) -> None:
        """Set what all in the group may use together; each group has the same share of the processors."""
        most = {
            "memory.max": limits.memory_bytes + FOR_THE_ROOM,
            "memory.swap.max": 0,
            "pids.max": limits.processes + PROCESSES_OF_A_ROOM,
            "cpu.weight": 100,
        }
        for file, value in most.items():
            if file in self._files:
                os.write(self._files[file], str(value).encode())

    def was_full(self) -> bool:
        """Whether the group's memory was full, so that the kernel ended processes in it.

        It counts those that it ends (`oom_kill`) for want of the machine's own memory as well.
        """
        if "memory.events" not in self._files:
            return False
        text = os.pread(self._files["memory.events"], 4096, 0).decode()
        return any(line.startswith("oom ") and line != "oom 0" for line in text.splitlines())


def join(folder: Path, name: str) -> Group | None:
    """The group that the calling process has joined; None where there is no folder of groups, or no way in."""
    for _ in range(JOIN_ATTEMPTS):
        with suppress(OSError):  # One that nobody has joined yet may have been swept away.
            return Group(folder, name)
    return None


def _parent(root: Path) -> Path:
    """The group beside whose members ours is made: one that holds processes may hold no groups with limits."""
    if not (root / "cgroup.controllers").exists():
        raise Unavailable("there are no control groups of version 2")
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    return root / own.strip("/") if own == "/" else (root / own.strip("/")).parent


def _clear_away(parent: Path) -> None:
    """Remove what runs have left that were killed."""
    for folder in parent.glob(f"{PREFIX}*/"):
        run = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", run).exists():
            _remove(folder)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        (folder / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + END_DEADLINE
    while folder.exists() and time.monotonic() < deadline:
        for group in (*folder.glob("*/"), folder):
            with suppress(OSError):
                group.rmdir()
        time.sleep(0.01)
