"""Tests for what the grader asks of its machine's memory."""

import subprocess
import sys
from pathlib import Path

import pytest

LARGE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
# A process joins its pages, and says how much of it is large before and after, and whether a child still reads all.
JOIN = """
import os
from pathlib import Path
from lab_harness.grading.room import machine
def large():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("AnonHugePages:")))
parts = [bytearray(os.urandom(64) * 1024) for _ in range(256)]
before, copies = large(), [bytes(part[:64]) for part in parts]
machine.join_pages()
child = os.fork()
if child == 0:
    for part in parts:
        part[0] ^= 255
    os._exit(0 if all(part[64:] == copy * 1023 for part, copy in zip(parts, copies)) else 1)
whole = all(part == copy * 1024 for part, copy in zip(parts, copies))
print(before, large() > before, os.waitpid(child, 0)[1], whole)
"""


@pytest.mark.skipif(not LARGE.exists(), reason="the kernel has no large pages")
def test_joined_pages_are_large_and_hold_what_they_held_for_us_and_for_a_child():
    done = subprocess.run([sys.executable, "-c", JOIN], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "True", "0", "True"]
