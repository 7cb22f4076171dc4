"""Processors and memory are shared fairly: what one submission takes, another does not lose its points for."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from lab_harness.emulators.inside.functions.zygote import Request
from lab_harness.grading.grade import Status
from lab_harness.grading.room.function_boxes import FunctionBoxes
from lab_harness.grading.room.sandbox import missing_protections
from lab_harness.grading.room.shares import FULL_SHARES, NICEST, STEP, niceness, share_fairly
from lab_harness.grading.room.usage import processes
from lab_harness.lab.file import MIB
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in
from tests.grading.hostile import FUNCTIONS, said
from tests.waiting import wait_until

LIMITS_OF_FILES = replace(LIMITS, memory_bytes=100 * MIB, disk_bytes=64 * MIB)
pytestmark = pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here")


@pytest.mark.parametrize("running", [0, 1, 2, 3, 10, 64, 10_000])
def test_many_processes_weigh_together_as_a_few_do(running):
    nice = niceness(running)
    assert (nice > 0) == (running > FULL_SHARES)
    assert nice == NICEST or running / STEP**nice <= FULL_SHARES + 0.001


MANY = """
    import os, time
    def lambda_handler(event, context):
        for _ in range(20):
            if os.fork() == 0:
                while True:
                    pass
        time.sleep(20)
    """


def test_processes_of_all_functions_together_are_counted_and_take_no_points_from_others(grader_with, tmp_path):
    ask = "[lambda_.invoke(FunctionName=f'f{n}', Payload=b'{}', InvocationType='Event') for n in range(6)]"
    cells = [
        FUNCTIONS,
        f"for n in range(6): make(f'f{{n}}', '''{MANY}''', Timeout=30)",
        ask,
        "import time; time.sleep(3)",
    ]
    many = hand_in(tmp_path, *cells, student="mallory")
    right = [hand_in(tmp_path, *RIGHT_CELLS, student=f"right-{number}") for number in range(3)]
    grades = {each.student: each for each in grader_with(workers=4).grade([many, *right])}
    found = grades.pop("mallory")
    assert (found.status, "too many processes" in found.reason) == (Status.LIMITED, True)
    assert {(each.status, each.points) for each in grades.values()} == {(Status.GRADED, 4)}


def test_a_function_for_which_there_is_no_process_left_is_refused_and_the_room_goes_on(monkeypatch):
    def fork():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    leash, other = socket.socketpair()
    request = Request("/nowhere", False, (os.dup(0), os.dup(0), os.dup(0)), leash)
    boxes = FunctionBoxes(True, LIMITS)
    assert (boxes.start(request), boxes.keepers) == (False, set())
    with other:
        assert other.recv(1) == b""


def test_who_runs_many_processes_at_once_has_no_more_of_the_processors_for_it(attack, grader, monkeypatch):
    monkeypatch.setattr(grader, "limits", replace(LIMITS, cell_seconds=60, notebook_seconds=60))
    grade = attack("""
        import os, time
        children = []
        for _ in range(16):
            children.append(os.fork())
            while not children[-1]:
                pass
        while (nice := os.getpriority(os.PRIO_PROCESS, children[0])) == 0:
            time.sleep(0.1)
        for child in children:
            os.kill(child, 9)
        raise SystemExit(str(nice > 0))
        """)
    assert said(grade) == "SystemExit: True"


ORPHANS = """
import os, sys
heard, told = os.pipe()
if os.fork():
    os.wait()
    sys.stdin.read()
    os._exit(0)
os.setsid()
for _ in range(8):
    if os.fork() == 0:
        os.write(told, b"x")
        os.read(0, 1)
        os._exit(0)
[os.read(heard, 1) for _ in range(8)]
print(os.getsid(0), flush=True)
os._exit(0)
"""


def test_a_session_whose_first_process_has_ended_is_made_nice_as_well():
    with subprocess.Popen([sys.executable, "-c", ORPHANS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        session = running.stdout.readline().decode().strip()
        wait_until(lambda: int(session) not in processes())
        table = processes()
        family = [pid for pid, fields in table.items() if fields[3] == session]
        places = [Path(f"/proc/{pid}/autogroup") for pid in family]
        if not all(place.exists() and place.read_text() for place in places):
            pytest.skip("this kernel does not group processes by session")
        running_now = {pid: ["R", *table[pid][1:]] for pid in family}

        def nicer():
            share_fairly(family, running_now)
            return {place.read_text().split()[-1] for place in places} == {str(niceness(len(family)))}

        try:
            wait_until(nicer)  # the kernel takes only so many changes a second
        finally:
            for pid in family:
                os.kill(pid, 9)
            running.stdin.close()
    assert len(family) == 8


def test_memory_that_waits_in_sockets_is_bounded(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import os, socket, time
        for _ in range(6):
            if os.fork() == 0:
                kept = [socket.socketpair() for _ in range(100)]
                time.sleep(3)
                os._exit(0)
        time.sleep(3)
        """,
    )
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert "sockets" in grade.reason


def test_memory_that_no_process_has_in_its_tables_cannot_be_held(attack):
    grade = attack(
        *RIGHT_CELLS,
        """
        import ctypes, mmap, os
        libc, size, refused = ctypes.CDLL(None, use_errno=True), 64 << 20, 0
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        zeros = os.open("/dev/zero", os.O_RDWR)
        for number in range(10):
            for flags, file in ((mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1), (mmap.MAP_SHARED, zeros)):
                begin = libc.mmap(None, size, 3, flags, file, 0)
                if begin == ctypes.c_void_p(-1).value:
                    refused += 1
                else:
                    ctypes.memset(begin, 1, size)
                    libc.munmap(begin + 4096, size - 4096)  # All but its first page is nobody's now, and stays.
        raise SystemExit(f"{refused} {os.read(zeros, 2)}")
        """,
    )
    assert (said(grade), grade.points) == ("SystemExit: 20 b'\\x00\\x00'", 4)


def test_files_in_memory_count_as_memory(grader, attack, monkeypatch):
    monkeypatch.setattr(grader, "limits", LIMITS_OF_FILES)
    grade = attack(
        *RIGHT_CELLS,
        """
        import time
        block = bytearray(b"x") * 60_000_000
        for number in range(4):
            open(f"/tmp/{number}", "wb").write(bytes(15_000_000))
        time.sleep(1)
        """,
    )
    assert (grade.status, grade.points) == (Status.LIMITED, 4)
    assert "more than 100 MiB of memory" in grade.reason
