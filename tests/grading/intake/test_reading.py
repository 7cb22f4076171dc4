"""Tests for reading what students handed in: whatever it does to what reads it, only it is rejected, and soon."""

import json
import os
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest

from lab_harness.errors import CourseError, UsageError
from lab_harness.grading.intake import reading
from lab_harness.grading.intake.reading import Bounds, Reader
from lab_harness.grading.intake.submissions import read_submissions
from lab_harness.handing_in import similarity
from lab_harness.handing_in.archives import MAX_FILE
from lab_harness.handing_in.bundle import Attempts, CheckLog
from lab_harness.handing_in.notebooks import MOST_CELLS
from lab_harness.handing_in.released import releases_of
from lab_harness.handing_in.similarity import hashes_of
from lab_harness.lab.file import MIB
from tests.grading.handing_in import COURSE, HELLO, answered, archive, as_bytes, bundled, hand_in, untouched

SOON = 30.0  # seconds, on a machine that does other things as well; what is quadratic takes many times as long
KNOWN = {id: released.known for id, released in releases_of(COURSE).items()}


def with_cells(*sources, tags=()):
    """The untouched notebook and these cells."""
    notebook = untouched()
    cells = [{"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source} for source in sources]
    return notebook | {"cells": notebook["cells"] + cells}


def with_text(key, value):
    """A notebook whose file has this text as the value of a member."""
    return json.dumps(untouched() | {key: "HERE"}).replace('"HERE"', value)


KILLERS = {
    "tags that are no texts": (with_cells("1", tags=[{"a": number} for number in range(20_000)]), ""),
    "calls of calls": (with_cells("open_lab" + "()" * 24_000), ""),
    "calls in calls": (with_cells("f(" * 90 + "open_lab" + ")" * 90), ""),
    "a chain of attributes": (with_cells("open_lab" + ".a()" * 12_000), ""),
    "much code": (with_cells("x = open_lab, [0]\n" * 60_000), ""),
    "empty lines": (answered(role="\n" * 240_000 + "x"), ""),
    "code without end": (with_cells(*["x = 1\n" * 100_000] * 4), "it is too large to be read: its code has"),
    "many cells": (with_cells(*["1"] * (MOST_CELLS + 1)), "it is too large to be read: it has"),
    "nesting": (with_text("x", "[" * 100_000 + "]" * 100_000), "it is no notebook: it is not JSON"),
    "a number of a million digits": (with_text("x", "1" * 1_000_000), "it is no notebook: it is not JSON"),
    "no number": (with_text("x", "NaN"), ""),
    "half characters": (with_text("\\ud800", '"\\udfff"'), ""),
    "members twice": (with_text("x", '1, "cells": [], "cells": "no"'), "it is no valid notebook"),
    "small values": (with_text("x", "[" + "{}," * 3_000_000 + "1]"), ""),
    "old and deep": (
        json.dumps({"nbformat": 3, "worksheets": [{"cells": "HERE"}]}).replace('"HERE"', "[" * 900 + "]" * 900),
        "it is no valid notebook",
    ),
}


@pytest.mark.parametrize(("notebook", "reason"), KILLERS.values(), ids=KILLERS)
def test_hostile_notebook_is_read_or_rejected_soon_and_the_others_go_on(tmp_path, reader, notebook, reason):
    school = hand_in(tmp_path / "class", {f"ana/{HELLO}": notebook, f"bo/{HELLO}": untouched()})
    began = time.monotonic()
    ana, bo = read_submissions(school, COURSE, tmp_path / "scratch", reader=reader).works
    assert time.monotonic() - began < SOON
    assert bo.rejected == ""
    assert ana.rejected.removeprefix(f"{HELLO}: ").startswith(reason) and bool(ana.rejected) == bool(reason)


def test_half_a_character_in_code_is_no_reason_to_stop(tmp_path, reader):
    notebook = json.dumps(answered(role="HERE")).replace("HERE", "\\ud800 \\u0000 x")
    [work] = read_submissions(
        hand_in(tmp_path / "class", {f"ana/{HELLO}": notebook}), COURSE, tmp_path / "scratch", reader=reader
    ).works
    assert (work.rejected, work.tasks["role"]) == ("", "� \x00 x")
    assert work.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (Bounds(memory_bytes=8 * MIB), "it is too large to be read"),
        (Bounds(cpu_seconds=1), "it is too large to be read: that takes more than 1 s of processor time"),
        (Bounds(seconds=0.01), "it is too large or too deep to be read: what read it was ended"),
    ],
)
def test_what_takes_more_than_it_may_is_rejected_with_the_reason(tmp_path, bounds, reason):
    heavy = with_text("x", "[" + ",".join(f'"{number}"' for number in range(900_000)) + "]")
    (tmp_path / HELLO).write_text(heavy)
    descriptor = os.open(tmp_path / HELLO, os.O_RDONLY)
    with Reader(KNOWN, bounds=bounds) as reader:
        if bounds.cpu_seconds == 1:
            # Of an old format, whose conversion takes several seconds on the fastest machine.
            cells = [{"cell_type": "markdown", "metadata": {}, "source": ""}] * 100_000
            old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
            (tmp_path / HELLO).write_text(json.dumps(old))
        with pytest.raises(reading.Rejected, match=reason):
            reader.handed_in(descriptor, HELLO)
    os.close(descriptor)


