"""What can be done to files and devices that all submissions read is done by nobody: they carry no signals."""

import subprocess
import sys

import pytest

from lab_harness.grading.room import syscalls
from lab_harness.grading.room.sandbox import missing_protections

pytestmark = [
    pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here"),
    pytest.mark.skipif(not syscalls.call_filter(), reason="no calls are refused on this processor"),
]

# Twice each place is opened, as two submissions would: what one does, the other must not see.
BEGIN = """
import ctypes, dbm, fcntl, json, os, sqlite3, struct, sys
PLACES = [os.__file__, json.__file__, sys.executable, "/usr/lib", "/dev/null", "/dev/urandom"]
PAIRS = [(os.open(place, os.O_RDONLY), os.open(place, os.O_RDONLY)) for place in PLACES]
libc = ctypes.CDLL(None, use_errno=True)
def asked(kind):
    return struct.pack("hhqqi4x", kind, 0, 0, 0, 0)
def locked(file, number):
    kind = struct.unpack_from("h", fcntl.fcntl(file, number, asked(fcntl.F_WRLCK)))[0]
    return None if kind == fcntl.F_UNLCK else kind
def refused(call):
    try:
        call()
    except OSError as error:
        return error.errno
"""


def within_walls(folder, probe):
    """What a program prints that runs with a box's limits and may make only a box's calls."""
    begin = "from lab_harness.grading.room import limits, walls\nfrom lab_harness.lab.file import Limits\n"
    begin += "limits.limit_resources(Limits(), others=1000)\nwalls.drop_privileges()\n"
    words = [sys.executable, "-c", begin + BEGIN + probe]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "probe",
    [
        # A lock of a whole file: the other's attempt to get it as well would fail.
        "print([refused(lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)) for pair in PAIRS for file in pair])",
        # A lock of what was opened: whoever asks is told of it.
        """
for one, other in PAIRS:
    fcntl.fcntl(one, 37, asked(fcntl.F_RDLCK))
print([locked(other, 36) for _, other in PAIRS])
""",
        # A lock of a process: another process is told of it.
        """
for one, _ in PAIRS:
    fcntl.fcntl(one, 6, asked(fcntl.F_RDLCK))
    fcntl.fcntl(one, 7, asked(fcntl.F_RDLCK))
sys.stdout.flush()
child = os.fork()
if child == 0:
    print([locked(other, 5) for _, other in PAIRS])
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
""",
    ],
)  # fmt: skip
def test_no_lock_of_a_file_can_be_seen_by_another(tmp_path, probe):
    assert set(within_walls(tmp_path, probe).strip("[]").split(", ")) == {"None"}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("fcntl.fcntl(one, 1024, fcntl.F_RDLCK)", 22),  # a lease, which tells who opens the file
        ("fcntl.fcntl(one, 1026, 0x80000001)", 22),  # a signal when the folder is read
        ("fcntl.fcntl(one, 1036, struct.pack('Q', 5))", 22),  # a hint that stays with the file, for whoever comes later
        ("fcntl.fcntl(one, 1038, struct.pack('Q', 5))", 22),
    ],
)
def test_nothing_can_be_noted_on_a_file_of_others(tmp_path, call, error):
    assert within_walls(tmp_path, f"print({{refused(lambda: {call}) for one, _ in PAIRS}})") == f"{{{error}}}"


@pytest.mark.parametrize("call", ["inotify_init()", "inotify_init1(0)", "fanotify_init(0, 0)"])
def test_nobody_watches_what_others_do(tmp_path, call):
    assert within_walls(tmp_path, f"print(libc.{call}, ctypes.get_errno())") == "-1 38"


def test_nobody_throws_out_what_all_have_in_memory_or_asks_whether_it_is_there(tmp_path):
    probe = """
import mmap
file = os.open(os.__file__, os.O_RDONLY)
size = len(os.read(file, 1 << 20))
mapped = mmap.mmap(file, size, mmap.MAP_SHARED, mmap.PROT_READ)
page = ctypes.c_void_p(id(mapped) // mmap.PAGESIZE * mmap.PAGESIZE)
print(
    [refused(lambda: mapped.madvise(advice)) for advice in (20, 21)],
    refused(lambda: os.preadv(file, [bytearray(4096)], 0, os.RWF_NOWAIT)),
    libc.mincore(page, mmap.PAGESIZE, ctypes.create_string_buffer(8)),
    os.preadv(file, [bytearray(4096)], 0),
    [refused(lambda: os.posix_fadvise(no_file, 0, 0, os.POSIX_FADV_DONTNEED)) for no_file in (file, 999)],  # not done
    libc.syncfs(999),
)
"""
    assert within_walls(tmp_path, probe) == "[22, 22] 95 -1 4096 [None, None] 0"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        *((f"socketpair({family}, {kind}, 0, pair)", 97) for family in (2, 16, 17, 30, 40, 42) for kind in (1, 2)),
        *((f"socket(2, 1, {protocol})", 93) for protocol in (132, 262)),  # modules of the kernel that are loaded for it
        *((f"socket(16, 3, {protocol})", 93) for protocol in (2, 4, 9, 12, 15, 16, 20, 21)),
        ("ioctl(PAIRS[0][0], 0x80086601, pair)", 25),
        ("ioctl(PAIRS[0][0], 0xC0506617, pair)", 25),  # a key of the whole filesystem's
    ],
)
def test_no_other_part_of_the_kernel_is_loaded_or_noted_on(tmp_path, call, error):
    probe = f"pair = ctypes.create_string_buffer(128)\nprint(libc.{call}, ctypes.get_errno())"
    assert within_walls(tmp_path, probe) == f"-1 {error}"


def test_databases_in_a_file_of_ones_own_work_as_ever(tmp_path):
    probe = """
with sqlite3.connect("x.db") as base:
    base.execute("create table t(x)")
    base.execute("insert into t values (7)")
with dbm.open("y", "c") as base:
    base["a"] = "b"
with dbm.open("y") as base:
    print(base["a"], sqlite3.connect("x.db").execute("select x from t").fetchall())
os.set_blocking(PAIRS[4][0], False)
os.dup(PAIRS[4][0])
"""
    assert within_walls(tmp_path, probe) == "b'b' [(7,)]"


def test_signals_that_wait_are_few_for_they_count_for_the_graders_user_too(tmp_path):
    probe = """
number = ctypes.c_void_p()
made = 0
while made < 10_000 and libc.timer_create(1, None, ctypes.byref(number)) == 0:
    made += 1
print(made)
"""
    assert int(within_walls(tmp_path, probe)) <= 256
