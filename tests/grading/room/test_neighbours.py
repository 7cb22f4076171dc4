"""What the kernel shares among all of one user's programs: submissions neither reach nor exhaust it."""

import ctypes
import os
import platform
import resource
import struct
from pathlib import Path

import psutil
import pytest

from lab_harness.grading.grade import Status
from lab_harness.grading.pool import Grader
from lab_harness.grading.room import limits, syscalls, walls
from lab_harness.grading.room.sandbox import missing_protections
from tests.grading.class_work import LIMITS, RIGHT_CELLS, hand_in
from tests.grading.hostile import FUNCTIONS, said
from tests.waiting import in_thread, wait_until

pytestmark = pytest.mark.skipif(bool(missing_protections()), reason="bubblewrap cannot close submissions off here")
SESSION, USER, DESCRIPTION = -3, -4, "teachers-key"


@pytest.fixture
def teachers_key():
    """A key in the session's and one in the user's keyring, as the programs that the teacher runs have them."""
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    numbers = {name: syscalls.number_of(name) for name in ("add_key", "keyctl")}
    if not all(numbers.values()) or syscall(numbers["keyctl"], walls.JOIN_SESSION, None) < 0:
        pytest.skip("there are no keyrings here")
    made = [syscall(numbers["add_key"], b"user", DESCRIPTION.encode(), b"secret", 6, ring) for ring in (SESSION, USER)]
    assert min(made) > 0
    yield made
    assert all(f"{key:08x}" in Path("/proc/keys").read_text() for key in made)
    for key in made:
        syscall(numbers["keyctl"], 21, key)  # invalidates it


KEYS = f"""
    import ctypes
    def lambda_handler(*_):
        call, ways = ctypes.CDLL(None).syscall, []
        numbers = {[syscalls.number_of(name) for name in ("add_key", "request_key", "keyctl")]}
        for ring in (-1, -2, -3, -4, -5):
            ways += [call(numbers[0], b"user", b"mine", b"x", 1, ring)]
            ways += [call(numbers[1], b"user", b"{DESCRIPTION}", None, ring)]
            ways += [call(numbers[2], number, ring, None, 0) for number in (0, 1, 3, 5, 7, 11)]
        return [way for way in ways if way >= 0], "{DESCRIPTION}" in open("/proc/keys").read()
    """


def test_keyrings_of_the_teacher_can_neither_be_read_nor_changed(teachers_key, course, tmp_path):
    cells = [KEYS, FUNCTIONS, f"make('f', '''{KEYS}''')\nraise SystemExit(f'{{lambda_handler()}} {{ask(\"f\")}}')"]
    with Grader(course, workers=1, limits=LIMITS) as grader:  # begun when the keys are there
        [grade] = grader.grade([hand_in(tmp_path, *cells)])
    assert said(grade) == "SystemExit: ([], False) [[], False]"


