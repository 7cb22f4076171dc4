"""Tests for what is known of what checks have made: by this process, and by others of the same course."""

import threading

import pytest

from lab_harness.authors.made import is_made, made_names, owe, owed, remember, remembered_in, show_from
from lab_harness.authors.memory import FILE, Memory


def test_a_name_is_known_as_soon_as_it_is_made():
    assert remember("ana-keller-1") == "ana-keller-1"
    assert is_made("ana-keller-1")
    assert "ana-keller-1" in made_names()
    assert not is_made("ana-keller-2")


@pytest.fixture
def unshown(tmp_path):
    """A course that is not shown yet, nor afterwards."""
    yield tmp_path
    show_from(tmp_path / "none")


def test_names_of_other_processes_are_known_where_their_course_is_shown(unshown):
    with Memory(unshown / FILE) as another:
        another.remember("bo-lund-1")
        assert not is_made("bo-lund-1")
        show_from(unshown)
        assert is_made("bo-lund-1")
        another.remember("bo-lund-2")
        assert {"bo-lund-1", "bo-lund-2"} <= made_names()
    (unshown / FILE).unlink()
    assert not is_made("bo-lund-2")


def test_what_is_owed_in_a_run_is_remembered_on_disk(tmp_path):
    with remembered_in(tmp_path, "here", "lab"):
        remember("ana-keller-3")
        owe("item", "o-1", table="T")
        owe("execution", "e", arn="arn")
        assert [each.details for each in owed("item")] == [{"table": "T"}]
    with remembered_in(tmp_path, "here", "lab") as memory:
        assert [each.name for each in memory.owed()] == ["e", "o-1"]
        assert "ana-keller-3" in memory.names()


def test_runs_in_two_threads_owe_each_its_own(tmp_path):
    def other_run():
        with remembered_in(tmp_path, "here", "other"):
            owe("item", "theirs")

    with remembered_in(tmp_path, "here", "lab") as memory:
        running = threading.Thread(target=other_run)
        running.start()
        running.join()
        owe("item", "ours")
        assert [each.name for each in memory.owed()] == ["ours"]


def test_outside_of_a_run_what_is_owed_is_kept_in_memory(tmp_path):
    here = owe("tokens", "of this process")
    with remembered_in(tmp_path, "here", "lab"):
        assert owed("tokens") == []
    assert "of this process" in [each.name for each in owed("tokens")]
    here.gone()
    assert "of this process" not in [each.name for each in owed("tokens")]
