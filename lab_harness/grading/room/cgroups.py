"""Control groups (version 2): the kernel limits what all processes of a room use together.

They are available if the grader may make groups beside its own: as root, or if `systemd-run --user --scope` started it.
Otherwise `watch` and `shares` limit the processes from outside.
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
    """Control groups cannot be used here; the message says why."""


class Groups:
    """One group that holds a group for each room. `close` ends what is left in them and removes them all."""

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
    """Control groups for rooms; or None, and the reason."""
    try:
        return Groups(), ""
    except Unavailable as error:
        return None, str(error)


class Group:
    """The group of the calling process and of all processes that it will start.

    Its files stay open, because after joining the process may no longer open them.
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
        """Set what all processes in the group may use together. Each group gets the same share of the processors."""
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

        `oom_kill` is not read for this: it also counts processes that ended because the machine's memory was full.
        """
        if "memory.events" not in self._files:
            return False
        text = os.pread(self._files["memory.events"], 4096, 0).decode()
        return any(line.startswith("oom ") and line != "oom 0" for line in text.splitlines())


def join(folder: Path, name: str) -> Group | None:
    """Let the calling process join a group; None if there are no groups, or it cannot join."""
    for _ in range(JOIN_ATTEMPTS):
        with suppress(OSError):  # One that nobody has joined yet may have been swept away.
            return Group(folder, name)
    return None


def _parent(root: Path) -> Path:
    """The folder in which our group is made: a group that holds processes may not hold groups with limits."""
    if not (root / "cgroup.controllers").exists():
        raise Unavailable("there are no control groups of version 2")
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line[3:] for line in lines if line.startswith("0::/")), "/")
    return root / own.strip("/") if own == "/" else (root / own.strip("/")).parent


def _clear_away(parent: Path) -> None:
    """Remove the groups of earlier runs that were killed."""
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
