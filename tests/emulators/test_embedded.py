"""Tests for the embedded emulator as a process: how it is started, found again, stopped and mended."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest
from botocore.exceptions import ClientError

from lab_harness.aws import Clients
from lab_harness.emulators.attached import Attached
from lab_harness.emulators.credentials import KEPT_IN
from lab_harness.emulators.embedded import NEW_KEY, START_ATTEMPTS, Embedded
from lab_harness.emulators.exchange import call_json
from lab_harness.emulators.process import END_DEADLINE, Process, free_port, is_free, read_process, write_process
from lab_harness.errors import CourseError, EmulatorError, EmulatorNotReady
from tests.waiting import PATIENCE, in_thread, wait_until

RECOVERED = "The emulator had ended without being stopped; its saved state was loaded."


def process_of(emulator):
    return read_process(emulator.home / "emulator.json")


@contextmanager
def started(home, port=None):
    emulator = Embedded(home, port or free_port())
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An emulator that the tests only look at."""
    with started(tmp_path_factory.mktemp("running") / "new" / "folder") as emulator:
        yield emulator


def queues(emulator):
    return Clients(emulator)["sqs"].list_queues().get("QueueUrls", [])


def test_emulator_is_ready_within_seconds(tmp_path):
    before = time.monotonic()
    with started(tmp_path) as emulator:
        assert time.monotonic() - before < 5
        assert emulator.healthy()
        assert emulator.notices == []
        assert queues(emulator) == []


def test_emulator_tells_its_version_and_services(running):
    assert running.version() == "1.5.33"
    for service in ("lambda", "s3", "stepfunctions", "cloudwatch", "apigatewayv2", "cognito-idp", "events", "ec2"):
        assert running.supports(service)
    assert not running.supports("quantum-ledger")


def test_emulator_listens_on_the_loopback_interface_only(running):
    # By now everything listens that MiniStack starts by itself, or with the first use of a service.
    Clients(running)["transfer"].create_server()
    process = process_of(running)
    call_json(f"{running.endpoint}/_ministack/ready", headers={"X-Lab-Token": process.token})
    emulator = psutil.Process(process.pid)
    family = [emulator, *emulator.children(recursive=True)]
    listening = [c.laddr for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    assert ("127.0.0.1", process.port) in [(address.ip, address.port) for address in listening]
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    udp = [c.laddr for p in family for c in p.net_connections("udp") if c.laddr]
    assert udp == []


def test_second_start_finds_the_first(running):
    pid = process_of(running).pid
    again = Embedded(running.home)
    assert again.endpoint == running.endpoint
    assert again.start() == running.endpoint
    assert process_of(again).pid == pid
    assert again.notices == []


def test_start_of_one_that_was_made_before_the_emulator_ran_finds_it_too(tmp_path):
    early = Embedded(tmp_path)
    assert early.endpoint == ""
    with started(tmp_path) as emulator:
        assert early.start() == emulator.endpoint
        assert early.notices == []


START = """
import pathlib, sys
from lab_harness.emulators.embedded import Embedded
emulator = Embedded(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
emulator.start()
print(emulator.endpoint)
"""


def test_two_commands_that_start_at_once_share_one_emulator(tmp_path):
    command = [sys.executable, "-c", START, str(tmp_path), str(free_port())]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    endpoints = [process.communicate(timeout=PATIENCE)[0].strip() for process in both]
    emulator = Embedded(tmp_path)
    try:
        assert endpoints == [emulator.endpoint] * 2
        assert emulator.healthy()
        servers = [p for p in psutil.process_iter() if _serves(p, tmp_path)]
        assert [server.pid for server in servers] == [process_of(emulator).pid]
    finally:
        emulator.stop()


def _serves(process, home):
    try:
        return "lab_harness.emulators.inside.server" in process.cmdline() and process.cwd() == str(home)
    except psutil.Error:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sessions")
def test_emulator_is_out_of_reach_of_the_terminals_ctrl_c(running):
    assert os.getsid(process_of(running).pid) != os.getsid(0)


def test_emulator_outlives_the_command_that_started_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path), str(free_port())], stdout=subprocess.PIPE, text=True, check=True
    )
    emulator = Embedded(tmp_path)
    assert emulator.endpoint == done.stdout.strip()
    assert emulator.healthy()
    assert emulator.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps nothing of a process that has ended")