def end(reader):
    """Kill the process that reads, and wait until it is gone."""
    process = psutil.Process(reader._process.pid)
    family = [process, *process.children(recursive=True)]
    process.kill()
    psutil.wait_procs(family, timeout=30)
    reader._process.wait()


def test_reader_that_was_killed_is_started_again_and_one_that_cannot_is_the_graders_fault(tmp_path, monkeypatch):
    school = hand_in(tmp_path / "class", {f"ana/{HELLO}": untouched()})
    with Reader(KNOWN) as reader:
        read_submissions(school, COURSE, tmp_path / "before", reader=reader)
        end(reader)
        [work] = read_submissions(school, COURSE, tmp_path / "a", reader=reader).works
        assert work.rejected == ""
        monkeypatch.setattr(reading.sandbox, "_environment", lambda _: {"PYTHONHOME": "/nowhere"})
        end(reader)
        with pytest.raises(CourseError, match="What reads submissions cannot be started"):
            read_submissions(school, COURSE, tmp_path / "b", reader=reader)


def test_nothing_is_left_of_a_reader(tmp_path):
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with Reader(KNOWN) as reader:
        read_submissions(hand_in(tmp_path / "c", {f"a/{HELLO}": untouched()}), COURSE, tmp_path / "s", reader=reader)
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


# Archives


def test_directory_that_takes_too_much_memory_is_one_message(tmp_path):
    path = archive(tmp_path / "class.zip", {f"{number}.ipynb": "" for number in range(30_000)})
    with Reader(KNOWN, bounds=Bounds(memory_bytes=8 * MIB)) as reader, pytest.raises(UsageError, match="can be read"):
        read_submissions(path, COURSE, tmp_path / "scratch", reader=reader)


def test_names_in_an_archive_that_are_no_utf_8_lose_nobody_else_a_grade(tmp_path, reader):
    path = archive(tmp_path / "class.zip", {f"an\u00e9/{HELLO}": untouched(), f"bo/{HELLO}": untouched()})
    path.write_bytes(path.read_bytes().replace("an\u00e9".encode(), b"an\xff\xfe"))
    works = read_submissions(path, COURSE, tmp_path / "scratch", reader=reader).works
    assert [(work.student.id[:2], work.rejected) for work in works] == [("an", ""), ("bo", "")]


