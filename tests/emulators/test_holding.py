"""Tests for who has a course's state: no emulator is left that no command can find, and no two save in one folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.credentials import learners
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.holding import Holding, emulators_in, is_held
from lab_harness.emulators.process import free_port, launch, let_go, read_process
from tests.emulators.test_embedded import START, started
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")


def numbers(home):
    return [process.pid for process in emulators_in(home)]


def queues(emulator):
    return [url.rpartition("/")[2] for url in Clients(emulator)["sqs"].list_queues().get("QueueUrls", [])]


def only_what_is_named(home):
    named = read_process(home / "emulator.json")
    return set(numbers(home)) <= ({named.pid} if named else set())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_start_that_is_ended_at_any_moment_leaves_no_emulator_that_cannot_be_found(tmp_path, number):
    with started(tmp_path) as emulator:
        port = read_process(tmp_path / "emulator.json").port
        Clients(emulator)["sqs"].create_queue(QueueName="kept")
    command = [sys.executable, "-c", START, str(tmp_path), str(port)]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    Embedded(tmp_path).stop()
    for moment in (0.5, 0.65, 0.8, 0.95):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as starter:
            time.sleep(took * moment)
            starter.send_signal(number)
        wait_until(lambda: only_what_is_named(tmp_path))
        with started(tmp_path, port) as emulator:
            assert queues(emulator) == ["kept"]
            assert len(numbers(tmp_path)) == 1
        assert numbers(tmp_path) == []


def test_process_whose_starter_goes_before_it_was_told_to_begin_ends_and_has_touched_nothing(tmp_path):
    home = tmp_path / "lab"
    child, _ = launch_in(home)
    child.stdin.close()
    assert child.wait(PATIENCE) == 1
    assert {path.name for path in home.iterdir()} == {"secret-key", "tmp"}


def launch_in(home):
    home.mkdir()
    return launch(home, home.parent / "emulator.log", free_port(), learners(home))


def test_process_that_nobody_tells_to_begin_has_no_hold_and_answers_nobody(tmp_path):
    child, process = launch_in(tmp_path / "lab")
    try:
        wait_until(lambda: numbers(tmp_path / "lab") == [process.pid])
        assert not is_held(tmp_path / "lab")
        let_go(child)
        wait_until(lambda: is_held(tmp_path / "lab"))
    finally:
        Embedded(tmp_path / "lab").stop()
    assert child.wait(PATIENCE) in (0, -signal.SIGTERM)


@pytest.fixture
def orphan(tmp_path):
    """An emulator whose emulator.json is gone, with a queue that is not saved yet."""
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    process = read_process(tmp_path / "emulator.json")
    try:
        (tmp_path / "emulator.json").unlink()
        Clients(emulator)["sqs"].create_queue(QueueName="built")
        yield process
    finally:
        process.end(patience=0)


def test_start_ends_an_orphan_in_good_order_and_has_what_was_built(tmp_path, orphan):
    with started(tmp_path) as emulator:
        assert f"(process {orphan.pid}) was ended" in emulator.notices[0]
        assert not orphan.alive()
        assert queues(emulator) == ["built"]


def test_stop_ends_an_orphan_too(tmp_path, orphan):
    emulator = Embedded(tmp_path)
    assert emulator.stop()
    assert not orphan.alive()
    assert "built" in (tmp_path / "state" / "sqs.json").read_text(encoding="utf-8")


def test_doctor_ends_an_orphan_and_says_so(tmp_path, orphan, lab, monkeypatch):
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    told = " ".join(lab("doctor").out.split())
    assert "Orphans" in told
    assert f"(process {orphan.pid}) was ended" in told
    assert not orphan.alive()
    assert "built" in (tmp_path / "state" / "sqs.json").read_text(encoding="utf-8")


def test_orphans_of_another_course_are_left_alone(tmp_path):
    with started(tmp_path / "other") as other:
        (tmp_path / "mine").mkdir()
        assert Embedded(tmp_path / "mine").end_orphans() == []
        assert other.healthy()


def test_emulator_whose_folder_is_deleted_ends_and_does_not_bring_it_back(tmp_path):
    home = tmp_path / "lab"
    with started(home):
        process = read_process(home / "emulator.json")
        shutil.rmtree(home, ignore_errors=True)
        wait_until(lambda: not process.alive())
        assert not (home / "state").exists()


def test_folder_is_held_until_its_process_ends_however_it_ends(tmp_path):
    code = "import sys, time, pathlib\nfrom lab_harness.emulators.holding import Holding\n"
    code += "assert Holding(pathlib.Path(sys.argv[1])).take(0)\nprint('held', flush=True)\ntime.sleep(600)"
    code = code.replace("assert Holding", "held = Holding").replace(".take(0)", "; assert held.take(0)")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        mine = Holding(tmp_path)
        assert is_held(tmp_path) and not mine.take(0)
        os.kill(other.pid, signal.SIGKILL)
    assert mine.take(PATIENCE) and mine.lasts()
    (tmp_path / "state.lock").unlink()
    assert not mine.lasts()


@pytest.mark.parametrize("pid", [0, -1, 2**40, 1e300])
def test_process_numbers_that_cannot_be_are_as_good_as_none(tmp_path, pid):
    fields = {"pid": pid, "created": 1.0, "port": 4566, "token": "x"}
    (tmp_path / "emulator.json").write_text(json.dumps(fields))
    assert read_process(tmp_path / "emulator.json") is None
