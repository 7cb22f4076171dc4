"""Which course a folder lies in: never one that another user of the computer has put above it."""

import os
import shutil

import pytest

from lab_harness.course import Course, find_course
from lab_harness.errors import CourseError

STRANGER = 12345
pytestmark = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make others' files")


@pytest.fixture
def folder(tmp_path, course, monkeypatch):
    """A folder in which we work, below one that everybody may write to, such as /tmp, and that holds a course."""
    monkeypatch.delenv("LAB_COURSE", raising=False)
    shutil.copytree(course.labs / "first_steps", tmp_path / "labs" / "first_steps")
    (tmp_path / ".lab").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    return work


@pytest.mark.parametrize("planted", ["labs", "labs/first_steps", "labs/first_steps/lab.toml", ".lab"])
def test_labs_that_another_user_has_put_above_us_are_not_used(folder, planted, monkeypatch):
    assert find_course(folder) == Course(folder.parent)
    os.chown(folder.parent / planted, STRANGER, STRANGER)
    with pytest.raises(CourseError, match=f"{planted} belongs to another user"):
        find_course(folder)
    monkeypatch.setenv("LAB_COURSE", str(folder.parent))
    assert find_course(folder) == Course(folder.parent)


def test_a_link_of_another_users_is_not_followed(folder):
    labs = folder.parent / "labs"
    labs.rename(folder / "mine")
    labs.symlink_to(folder / "mine")
    assert find_course(folder) == Course(folder.parent)
    os.lchown(labs, STRANGER, STRANGER)
    with pytest.raises(CourseError, match="belongs to another user"):
        find_course(folder)


def test_a_course_that_the_package_was_installed_from_is_used_whosever_it_is(folder, monkeypatch):
    """Its programs run as ours already: where root in a container works on the learner's folder, say."""
    monkeypatch.setattr("lab_harness.course.INSTALLED_FROM", folder.parent)
    for place in (folder.parent, *folder.parent.rglob("*")):
        os.chown(place, STRANGER, STRANGER)
    assert find_course(folder) == Course(folder.parent)