def test_entries_that_share_their_bytes_are_refused(tmp_path, reader):
    path = archive(tmp_path / "class.zip", {f"ana/{HELLO}": untouched(), f"bo/{HELLO}": untouched()})
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # where the first one's are
    path.write_bytes(data)
    ana, bo = read_submissions(path, COURSE, tmp_path / "scratch", reader=reader).works
    assert [ana.rejected, bo.rejected].count("") == 1
    assert f"{HELLO}: it lies in the archive where another file does" in (ana.rejected, bo.rejected)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_can_take_all_memory_are_not_read(tmp_path, reader, method):
    with zipfile.ZipFile(tmp_path / "class.zip", "w", method) as made:
        made.writestr(f"ana/{HELLO}", as_bytes(untouched()))
    [work] = read_submissions(tmp_path / "class.zip", COURSE, tmp_path / "scratch", reader=reader).works
    assert work.rejected == f"{HELLO}: it is packed in a way that is not read here"


def test_bundle_of_many_entries_and_one_that_unpacks_to_much_are_rejected(tmp_path, reader):
    many = archive(tmp_path / "many.zip", {f"{number}": "" for number in range(5_000)}).read_bytes()
    large = archive(tmp_path / "large.zip", {f"{number}": b" " * MAX_FILE for number in range(40)}).read_bytes()
    school = hand_in(tmp_path / "class", {"ana/hello_lambda-a.zip": many, "bo/hello_lambda-b.zip": large})
    ana, bo = read_submissions(school, COURSE, tmp_path / "scratch", reader=reader).works
    assert "it holds 5000 files" in ana.rejected
    assert "it holds more than 30 MB" in bo.rejected


def test_log_of_a_bundle_may_hold_so_much_and_no_more(tmp_path, reader):
    log = Attempts(checks={f"check {number}": CheckLog(1) for number in range(501)})
    school = hand_in(tmp_path / "class", {"ana/hello_lambda-a.zip": bundled(untouched(), attempts=log)})
    [work] = read_submissions(school, COURSE, tmp_path / "scratch", reader=reader).works
    assert "its attempts.json cannot be read" in work.rejected


# Several threads

TOGETHER = """
import sys, threading
from lab_harness.grading.intake.reading import ANSWERS, ENDED
sys.setswitchinterval(1e-6)
begin = threading.Barrier(12)
def read():
    begin.wait()
    for kind in ("handed_in", "directory", "codes"):
        assert ANSWERS[kind].decode(b'{"value": null, "rejected": "why"}').rejected == "why"
    assert ENDED.decode(b'{"code": 1, "cpu_seconds": 1.0}').code == 1
threads = [threading.Thread(target=read) for _ in range(12)]
for thread in threads:
    thread.start()
"""


@pytest.mark.parametrize("attempt", range(4))
def test_first_answers_that_come_together_crash_nothing(attempt):
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Code that is compared


def test_hostile_code_is_compared_soon_and_hides_nobody_elses_copy(reader):
    hostile = ["(" * 150 + "x" + ")" * 150, "\n" * 240_000, "-" * 20_000 + "1", "x = [" + "[0]," * 200_000 + "]"]
    copied = ("def f(a):\n    return [a + number * 2 for number in range(a) if number % 3 or a > 7]\n" * 3,)
    began = time.monotonic()
    found = reader.hash_all([copied, *([code] for code in hostile), copied], frozenset())
    assert time.monotonic() - began < SOON
    assert found[0] == found[-1] == hashes_of(copied, frozenset()) != frozenset()
    assert len(found) == len(hostile) + 2


def test_code_that_ends_what_reads_it_is_left_out_of_the_comparison_alone():
    good = ("for number in range(9):\n    print(number, number + 1, number * 2)\n",)
    with Reader(KNOWN, bounds=Bounds(memory_bytes=24 * MIB)) as reader:
        heavy = ["x = [" + "0," * 9_000 + "]"] * 300
        first, bad, last = reader.hash_all([good, heavy * 40, good], frozenset())
    assert first == last != frozenset()
    assert len(bad) <= similarity.MOST_WINDOWS
