"""Tests for what another user of the same computer cannot do: reach the emulator, read what the course keeps."""

import os
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lab_harness.aws import Clients
from lab_harness.course import Course
from lab_harness.emulators.credentials import KEPT_IN, learners
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.access.peers import Peers
from lab_harness.emulators.process import free_port
from lab_harness.handing_in.student import remember_student, signing_key
from lab_harness.learner.progress import Progress
from lab_harness.private import mend, private_file
from tests.labs.helpers import zipped
from tests.roles import ready
from tests.waiting import PATIENCE, wait_until

NOBODY = 65534
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked on Linux only")
WITH_ANOTHER_USER = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user"
)
ASK = """
import sys, urllib.request, urllib.error
request = urllib.request.Request(sys.argv[1], headers=eval(sys.argv[2]))
try: print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error: print(error.code, error.read().decode())
"""


def as_user(user, *words):
    """What a Python program prints that another user runs."""
    command = [sys.executable, "-I", "-c", *words]
    if not os.access(sys.executable, os.X_OK):
        pytest.skip("Python is closed to others")
    # That user may not be allowed to read this Python's folder, so it is started by root and becomes the user then.
    become = f"import os; os.setgroups([]); os.setgid({user}); os.setuid({user})\n"
    command[3] = f"import urllib.request, urllib.error, http.client, socket, encodings.idna\n{become}{command[3]}"
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@ON_LINUX
@WITH_ANOTHER_USER
@pytest.mark.parametrize("path", ["/_lab/health", "/_aws/execute-api/abc/x", "/?Action=ListQueues"])
def test_another_user_is_refused_even_what_is_public(embedded, path):
    said = as_user(NOBODY, ASK, f"{embedded.endpoint}{path}", "{}")
    assert said.startswith("403 ")
    assert "belongs to another user of this computer" in said
    assert as_user(0, ASK, f"{embedded.endpoint}/_lab/health", "{}") == "200\n"


@ON_LINUX
@WITH_ANOTHER_USER
def test_another_user_is_refused_with_the_right_token_and_key(embedded):
    token = embedded.marks["x-lab-token"]
    said = as_user(NOBODY, ASK, f"{embedded.endpoint}/_lab/calls", repr({"X-Lab-Token": token}))
    assert said.startswith("403 ")
    key = embedded.learner
    frozen = boto3.Session(key.access_key_id, key.secret_access_key).get_credentials().get_frozen_credentials()
    request = AWSRequest("GET", f"{embedded.endpoint}/?Action=ListQueues")
    SigV4Auth(frozen, "sqs", "us-east-1").add_auth(request)
    headers = repr(dict(request.headers.items()))
    assert as_user(0, ASK, request.url, headers) == "200\n"
    assert as_user(NOBODY, ASK, request.url, headers).startswith("403 ")


@pytest.fixture
def peers():
    made = Peers()
    yield made
    made.close()


@pytest.fixture
def connection():
    """A connection's two ends, with addresses, and what opens more of them."""
    opened = []

    def make(family=socket.AF_INET, address="127.0.0.1", to=None):
        try:
            server = socket.create_server((address, 0), family=family)
        except OSError:
            pytest.skip("no IPv6 on this machine")
        client = socket.socket(socket.AF_INET6 if to else family)
        client.connect((to or address, server.getsockname()[1]))
        ours, _ = server.accept()
        opened.extend([server, client, ours])
        return client, (ours.getpeername()[:2], ours.getsockname()[:2])

    yield make
    for each in opened:
        each.close()


@ON_LINUX
@pytest.mark.parametrize(
    "kind", [(), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1", "::ffff:127.0.0.1")], ids=["4", "6", "mapped"]
)
def test_own_connection_is_trusted_until_its_owner_has_closed_it(connection, peers, kind):
    client, ends = connection(*kind)
    assert peers.trusted(*ends)
    client.close()
    assert not peers.trusted(*ends)


@ON_LINUX
def test_socket_that_listens_does_not_stand_for_a_client_that_is_gone(connection, peers):
    _, (_, server) = connection()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not peers.trusted(listening.getsockname(), server)


@ON_LINUX
def test_where_the_kernel_does_not_tell_the_signature_alone_decides(connection, monkeypatch):
    client, ends = connection()
    client.close()
    monkeypatch.setattr(Peers, "_knows_ourselves", lambda _: False)
    assert Peers().trusted(*ends)


def open_to_others(folder):
    """What in a folder, itself included, others may do something with."""
    found = []
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # a file that was being written has its name now
            found += [path] if path.lstat().st_mode & 0o077 and not path.is_symlink() else []
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_all_that_a_course_keeps_is_closed_to_others_also_what_was_open_before(tmp_path):
    home, before = tmp_path / "lab", os.umask(0o022)
    try:
        (home / "state").mkdir(parents=True)
        (home / "state" / "sqs.json").write_text("{}", encoding="utf-8")
        (home / "inbox.jsonl").write_text("", encoding="utf-8")
        assert open_to_others(home)
        emulator = Embedded(home, free_port())
        emulator.start()
        try:
            aws = Clients(emulator, as_learner=True)
            aws["s3"].create_bucket(Bucket="mine")
            aws["s3"].put_object(Bucket="mine", Key="a/b", Body=b"x")
            topic = aws["sns"].create_topic(Name="news")["TopicArn"]
            aws["sns"].subscribe(TopicArn=topic, Protocol="email", Endpoint="ana@example.com")
            aws["sns"].publish(TopicArn=topic, Message="hello")
            aws["lambda"].create_function(
                FunctionName="f", Runtime="python3.12", Handler="lambda_function.handler",
                Role=ready(emulator), Code={"ZipFile": zipped("def handler(e, c): pass")},
            )  # fmt: skip
            aws["lambda"].invoke(FunctionName="f")
            Progress(home / "progress.sqlite").take_hint("lab", "task", 3)
            remember_student(home, "Ana")
            signing_key(home)
            wait_until((home / "state" / "lambda.json").exists)
            assert open_to_others(home) == []
        finally:
            emulator.stop()
        assert open_to_others(home) == []
    finally:
        os.umask(before)
    assert (home / KEPT_IN).stat().st_mode & 0o777 == 0o600


def test_mending_follows_no_link_and_keeps_what_the_owner_may_do(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch(mode=0o644)
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home" / "link").symlink_to(tmp_path / "elsewhere")
    program = tmp_path / "home" / "program"
    program.touch()
    program.chmod(0o755)
    mend(tmp_path / "home")
    assert stat.S_IMODE((tmp_path / "elsewhere" / "file").stat().st_mode) == 0o644
    assert stat.S_IMODE(program.stat().st_mode) == 0o700


def test_secret_is_made_once_and_anew_where_it_was_cut_short(tmp_path):
    first = learners(tmp_path)
    assert learners(tmp_path) == first
    assert len(first.secret_access_key) >= 32
    (tmp_path / KEPT_IN).write_text("cut", encoding="ascii")
    assert learners(tmp_path) not in (first, "cut")


def test_course_of_another_user_is_not_taken_over(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setenv("LAB_HOME", str(tmp_path / "lab"))
    monkeypatch.setattr(Path, "chmod", refuse)
    (tmp_path / "lab").mkdir(mode=0o755)
    with pytest.raises(Exception, match="cannot write"):
        Embedded(Course(tmp_path).home, free_port()).start()
    with pytest.raises(PermissionError):
        private_file(tmp_path / "lab" / "file")
