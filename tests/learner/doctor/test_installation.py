"""Tests for the looks at Python, packages, folders, disk and progress."""

import errno
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab_harness.course import Course
from lab_harness.learner.doctor import installation
from lab_harness.learner.doctor.finding import Machine
from lab_harness.learner.progress import Progress
from tests.conftest import ROOT
from tests.learner.doctor.looks import said


def test_python_that_the_course_is_tested_with_is_fine(machine):
    found = said(installation.python_version, machine)
    assert (found.state, found.found) == ("ok", ".".join(map(str, sys.version_info[:3])))


@pytest.mark.parametrize(("name", "value"), [("OLDEST_PYTHON", (3, 99)), ("NEWEST_PYTHON", (3, 2))])
def test_python_that_is_too_old_or_too_new_is_a_problem(machine, monkeypatch, name, value):
    monkeypatch.setattr(installation, name, value)
    found = said(installation.python_version, machine)
    assert found.state == "problem"
    assert found.found.endswith(", with which the course is not tested")
    assert found.fix.startswith("Install Python 3.11, 3.12 or 3.13")


def test_pythons_are_those_that_the_package_can_be_installed_on():
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert (installation.OLDEST_PYTHON, installation.NEWEST_PYTHON) == ((3, 11), (3, 13))


def test_environment_of_the_course_is_fine(machine):
    assert said(installation.environment, machine).state == "ok"  # there is no .venv: a container, for example
    (machine.course.root / ".venv").symlink_to(sys.prefix)
    found = said(installation.environment, machine)
    assert (found.state, found.found) == ("ok", "the course's own, .venv")


def test_environment_of_something_else_is_noted(machine, monkeypatch):
    (machine.course.root / ".venv").mkdir()
    monkeypatch.setattr("sys.prefix", str(Path.home() / "anaconda3"))
    found = said(installation.environment, machine)
    assert (found.state, found.found) == ("note", "~/anaconda3, not the course's own .venv")
    assert "choose the kernel of .venv" in found.fix


def test_package_of_another_copy_of_the_course_is_noted(machine, course):
    assert list(installation.package(Machine(course))) == []
    found = said(installation.package, machine)
    assert found.state == "note"
    assert found.found.startswith("lab_harness is that of another copy of the course, ")
    assert found.fix.startswith("Run this, then restart the kernel: ")
    assert found.fix.endswith(f"-m pip install -r {machine.course.root}/requirements.txt -e {machine.course.root}")


def test_where_uv_made_the_environment_it_installs_the_package_too(machine, monkeypatch):
    monkeypatch.setattr(installation, "find_spec", lambda name: None)
    fix = said(installation.package, machine).fix
    root = machine.course.root
    assert f"uv pip install --python {sys.executable} -r {root}/requirements.txt -e {root}" in fix


def require(machine, **changes):
    """Give the course the requirements that are installed, but for these changes."""
    names = (*installation.EXACT, *installation.DISPLAY)
    pins = {name: installation.metadata.version(name) for name in names} | changes
    text = "".join(f"{name}=={pin} ; python_version > '3'\n    # via somebody\n" for name, pin in pins.items())
    (machine.course.root / "requirements.txt").write_text(f"# made by a tool\nsix==1.17.0\n{text}", encoding="utf-8")


def test_versions_that_the_course_pins_are_fine(machine, course):
    require(machine)
    found = said(installation.versions, machine)
    assert found.state == "ok"
    assert found == said(installation.versions, Machine(course))
    assert [word.split()[0] for word in found.found.split(", ")] == [*installation.EXACT, *installation.DISPLAY]


def test_another_version_of_what_must_fit_exactly_is_a_problem(machine):
    require(machine, boto3="1.2.3")
    found = said(installation.versions, machine)
    installed = installation.metadata.version("boto3")
    assert (found.state, found.found) == ("problem", f"boto3 {installed} (the course has 1.2.3)")
    assert "-m pip install -r " in found.fix


