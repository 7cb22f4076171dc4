"""Tests for the warm process from which functions are forked, in this process: what goes wrong harms no other."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from lab_harness.emulators.inside.functions import zygote
from lab_harness.emulators.inside.functions.zygote import READY, Zygote, brought, folders, read_request
from tests.waiting import PATIENCE, in_thread

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="functions are forked on Linux alone")


@pytest.fixture
def ends():
    """The emulator's end of the socket, and the warm process's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    with ours, theirs:
        yield ours, theirs


def ask(requests, folder, descriptors=3):
    """Ask for a function's process; returns its leash."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    with theirs, Path(os.devnull).open() as nothing:
        given = [nothing.fileno()] * descriptors + [theirs.fileno()]
        socket.send_fds(requests, [json.dumps({"folder": str(folder), "uses_sdk": False}).encode()], given)
    return ours


def test_request_that_has_lost_its_descriptors_is_passed_over(ends, tmp_path):
    with ask(ends[0], "/cut", descriptors=1) as cut, ask(ends[0], tmp_path) as whole:
        request = read_request(ends[1])
        assert (request.folder, cut.recv(1)) == (str(tmp_path), b"")
        request.close()
        assert whole.recv(1) == b""


def test_there_is_no_request_when_the_emulator_has_ended(ends):
    ends[0].close()
    assert read_request(ends[1]) is None


def test_function_that_cannot_be_forked_is_told_and_the_next_one_served(ends, tmp_path, monkeypatch):
    def fork():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    (tmp_path / "_worker.py").write_text("")
    monkeypatch.setattr(zygote.os, "fork", fork)
    monkeypatch.setattr(zygote.gc, "freeze", lambda: None)
    ended = in_thread(Zygote(ends[1], frozenset(), lambda: None).run)
    assert ends[0].recv(16) == READY
    for folder in (tmp_path, tmp_path / "gone", tmp_path):
        with ask(ends[0], folder) as leash:
            assert leash.recv(16) == b""
    ends[0].close()
    ended.result(PATIENCE)


def test_what_a_function_brings_is_in_its_code_and_its_layers(tmp_path):
    for path in ("code/main.py", "code/own/__init__.py", "one/python/layered.so", "one/nodejs/other.js",
                 "two/python/lib/python3.12/site-packages/installed.py"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    layers = os.pathsep.join(str(tmp_path / layer) for layer in ("one", "two", "gone"))
    within = folders(tmp_path / "code", {zygote.LAYERS: layers})
    assert brought(within) == {"main", "own", "layered", "lib", "installed"}
