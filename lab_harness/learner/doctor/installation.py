"""Looks at what is installed, and at where the course keeps its files."""

import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from lab_harness.errors import advice
from lab_harness.learner.doctor.finding import Finding, Machine
from lab_harness.learner.progress import Progress
from lab_harness.private import private_folder

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
EXACT = ("ministack", "boto3", "botocore")  # MiniStack fits one botocore only, and our additions one MiniStack
DISPLAY = ("jupyterlab", "ipywidgets", "anywidget")  # another version than ours will probably do
LEAST_SPACE = 200  # MB: what the labs may write, and some air


def python_version(machine: Machine) -> Iterator[Finding]:
    """Whether the course is tested with the Python that runs this."""
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        yield Finding("Python", "ok", platform.python_version())
    else:
        fix = "Install Python 3.11, 3.12 or 3.13, delete the folder .venv and set it up again as README.md says."
        yield Finding("Python", "problem", f"{platform.python_version()}, with which the course is not tested", fix)


def environment(machine: Machine) -> Iterator[Finding]:
    """Whether the kernel, or the command, is that of the course's own .venv."""
    own, used = machine.course.root / ".venv", Path(sys.prefix)
    if not own.exists():
        yield Finding("Environment", "ok", machine.shown(used))
    elif own.resolve() == used.resolve():
        yield Finding("Environment", "ok", "the course's own, .venv")
    else:
        fix = "In a notebook choose the kernel of .venv; in a terminal call the lab command that is in .venv."
        yield Finding("Environment", "note", f"{machine.shown(used)}, not the course's own .venv", fix)


def package(machine: Machine) -> Iterator[Finding]:
    """Whether lab_harness belongs to this copy of the course; nothing is said where it does."""
    home = Path(__file__).resolve().parents[3]
    if (home / "labs").is_dir() and home != machine.course.root.resolve():
        found = f"lab_harness is that of another copy of the course, {machine.shown(home)}"
        yield Finding("Package", "note", found, _install(machine))


def versions(machine: Machine) -> Iterator[Finding]:
    """Whether the packages that matter most are those that requirements.txt pins."""
    pinned = _pins(machine.course.root / "requirements.txt")
    installed = {name: _version(name) for name in pinned}
    wrong = [name for name in pinned if installed[name] != pinned[name]]
    if not pinned:
        yield Finding("Packages", "note", "there is no requirements.txt to compare them with")
    elif not wrong:
        yield Finding("Packages", "ok", ", ".join(f"{name} {version}" for name, version in pinned.items()))
    else:
        breaks = any(name in EXACT or installed[name] is None for name in wrong)
        told = (f"{name} {installed[name] or 'is missing'} (the course has {pinned[name]})" for name in wrong)
        yield Finding("Packages", "problem" if breaks else "note", ", ".join(told), _install(machine))


def folders(machine: Machine) -> Iterator[Finding]:
    """Whether progress, the emulator's state and the notebooks can be written."""
    for folder in (machine.course.home, machine.course.notebooks):
        try:
            if folder == machine.course.home:
                private_folder(folder)
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            found = f"{machine.shown(folder)} cannot be written: {error.strerror}"
            yield Finding("Folders", "problem", found, advice(error))
            return
    yield Finding("Folders", "ok", "progress and notebooks can be written")


def disk_space(machine: Machine) -> Iterator[Finding]:
    """Whether there is room for what the labs write."""
    home = machine.course.home.absolute()
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists())).free / 1e6
    if free > LEAST_SPACE:
        yield Finding("Disk", "ok", f"{free / 1000:,.1f} GB free")
    else:
        fix = f"Make room for {LEAST_SPACE} MB, or set LAB_HOME to a folder on another disk."
        yield Finding("Disk", "problem", f"only {free:,.0f} MB free", fix)


def progress_file(machine: Machine) -> Iterator[Finding]:
    """Whether progress can be kept. A damaged file is set aside, as any command would do."""
    path = machine.course.home / "progress.sqlite"
    first, second = Progress(path), Progress(path)
    first.of("")
    second.of("")  # After a damaged file was set aside all is well again.
    if second.notices:
        fix = "The labs work without it; to keep your progress, see that you may write that file and its folder."
        yield Finding("Progress", "problem", " ".join(second.notices), fix)
    elif first.notices:
        yield Finding("Progress", "note", " ".join(first.notices))
    else:
        yield Finding("Progress", "ok", "can be read and written")


def _pins(requirements: Path) -> dict[str, str]:
    """The versions that a requirements file pins the packages to that matter most; none where there is no file."""
    text = requirements.read_text(encoding="utf-8") if requirements.exists() else ""
    pins = dict(re.findall(r"^([\w-]+)==([^\s;]+)", text, re.MULTILINE))
    return {name: pins[name] for name in (*EXACT, *DISPLAY) if name in pins}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _install(machine: Machine) -> str:
    """How the course's packages are installed into the environment that runs this."""
    root = machine.course.root
    # An environment that uv made has no pip.
    pip = [sys.executable, "-m", "pip", "install"]
    install = pip if find_spec("pip") else ["uv", "pip", "install", "--python", sys.executable]
    command = [*install, "-r", str(root / "requirements.txt"), "-e", str(root)]
    quoted = subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
    return f"Run this, then restart the kernel: {quoted}"
