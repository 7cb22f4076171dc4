"""What is no file makes way for the files that a course keeps, and is kept."""

import os

import pytest

from lab_harness.emulators.holding import alone_in, is_held
from lab_harness.emulators.places import FILES, make_way


def folder(place):
    place.mkdir()
    (place / "mine").write_text("precious", encoding="utf-8")


def link_to_nothing(place):
    place.symlink_to("nowhere")


def link_to_itself(place):
    place.symlink_to(place.name)


@pytest.mark.parametrize("kind", [folder, link_to_nothing, link_to_itself, os.mkfifo])
def test_what_is_no_file_is_set_aside_and_named(tmp_path, kind):
    names = [name.replace("*", "hello_lambda") for name in FILES]
    for name in names:
        kind(tmp_path / name)
    said = list(make_way(tmp_path))
    assert [line.partition(" was no file")[0] for line in said] == sorted(str(tmp_path / name) for name in names)
    left = {path.name for path in tmp_path.iterdir()}
    assert ({name.partition(".damaged-")[0] for name in left}, left & {*names}) == ({*names}, set())
    with alone_in(tmp_path):
        assert not is_held(tmp_path)


def test_files_and_what_others_keep_there_stay(tmp_path):
    folder(tmp_path / "state")
    (tmp_path / "elsewhere").write_text("8080", encoding="utf-8")
    (tmp_path / "port").symlink_to("elsewhere")
    (tmp_path / "progress.sqlite").write_bytes(b"")
    assert list(make_way(tmp_path)) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "port", "progress.sqlite", "state"]
