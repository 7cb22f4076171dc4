"""Starts the warm process, inside bubblewrap if possible, and says which protections are missing."""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from lab_harness.course import Course
from lab_harness.errors import EmulatorError
from lab_harness.grading.room.box import MOUNTED_FUNCTION
from lab_harness.grading.room.cgroups import Groups, groups_or_why_none
from lab_harness.grading.room.scratch import Scratch
from lab_harness.grading.room.walls import GROUPS
from lab_harness.lab.modules import CHECK_FILES

START_DEADLINE = 60.0  # seconds; it takes about one
END_DEADLINE = 10.0
COURSE = "/course"  # where rooms find the course
SHOWN_FILES = ("lab.toml", *CHECK_FILES, "README.md", "given", "site")  # of each lab: nothing that answers it
PACKAGE = Path(__file__).resolve().parents[2]
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
HIDDEN = ("/tmp", "/dev", "/proc")  # noqa: S108  of this machine's, by what stands there inside
SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib64")  # links to /usr on most machines
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives", "/etc/mime.types")
USERS = "root:x:0:0::/:/bin/sh\nstudent:x:1000:1000::/tmp/work:/bin/sh\n"


def missing_protections() -> list[str]:
    """The protections that are missing because bubblewrap cannot be used, as phrases; empty if none is missing."""
    problem = why_not_closed()
    if not problem:
        return []
    return [
        problem,
        "students' code reads what the grader's user can read: submissions, solutions, the gradebook",
        "it writes what that user can write",
        "it reaches the network, and every program on this machine",
        "it sees the grader's processes, and can end or trace them",
        "what it leaves behind another submission can find",
    ]


def exposed(places: Iterable[Path]) -> list[str]:
    """Which of these places submissions could read, because they lie in Python's folders, which are visible to them."""
    return [
        f"{place} lies in {folder}"
        for place in places
        for folder in _python_folders()
        if place.resolve().is_relative_to(folder)
    ]


@cache
def why_not_closed() -> str:
    """Why submissions cannot be closed off on this machine; empty if they can."""
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (Debian: apt-get install bubblewrap)"
    trial = "from lab_harness.grading.room.trial import try_walls; try_walls()"
    with tempfile.TemporaryDirectory() as empty:
        command = [*_bubblewrap(Course(Path(empty)), Path(empty)), _inside(sys.executable), "-c", trial]
        done = subprocess.run(
            command, env=_environment(sandbox=True), capture_output=True, text=True, check=False, timeout=START_DEADLINE
        )
    if done.returncode == 0:
        return ""
    last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return f"bubblewrap cannot make its namespaces here ({last[0]})"


class Warm:
    """The warm process. It begins to load at once; call `await_ready` before `submit`."""

    def __init__(self, course: Course, sandbox: bool) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        shown = COURSE if sandbox else str(course.root.resolve())
        words = ["-m", "lab_harness.grading.room.zygote", str(theirs.fileno()), "closed" if sandbox else "open", shown]
        self._groups, self._why_none = groups_or_why_none() if sandbox else (None, "there are no walls")
        self._scratch = Scratch()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = start_python(words, course, Path(self._scratch.name), sandbox, theirs, self._log, self._groups)
        theirs.close()
        self._jobs = ours
        self._ready = False

    def await_ready(self) -> None:
        """Wait until everything is loaded. Raises EmulatorError if the process did not start."""
        if self._ready:
            return
        self._jobs.settimeout(START_DEADLINE)
        with suppress(OSError):
            self._ready = bool(self._jobs.recv(16))
        if not self._ready:
            reason = self.words()
            self.close()
            raise EmulatorError(f"The grader's warm process did not start:\n{reason}")

    def submit(self, control: socket.socket, lab: str) -> None:
        """Let it make a room for a submission of this lab. The room reads the submission from the socket `control`."""
        if self._groups:
            self._groups.sweep()
        socket.send_fds(self._jobs, [lab.encode()], [control.fileno()])

    @property
    def keeps_limits(self) -> str:
        """A sentence that says how the limits on a submission's processes together are enforced."""
        if self._groups:
            return "Memory and processors are limited by control groups."
        return f"Memory and processors are limited by watching them: {self._why_none}."

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def words(self) -> str:
        """The end of the process's log, for an error message."""
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace")

    def close(self) -> None:
        """End the process. The rooms see that, clean up and end, too."""
        self._jobs.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_DEADLINE if self._ready else 0)
        self._process.kill()
        self._process.wait()
        self._log.close()
        if self._groups:
            self._groups.close()
        self._scratch.cleanup()