def test_another_version_of_the_display_is_only_noted(machine):
    require(machine, jupyterlab="9.9.9")
    found = said(installation.versions, machine)
    assert found.state == "note"
    assert found.found.endswith("(the course has 9.9.9)")
    assert "-m pip install -r " in found.fix


def test_missing_package_is_a_problem(machine, monkeypatch):
    require(machine)
    installed = installation.metadata.version

    def without_anywidget(name):
        if name == "anywidget":
            raise installation.metadata.PackageNotFoundError(name)
        return installed(name)

    pinned = installed("anywidget")
    monkeypatch.setattr(installation.metadata, "version", without_anywidget)
    found = said(installation.versions, machine)
    assert (found.state, found.found) == ("problem", f"anywidget is missing (the course has {pinned})")


def test_course_without_pinned_versions_is_noted(machine):
    assert said(installation.versions, machine).found == "there is no requirements.txt to compare them with"


def test_command_that_installs_survives_a_folder_with_spaces(machine):
    root = machine.course.root.rename(machine.course.root.with_name("my course"))
    fix = said(installation.package, Machine(Course(root))).fix
    assert f"-e '{root}'" in fix


def test_folders_that_can_be_written_are_fine_and_nothing_is_left_in_them(machine):
    assert said(installation.folders, machine).state == "ok"
    assert list(machine.course.home.iterdir()) == list(machine.course.notebooks.iterdir()) == []


def test_home_that_cannot_be_written_is_a_problem(machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "lab"))
    found = said(installation.folders, machine)
    assert (found.state, found.found) == ("problem", f"{tmp_path}/file/lab cannot be written: Not a directory")
    assert found.fix == "Give yourself the right to write there, or copy the course to a folder of your own."


def test_notebooks_that_cannot_be_written_are_a_problem(machine, monkeypatch):
    real = installation.tempfile.TemporaryFile

    def refused(dir):
        if dir == machine.course.notebooks:
            raise PermissionError(13, "Permission denied")
        return real(dir=dir)

    monkeypatch.setattr(installation.tempfile, "TemporaryFile", refused)
    assert said(installation.folders, machine).found == "notebooks cannot be written: Permission denied"


def test_a_full_disk_is_no_question_of_rights(machine, monkeypatch):
    def full(dir):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(installation.tempfile, "TemporaryFile", full)
    assert said(installation.folders, machine).fix.startswith("Remove something from that disk")


def test_disk_with_room_is_fine_before_the_folder_is_there(machine):
    assert not machine.course.home.exists()
    found = said(installation.disk_space, machine)
    assert found.state == "ok"
    assert re.fullmatch(r"[\d,.]+ GB free", found.found)


def test_full_disk_is_a_problem(machine, monkeypatch):
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda path: SimpleNamespace(free=50_000_000))
    found = said(installation.disk_space, machine)
    assert (found.state, found.found) == ("problem", "only 50 MB free")
    assert "200 MB" in found.fix


def test_progress_that_can_be_kept_is_fine(machine):
    assert said(installation.progress_file, machine).state == "ok"


def test_damaged_progress_is_noted_once_and_set_aside(machine):
    path = machine.course.home / "progress.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    found = said(installation.progress_file, machine)
    assert found.state == "note"
    assert "Your progress file was damaged; it was set aside" in found.found
    assert said(installation.progress_file, machine).state == "ok"


def test_progress_that_cannot_be_kept_is_a_problem(machine):
    (machine.course.home / "progress.sqlite").mkdir(parents=True)
    found = said(installation.progress_file, machine)
    assert found.state == "problem"
    assert found.found.startswith("Your progress could not be saved in ")
    assert "The labs work without it" in found.fix


def test_looking_at_progress_changes_none(machine):
    progress = Progress(machine.course.home / "progress.sqlite")
    progress.take_hint("queue", "queue", 3)
    before = progress.of("queue")
    said(installation.progress_file, machine)
    assert progress.of("queue") == before
    assert progress.of("").tries == {}