def test_refused_calls_have_the_numbers_that_the_kernel_gives_them(attack):
    names = {call: name for name, call in syscalls.REFUSED.items()}
    numbers = {names[call]: getattr(call, platform.machine(), None) for call in syscalls.REFUSED.values()}
    grade = attack(f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def refused(number):
            return libc.syscall(number, -1, -1, -1, -1, -1, -1) < 0 and ctypes.get_errno() == 38  # ENOSYS
        let_through = [name for name, number in {numbers!r}.items() if not refused(number)]
        from multiprocessing.shared_memory import SharedMemory
        SharedMemory(create=True, size=100).unlink()
        raise SystemExit(f"{{let_through}}")
        """)
    assert said(grade) == "SystemExit: []"


@pytest.mark.parametrize("machine", sorted(syscalls.MACHINES))
def test_filter_jumps_to_where_it_says(machine):
    """Runs the filter for each call as the kernel would."""
    refused, pretended = (
        {getattr(call, machine) for call in calls.values()} for calls in (syscalls.REFUSED, syscalls.PRETENDED)
    )
    for number in range(500):
        numbers = syscalls.MACHINES[machine]
        answer = run_filter(syscalls.call_filter(machine), numbers.architecture, number, 0x22)
        others = {numbers.socket, numbers.socketpair}  # of another family
        assert (answer != syscalls.ALLOW) == (number in refused | pretended | others)
    assert run_filter(syscalls.call_filter(machine), 0, 1, 0) != syscalls.ALLOW


@pytest.mark.parametrize("machine", sorted(syscalls.MACHINES))
@pytest.mark.parametrize(("flags", "allowed"), [(0x01, True), (0x22, True), (0x21, False), (0x4023, False)])
def test_filter_refuses_memory_that_is_shared_without_a_file(machine, flags, allowed):
    numbers = syscalls.MACHINES[machine]
    answer = run_filter(syscalls.call_filter(machine), numbers.architecture, numbers.mmap, flags)
    assert (answer == syscalls.ALLOW) == allowed


@pytest.mark.parametrize("machine", sorted(syscalls.MACHINES))
@pytest.mark.parametrize(
    ("call", "argument", "allowed"),
    [
        *(("socket", 2, True), ("socket", 40, False)),
        *(("socketpair", 1, True), ("socketpair", 2, False), ("socketpair", 40, False)),
        *(("ioctl", 0x5413, True), ("ioctl", 0x80046601, False), ("madvise", 21, False), ("madvise", 4, True)),
        *(("preadv2", 8, False), ("preadv2", 2, True)),
        *(("setrlimit", 4, False), ("prlimit", 4, False), ("prlimit", 7, True)),
    ],
)
def test_filter_judges_by_arguments_on_each_processor(machine, call, argument, allowed):
    numbers = syscalls.MACHINES[machine]
    arguments = {syscalls.THIRD_ARGUMENT: 0} if call == "socket" else {}
    answer = run_filter(
        syscalls.call_filter(machine), numbers.architecture, getattr(numbers, call), argument, arguments
    )
    assert (answer == syscalls.ALLOW) == allowed


def run_filter(code, architecture, number, argument, others=None):
    """What a filter answers to a call whose arguments all have this value, but for some by their places."""
    known = {syscalls.NUMBER: number, syscalls.ARCHITECTURE: architecture, **(others or {})}
    place, held = 0, 0
    while True:
        operation, then, otherwise, value = struct.unpack_from("HBBI", code, place * 8)
        place += 1
        match operation:
            case syscalls.LOAD:
                held = known.get(value, argument)
            case syscalls.AND:
                held &= value
            case syscalls.EQUAL:
                place += then if held == value else otherwise
            case syscalls.AT_LEAST:
                place += then if held >= value else otherwise
            case syscalls.RETURN:
                return value


def test_the_kernel_starts_no_program_when_a_submission_crashes(attack):
    """What /proc/sys/kernel/core_pattern names runs as root outside of all walls, unless one byte may be written."""
    probe = """
    import os, resource, subprocess, sys
    def lambda_handler(*_):
        limits, lowered = open("/proc/self/limits").read().split("Max core file size")[1].split()[:2], []
        try:
            lowered.append(resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
        except (OSError, ValueError):
            pass
        return limits, lowered
    """
    grade = attack(
        FUNCTIONS, probe, f"make('f', '''{probe}''')\nraise SystemExit(f'{{lambda_handler()}} {{ask(\"f\")}}')"
    )
    assert said(grade) == "SystemExit: (['1', '1'], []) [['1', '1'], []]"


def test_what_a_grader_may_have_ahead_of_others_its_submissions_may_not(monkeypatch):
    """Such a grader is in a group like `audio`: its programs may take the processors before all others."""
    found = {}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (95, 95))
    monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
    limits.limit_resources(LIMITS)
    assert (found[resource.RLIMIT_RTPRIO], found[resource.RLIMIT_NICE]) == ((0, 0), (0, 0))


IN_FLIGHT = """
    import os, socket, time
    kept, deadline = [], time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            one, other = socket.socketpair()
            kept.append((one, other))
            for _ in range(50):
                socket.send_fds(one, [b"x"], [0] * 100)
        except OSError:
            time.sleep(0.02)
    """


def test_descriptors_under_way_in_sockets_take_nothing_from_others(grader_with, tmp_path):
    victim = """
        import os, socket
        ours, theirs = socket.socketpair()
        for _ in range(30):
            socket.send_fds(ours, [b"x"], [0])
        """
    attackers = [hand_in(tmp_path, IN_FLIGHT, student=f"mallory-{number}") for number in range(3)]
    cells = [FUNCTIONS, "make('f', 'def lambda_handler(*_): return 1')\nassert ask('f') == 1", *RIGHT_CELLS]
    cells += [victim] if os.geteuid() == 0 else []  # else all rooms are one user's
    victims = [hand_in(tmp_path, "import time; time.sleep(1)", *cells, student=f"right-{n}") for n in range(2)]
    grades = {each.student: each for each in grader_with(workers=5).grade([*attackers, *victims])}
    found = {(grades[each.student].status, grades[each.student].points) for each in victims}
    assert (found, [grades[each.student].cell_errors for each in victims]) == ({(Status.GRADED, 4)}, [(), ()])


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root has one user only")
def test_rooms_that_root_grades_in_belong_to_users_of_their_own(grader_with, tmp_path):
    waits = [hand_in(tmp_path, "import time; time.sleep(2)", student=name) for name in ("ana", "bea")]
    grader, users = grader_with(workers=2), set()
    grades = in_thread(lambda: list(grader.grade(waits)))
    wait_until(lambda: users.update(rooms_users()) or len(users) > 1)
    assert {grade.status for grade in grades.result(60)} == {Status.GRADED}


def rooms_users():
    """The users that rooms' processes run as at the moment."""
    owners = (process.info["uids"] for process in psutil.process_iter(["uids"]))
    return {owner.real for owner in owners if owner and owner.real in walls.ROOM_USERS}


def test_pseudo_terminals_are_few_for_each_box(attack):
    grade = attack("""
        import os
        opened = []
        try:
            for _ in range(100):
                opened.append(os.openpty())
        finally:
            raise SystemExit(str(len(opened)))
        """)
    assert said(grade) == "SystemExit: 8"


TIMES = """
    import glob, os, stat
    def lambda_handler(*_):
        changed = []
        opened = os.open("/dev/null", os.O_RDWR)
        os.write(opened, b"taken")
        for place in (opened, *glob.glob("/dev/*"), *range(3)):
            try:
                own = os.path.realpath(str(place)).startswith("/dev/pts")
                if stat.S_ISCHR(os.stat(place).st_mode) and not own:
                    os.utime(place)
                    changed.append(place)
            except OSError:
                pass
        return changed
    """


def test_times_of_the_machines_devices_carry_no_signal(attack):
    before = {place: place.stat().st_mtime_ns for place in Path("/dev").iterdir() if place.is_char_device()}
    grade = attack(
        FUNCTIONS, TIMES, f"make('f', '''{TIMES}''')\nraise SystemExit(f'{{lambda_handler()}} {{ask(\"f\")}}')"
    )
    assert said(grade) == "SystemExit: [] []"
    devices = [Path("/dev", name) for name in walls.DEVICES]
    assert all(place.stat().st_mtime_ns == before[place] for place in devices if place.name != "tty")


def test_whom_the_kernel_ends_first_for_memory_cannot_be_changed(attack):
    grade = attack("""
        found = []
        for path in ("/proc/self/oom_score_adj", "/proc/sys/user/max_user_namespaces", "/proc/self/mem"):
            try:
                found += [open(path, "r+b")]
            except OSError:
                pass
        raise SystemExit(f"{found} {open('/proc/self/oom_score_adj').read().strip()}")
        """)
    assert said(grade) == "SystemExit: [] 1000"