def start_python(
    words: list[str],
    course: Course,
    scratch: Path,
    sandbox: bool,
    jobs: socket.socket,
    log: IO[bytes],
    groups: Groups | None = None,
) -> subprocess.Popen[bytes]:
    """Start a Python process that takes jobs from a socket; inside bubblewrap if `sandbox`."""
    command, environ = [sys.executable, "-P", *words], _environment(sandbox)
    if sandbox:
        command = [
            *_bubblewrap(course, scratch, groups.folder if groups else None),
            _inside(sys.executable),
            "-P",
            *words,
        ]
    else:
        environ |= {"TMPDIR": str(scratch)}
    return subprocess.Popen(
        command, pass_fds=[jobs.fileno()], env=environ, cwd="/",
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip


@contextmanager
def begin_warm(course: Course, sandbox: bool) -> Iterator[Warm | None]:
    """A warm process that loads while the grader reads submissions; None if walls are needed and missing."""
    if sandbox and why_not_closed():
        yield None
        return
    with closing(Warm(course, sandbox)) as warm:
        yield warm


def _environment(sandbox: bool) -> dict[str, str]:
    names = ("PATH", "LANG", "LC_ALL", "TZ")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    modules = [_inside(folder) if sandbox else folder for folder in sys.path if folder]
    kept |= {"PYTHONPATH": os.pathsep.join(modules), "PYTHONUTF8": "1"}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg", "HOME": "/tmp"}  # noqa: S108
    cache_folder = _font_cache()
    return kept | ({"MPLCONFIGDIR": _inside(cache_folder) if sandbox else cache_folder} if cache_folder else {})


def _bubblewrap(course: Course, scratch: Path, groups: Path | None = None) -> list[str]:
    """The command that closes off the warm process: it sees only Python and the labs without their answers."""
    words = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    # From a namespace of control groups no room could move to its group; it makes one when it is there.
    words += ["--bind", str(groups), GROUPS] if groups else ["--unshare-cgroup-try"]
    words += ["--die-with-parent", "--new-session"]
    # As root it keeps what it needs to become nobody; otherwise it has no capability, and needs none.
    root = os.geteuid() == 0
    words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else ["--unshare-user"]
    shown = _shown(course, scratch)
    folders = {
        folder for place in (*shown, f"{COURSE}/labs/-", f"{MOUNTED_FUNCTION}/-") for folder in Path(place).parents
    }
    # Folders that bubblewrap makes on the way to others are its user's alone, who may be root.
    words += [word for folder in sorted(folders - {Path("/")}) for word in ("--dir", str(folder))]
    words += [word for place, source in shown.items() for word in ("--ro-bind", source, place)]
    for link in SYSTEM_FOLDERS:
        if Path(link).is_symlink():
            words += ["--symlink", os.readlink(link), link]  # noqa: PTH115
    # The whole of /proc, since a room may mount its own only where one can be seen as a whole.
    words += ["--bind", "/proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


def _shown(course: Course, scratch: Path) -> dict[str, str]:
    """What is visible inside: for each path there, the path on this machine."""
    places = [link for link in SYSTEM_FOLDERS if Path(link).is_dir() and not Path(link).is_symlink()]
    places += [*_python_folders(), str(PACKAGE), *filter(os.path.exists, (*SYSTEM_FILES, _font_cache()))]
    shown = {_inside(place): place for place in places} | _small_files(scratch)
    files = (lab.with_name(name) for lab in sorted(course.labs.glob("*/lab.toml")) for name in SHOWN_FILES)
    there = (file for file in files if file.exists())
    return shown | {f"{COURSE}/labs/{file.parent.name}/{file.name}": str(file.resolve()) for file in there}


def _inside(place: str) -> str:
    """The path inside for a path of this machine: the same one, unless it is hidden inside."""
    return f"/host{place}" if any(Path(place).is_relative_to(folder) for folder in HIDDEN) else place


def _small_files(folder: Path) -> dict[str, str]:
    """The few files of /etc that programs need, written to this folder, by the place where they are shown."""
    (folder / "hosts").write_text(HOSTS, encoding="utf-8")
    (folder / "passwd").write_text(USERS, encoding="utf-8")
    return {f"/etc/{name}": str(folder / name) for name in ("hosts", "passwd")}


def _python_folders() -> Iterator[str]:
    """The folders of this Python and its packages, without those that lie in another of them."""
    wanted = {Path("/usr"), Path(sys.prefix), Path(sys.base_prefix)}
    wanted |= {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for folder in sorted(wanted):
        if folder.is_dir() and not any(other in folder.parents for other in wanted):
            yield str(folder)


@cache
def _font_cache() -> str:
    """The folder of matplotlib's list of fonts, which takes seconds to make; empty if there is none."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("MPLCONFIGDIR") or caches / "matplotlib")
    return str(folder) if any(folder.glob("fontlist-*.json")) else ""
