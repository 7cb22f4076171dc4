"""Tests for the memory of what checks have made: it outlives its process, stays small, and is never in the way."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import pytest

from lab_harness.authors.memory import FILE, REMEMBERED, Memory

OWES = """
import os, signal, sys
from pathlib import Path
from lab_harness.authors.memory import Memory

memory = Memory(Path(sys.argv[1]), "here", "lab")
memory.remember("ana-keller-17")
memory.owe("AWS::SQS::Queue", "ana-keller-17", {"raw": b"\\0\\xff"})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lab" / FILE


@pytest.fixture
def memory(file):
    with Memory(file, "here", "lab") as opened:
        yield opened


def owed(memory):
    return [(each.kind, each.name, each.details) for each in memory.owed()]


def test_what_a_killed_process_owed_is_known_to_the_next_one(file):
    done = subprocess.run([sys.executable, "-c", OWES, str(file)], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    with Memory(file, "here", "lab") as memory:
        assert owed(memory) == [("AWS::SQS::Queue", "ana-keller-17", {"raw": b"\0\xff"})]
        assert memory.names() == {"ana-keller-17"}


def test_nobody_else_may_read_it(memory, file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_is_owed_is_told_until_it_is_gone_the_latest_first(memory):
    first, second = memory.owe("item", "a", {"table": "T"}), memory.owe("item", "b", {})
    first.note(key="id")
    assert owed(memory) == [("item", "b", {}), ("item", "a", {"table": "T", "key": "id"})]
    second.gone()
    called = []
    first.take_away(lambda **said: called.append(said), Id="a")
    assert (owed(memory), called) == ([], [{"Id": "a"}])


def test_what_could_not_be_taken_away_is_owed_on(memory):
    def fails():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        memory.owe("item", "a", {}).take_away(fails)
    assert owed(memory) == [("item", "a", {})]


def test_each_lab_and_each_account_has_its_own(memory, file):
    memory.owe("item", "a", {})
    for account, lab in (("here", "another"), ("elsewhere", "lab")):
        with Memory(file, account, lab) as other:
            assert owed(other) == []


def test_it_stays_small(memory):
    for number in range(REMEMBERED + 5):
        memory.remember(str(number))
        memory.owe("item", str(number), {})
    assert len(memory.names()) == len(memory.owed()) == REMEMBERED
    assert memory.owed()[-1].name == "5"


def test_a_damaged_file_is_begun_anew(file):
    file.parent.mkdir()
    file.write_bytes(b"no database, " * 100)
    with Memory(file, "here", "lab") as memory:
        memory.owe("item", "a", {})
    with Memory(file, "here", "lab") as memory:
        assert owed(memory) == [("item", "a", {})]


def test_where_nothing_can_be_written_it_is_kept_in_memory(tmp_path):
    (tmp_path / "file").touch()
    with Memory(tmp_path / "file" / FILE, "here", "lab") as memory:
        memory.owe("item", "a", {})
        assert owed(memory) == [("item", "a", {})]


def test_a_file_that_is_damaged_within_is_begun_anew(file):
    with Memory(file, "here", "lab") as memory:
        for number in range(100):
            memory.owe("item", str(number), {"before": "x" * 100})
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with Memory(file, "here", "lab") as memory:
        assert owed(memory) == []
        memory.owe("item", "a", {})
    with Memory(file, "here", "lab") as memory:
        assert owed(memory) == [("item", "a", {})]


@pytest.mark.parametrize("change", ["details = 'no JSON'", "details = '[]'", "details = x'00'", "time = 'noon'"])
def test_a_row_that_somebody_has_changed_is_forgotten(memory, file, change):
    memory.owe("item", "a", {})
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"update owed set {change}")
    with Memory(file, "here", "lab") as another:
        assert owed(another) == []
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("select * from owed").fetchall() == []


def test_a_run_knows_what_it_owes_where_nothing_more_can_be_written(memory, file):
    first = memory.owe("item", "a", {})
    pages = memory.execute("pragma page_count")[0][0]
    memory.execute(f"pragma max_page_count = {pages}")  # as on a full disk
    second = memory.owe("messages", "orders", {"bodies": ["x" * 100_000]})
    second.note(ids=["m-1"])
    assert [(each.name, sorted(each.details)) for each in memory.owed()] == [("orders", ["bodies", "ids"]), ("a", [])]
    first.gone()
    second.gone()
    assert memory.owed() == []


def test_another_program_that_holds_the_file_is_waited_for_once(file, monkeypatch):
    monkeypatch.setattr("lab_harness.authors.memory.BUSY_TIMEOUT", 0.2)
    with Memory(file, "here", "lab") as memory, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        began = time.monotonic()
        for number in range(20):
            memory.owe("item", str(number), {})
        assert time.monotonic() - began < 2
        assert len(memory.owed()) == 20
        other.execute("rollback")


def test_a_file_that_goes_bad_meanwhile_keeps_no_check_from_running(memory, file):
    with closing(sqlite3.connect(file)) as database:
        database.executescript("drop table owed; drop table names;")
    memory.remember("a")
    item = memory.owe("item", "a", {})
    assert (owed(memory), memory.names()) == ([("item", "a", {})], frozenset())
    item.gone()
    assert memory.owed() == []