def test_stop_does_not_wait_for_whoever_started_it_to_ask_after_it(tmp_path):
    command = [sys.executable, "-u", "-c", f"{START}\nsys.stdin.read()", str(tmp_path), str(free_port())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        starter.stdout.readline()
        began = time.monotonic()
        assert Embedded(tmp_path).stop()
        took = time.monotonic() - began
        starter.communicate()
    assert took < END_DEADLINE


def test_stop_saves_and_start_restores(tmp_path):
    with started(tmp_path) as emulator:
        port = process_of(emulator).port
        Clients(emulator)["sqs"].create_queue(QueueName="kept")
        assert emulator.stop()
        assert not emulator.healthy()
        assert not (tmp_path / "emulator.json").exists()
    again = Embedded(tmp_path)
    again.start()
    try:
        assert again.endpoint == f"http://127.0.0.1:{port}"
        assert [url.rpartition("/")[2] for url in queues(again)] == ["kept"]
        assert again.notices == []
    finally:
        again.stop()


def test_stop_by_another_command_is_as_gentle(tmp_path):
    other = Embedded(tmp_path)
    with started(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="kept")
        before = time.monotonic()
        assert other.stop()
        assert time.monotonic() - before < 5
    assert "kept" in (tmp_path / "state" / "sqs.json").read_text(encoding="utf-8")


def test_who_waits_for_a_call_does_not_hold_up_the_stop(tmp_path):
    with started(tmp_path) as emulator:
        waiters = [in_thread(Embedded(tmp_path).calls, 0, 30) for _ in range(3)]
        connections = psutil.Process(process_of(emulator).pid).net_connections
        wait_until(lambda: sum(c.status == psutil.CONN_ESTABLISHED for c in connections()) >= 3)
        assert emulator.stop()
        # They were answered. What holds up the stop is cut off after half a second, which would be an error here.
        assert [waiter.result(5) for waiter in waiters] == [[]] * 3


def test_emulator_that_was_started_anew_is_found_and_none_of_its_calls_is_missed(tmp_path):
    with started(tmp_path) as emulator:
        for _ in range(3):
            queues(emulator)
        last = emulator.calls()[-1].number
        assert Embedded(tmp_path).stop()
        again = Embedded(tmp_path)
        again.start()
        assert process_of(again).token != emulator._process.token
        for _ in range(5):  # more than there were before
            queues(again)
        calls = emulator.calls(since=last)
        assert len(calls) == 5
        assert calls[0].number > last + 1
        assert emulator.calls(since=calls[-1].number, wait=0.01) == []


def test_emulator_that_we_stopped_and_another_started_is_found(tmp_path):
    with started(tmp_path) as ours:
        ours.stop()
        assert not ours.healthy()
        with started(tmp_path) as another:
            assert ours.healthy()
            assert ours.endpoint == another.endpoint


def test_emulator_that_another_stopped_says_how_to_start_it(tmp_path):
    with started(tmp_path) as ours:
        Embedded(tmp_path).stop()
        with pytest.raises(EmulatorNotReady, match="Start it with: lab start"):
            ours.calls()


def test_stop_of_what_does_not_run_says_so(tmp_path):
    assert not Embedded(tmp_path).stop()
    with started(tmp_path) as emulator:
        assert emulator.stop()
        assert not emulator.stop()


@pytest.mark.parametrize("ask", ["reset", "inbox", "calls", "version", "services"])
def test_what_does_not_run_says_how_to_start_it(tmp_path, ask):
    with pytest.raises(EmulatorNotReady, match="lab start"):
        getattr(Embedded(tmp_path), ask)()


def test_services_are_asked_for_once_however_many_checks_need_them(embedded, monkeypatch):
    asked = []

    def ask(url, *how):
        asked.append(url)
        return call_json(url, *how)

    monkeypatch.setattr("lab_harness.emulators.embedded.call_json", ask)
    emulator = Embedded(embedded.home)
    assert [emulator.supports(name) for name in ("sqs", "cognito-idp", "s3", "a-new-one")] == [True, True, True, False]
    assert asked == [f"{embedded.endpoint}/_lab/health"]


def test_killed_emulator_is_replaced_with_a_notice(tmp_path):
    with started(tmp_path) as emulator:
        killed = process_of(emulator)
        os.kill(killed.pid, signal.SIGKILL)
        wait_until(lambda: not killed.alive() and is_free(killed.port))
        again = Embedded(tmp_path)
        assert not again.healthy()
        again.start()
        assert again.notices == [RECOVERED]
        assert process_of(again).pid != killed.pid
        assert again.endpoint == killed.endpoint


def test_process_number_that_another_program_got_since_does_not_count(tmp_path):
    port = free_port()
    write_process(tmp_path / "emulator.json", Process(os.getpid(), 1.0, port, "token"))
    emulator = Embedded(tmp_path)
    assert not emulator.healthy()
    assert not emulator.stop()
    write_process(tmp_path / "emulator.json", Process(os.getpid(), 1.0, port, "token"))
    with started(tmp_path) as emulator:
        assert emulator.notices == [RECOVERED]
        assert emulator.endpoint == f"http://127.0.0.1:{process_of(emulator).port}"


@pytest.mark.parametrize(
    "text", ["", '{"pid": 12', "[1, 2]", "null", '{"pid": 1}', '{"pid": "x", "created": 1, "port": 1, "token": ""}']
)
def test_file_of_a_process_that_cannot_be_read_is_as_good_as_none(tmp_path, text):
    (tmp_path / "emulator.json").write_text(text, encoding="utf-8")
    emulator = Embedded(tmp_path)
    assert emulator.endpoint == ""
    assert not emulator.healthy()
    assert not emulator.stop()


def test_copy_of_a_course_whose_emulator_runs_has_an_emulator_of_its_own(tmp_path):
    with started(tmp_path / "first") as emulator:
        shutil.copytree(emulator.home, tmp_path / "second")
        copied = Embedded(tmp_path / "second")
        assert not copied.healthy()
        assert not copied.stop()
        with started(tmp_path / "second") as other:
            assert other.endpoint != emulator.endpoint
        assert emulator.healthy()


def test_file_cut_short_is_recovered_from(tmp_path):
    with started(tmp_path) as emulator:
        emulator.stop()
        (tmp_path / "emulator.json").write_text('{"pid": 12', encoding="utf-8")
        again = Embedded(tmp_path, free_port())
        again.start()
        assert again.notices == [RECOVERED]
        assert again.healthy()


def test_process_that_no_longer_answers_is_replaced_with_a_notice(tmp_path):
    with started(tmp_path) as emulator:
        stuck = process_of(emulator)
        os.kill(stuck.pid, signal.SIGSTOP)
        again = Embedded(tmp_path)
        again.start()
        assert again.notices == [f"The emulator (process {stuck.pid}) no longer answered; it was ended."]
        assert not stuck.alive()
        assert again.endpoint == stuck.endpoint
        assert again.healthy()


def test_emulator_is_stopped_though_the_clock_was_set_since_it_began(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    process = process_of(emulator)
    try:
        write_process(tmp_path / "emulator.json", replace(process, created=process.created - 17))
        assert Embedded(tmp_path).stop()
        assert not process.alive()
    finally:
        process.end(patience=0.0)


@contextmanager
def taken_port():
    """A port on which another program listens."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_taken_port_is_left_alone_with_a_notice(tmp_path):
    with taken_port() as port, started(tmp_path, port) as emulator:
        mine = process_of(emulator).port
        assert mine != port
        assert emulator.notices == [f"Port {port} is taken by another program; the emulator uses {mine}."]


def test_two_that_choose_the_same_port_at_the_same_moment_both_run(tmp_path, monkeypatch):
    with started(tmp_path / "first") as first:
        port = process_of(first).port
        free = iter([True, False])  # The first did not listen yet when the second looked.
        monkeypatch.setattr("lab_harness.emulators.embedded.is_free", lambda _: next(free))
        with started(tmp_path / "second", port) as second:
            mine = process_of(second).port
            assert mine != port
            assert first.healthy()
            assert second.healthy()
            assert second.notices == [f"Port {port} is taken by another program; the emulator uses {mine}."]


def test_port_asked_for_is_used(tmp_path):
    port = free_port()
    with started(tmp_path, port) as emulator:
        assert emulator.endpoint == f"http://127.0.0.1:{port}"


def test_free_ports_are_told_from_taken_ones():
    with taken_port() as port:
        assert not is_free(port)
    assert is_free(port)


def test_folder_that_cannot_be_written_is_a_course_error_that_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    emulator = Embedded(tmp_path / "file" / "lab")
    with pytest.raises(CourseError, match=r"cannot write to .*/file/lab: Not a directory\. Give yourself the right"):
        emulator.start()
    assert not emulator.stop()


def test_two_folders_run_side_by_side(tmp_path):
    with ExitStack() as stack:
        first, second = (stack.enter_context(started(tmp_path / name)) for name in ("first", "second"))
        Clients(first)["sqs"].create_queue(QueueName="first-alone")
        assert first.endpoint != second.endpoint
        assert queues(second) == []
        assert len(queues(first)) == 1


def test_token_is_readable_by_its_user_alone(running):
    assert stat.S_IMODE((running.home / "emulator.json").stat().st_mode) == 0o600


def test_token_is_readable_by_its_user_alone_even_where_a_file_was_left_behind(tmp_path):
    (tmp_path / "emulator.json.part").write_text("left by a crash", encoding="utf-8")
    (tmp_path / "emulator.json.part").chmod(0o666)
    write_process(tmp_path / "emulator.json", Process(1, 1.0, 4566, "token"))
    assert stat.S_IMODE((tmp_path / "emulator.json").stat().st_mode) == 0o600
    assert json.loads((tmp_path / "emulator.json").read_text(encoding="utf-8"))["token"] == "token"


def test_each_start_has_a_token_of_its_own(tmp_path, running):
    with started(tmp_path) as emulator:
        assert process_of(emulator).token != process_of(running).token


def test_emulator_that_cannot_start_shows_the_end_of_its_log(tmp_path, monkeypatch):
    attempts = []

    def launch_in_vain(home, log, port, learner):
        attempts.append(port)
        log.write_text("ImportError: no MiniStack here", encoding="utf-8")
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        return child, Process(child.pid, 1.0, port, "token")

    monkeypatch.setattr("lab_harness.emulators.embedded.launch", launch_in_vain)
    with pytest.raises(EmulatorError, match=r"(?s)did not start.*no MiniStack here"):
        Embedded(tmp_path, free_port()).start()
    assert len(attempts) == START_ATTEMPTS


def test_interrupted_start_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(emulator):
        if emulator._process:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr(Embedded, "healthy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Embedded(tmp_path, free_port()).start()
    wait_until(lambda: not [p for p in psutil.process_iter() if _serves(p, tmp_path)])
    assert not (tmp_path / "emulator.json").exists()


def test_attached_emulator_is_used_with_its_folders_environment_but_not_administered(running, monkeypatch):
    attached = Attached(f"{running.endpoint}/")
    with pytest.raises(ClientError, match="not signed with this course's key"):
        queues(attached)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running.learner.secret_access_key)
    assert attached.start() == running.endpoint
    assert attached.healthy()
    assert attached.version() == running.version()
    assert attached.supports("lambda")
    assert queues(attached) == []
    assert attached.calls() is None
    for forbidden in (attached.stop, attached.reset, attached.inbox):
        with pytest.raises(EmulatorError, match="belongs to another folder"):
            forbidden()
    assert running.healthy()


def test_attached_emulator_that_is_gone_is_not_healthy():
    attached = Attached(f"http://127.0.0.1:{free_port()}")
    assert not attached.healthy()
    with pytest.raises(EmulatorNotReady):
        attached.start()


def test_key_that_was_deleted_is_made_anew_with_the_next_start(home):
    emulator = Embedded(home)
    emulator.start()
    before = emulator.learner
    (home / KEPT_IN).unlink()
    with pytest.raises(EmulatorError, match=r"key .* is gone\. Run lab stop, then lab start"):
        Clients(emulator, as_learner=True)["sqs"].list_queues()
    emulator.stop()
    with pytest.raises(EmulatorNotReady):
        _ = emulator.learner
    emulator.start()
    assert emulator.learner != before
    assert queues(emulator) == []


def test_folders_in_the_places_of_files_and_a_damaged_key_stop_nobody_and_are_named(tmp_path):
    for name in ("emulator.lock", "state.lock", "port", "emulator.json"):
        (tmp_path / name).mkdir()
    (tmp_path / KEPT_IN).write_bytes(b"\0" * 64)
    with started(tmp_path) as emulator:
        assert emulator.healthy()
    assert [notice.split()[0] for notice in emulator.notices[:4]] == [
        str(tmp_path / name) for name in ("emulator.json", "emulator.lock", "port", "state.lock")
    ]
    assert emulator.notices[4:] == [NEW_KEY]


def test_program_that_has_the_port_of_an_emulator_that_crashed_is_not_taken_for_it(tmp_path):
    class Impostor(BaseHTTPRequestHandler):
        def do_GET(self):
            said = json.dumps({"emulator": "embedded", "version": "1", "services": [], "proof": "0" * 64}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Impostor) as server:
        port = server.server_port
        serving = in_thread(server.serve_forever)
        write_process(tmp_path / "emulator.json", Process(os.getpid(), 1.0, port, "token"))
        assert call_json(f"http://127.0.0.1:{port}/_lab/health")["emulator"] == "embedded"
        assert not Embedded(tmp_path).healthy()
        server.shutdown()
        serving.result(PATIENCE)
