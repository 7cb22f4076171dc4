"""Tests for writing files of a course: whole, or not at all."""

import pytest

from lab_harness.authoring.written import rewrite, write_new
from lab_harness.errors import CourseError, UsageError


def there(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_new_files_and_changed_ones_are_written(tmp_path):
    (tmp_path / "README.md").write_text("old", encoding="utf-8")
    write_new({tmp_path / "a" / "b" / "c.txt": "ü"}, {tmp_path / "README.md": "new"})
    assert there(tmp_path) == {"README.md", "a", "a/b", "a/b/c.txt"}
    assert (tmp_path / "a" / "b" / "c.txt").read_text(encoding="utf-8") == "ü"
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "new"


def test_file_that_is_there_is_not_overwritten_and_nothing_else_is_written(tmp_path):
    mine = tmp_path / "b.txt"
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"b\.txt exists already; nothing was written\."):
        write_new({tmp_path / "a.txt": "a", mine: "b"}, {})
    assert (there(tmp_path), mine.read_text(encoding="utf-8")) == ({"b.txt"}, "mine")


def test_folder_that_cannot_be_made_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").touch()
    readme = tmp_path / "README.md"
    readme.write_text("old", encoding="utf-8")
    with pytest.raises(CourseError, match=r"file/b cannot be written: Not a directory\. Nothing was written\."):
        write_new({tmp_path / "labs" / "a.txt": "a", tmp_path / "file" / "b" / "c.txt": "b"}, {readme: "new"})
    assert (there(tmp_path), readme.read_text(encoding="utf-8")) == ({"file", "README.md"}, "old")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError(28, "No space left on device", "b.txt")])
def test_interruption_leaves_nothing_behind(tmp_path, monkeypatch, interruption):
    written, opened = [], type(tmp_path).open

    def interrupted(path, *arguments, **options):
        if written:
            raise interruption
        written.append(path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(type(tmp_path), "open", interrupted)
    with pytest.raises((KeyboardInterrupt, CourseError)):
        write_new({tmp_path / "labs" / "a.txt": "a", tmp_path / "tests" / "b.txt": "b"}, {})
    assert written == [tmp_path / "labs" / "a.txt"]
    assert there(tmp_path) == set()


def test_file_that_cannot_be_replaced_is_as_it_was(tmp_path):
    folder = tmp_path / "README.md"
    folder.mkdir()
    with pytest.raises(CourseError, match=r"Is a directory\. Nothing was written\."):
        rewrite(folder, "new")
    assert there(tmp_path) == {"README.md"}
