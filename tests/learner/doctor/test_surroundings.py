"""Tests for the looks at proxies, names, credentials and the AWS CLI."""

import os
import re
import socket
import subprocess
import sys
import threading

import pytest

from lab_harness.emulators.credentials import learners
from lab_harness.learner.doctor import surroundings
from tests.learner.doctor.looks import program, said
from tests.waiting import PATIENCE


@pytest.fixture
def no_proxy(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def test_no_proxy_is_fine(machine, no_proxy):
    assert said(surroundings.proxies, machine).found == "none"


def test_proxy_that_leaves_this_machine_alone_is_fine(machine, no_proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.1,localhost,.localhost")
    assert said(surroundings.proxies, machine).state == "ok"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_that_would_catch_what_is_for_this_machine_is_noted_without_its_password(
    machine, no_proxy, monkeypatch, variable
):
    monkeypatch.setenv(variable, "http://ana:secret@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    found = said(surroundings.proxies, machine)
    assert found.state == "note"
    assert found.found.endswith("other programs would ask it for 127.0.0.1")
    assert "NO_PROXY" in found.fix
    assert "secret" not in str(found)


def test_the_fix_for_a_proxy_mends_it(machine, no_proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    fix = said(surroundings.proxies, machine).fix
    monkeypatch.setenv("NO_PROXY", re.search(r"NO_PROXY to (\S+)", fix)[1])
    assert said(surroundings.proxies, machine).state == "ok"


@pytest.fixture
def resolving(monkeypatch):
    """Makes names resolve to these addresses."""

    def to(*addresses):
        entries = [(socket.AF_INET, 1, 6, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(surroundings.socket, "getaddrinfo", lambda *_: entries)

    return to


def test_names_that_are_this_machine_are_fine(machine, resolving):
    resolving("127.0.0.1", "::1")
    assert said(surroundings.names, machine).found == "pet-shop.s3-website.localhost is this machine"


def test_names_that_lead_elsewhere_are_noted(machine, resolving):
    resolving("127.0.0.1", "203.0.113.7")
    found = said(surroundings.names, machine)
    assert (found.state, found.found) == ("note", "pet-shop.s3-website.localhost leads to 127.0.0.1, 203.0.113.7")
    assert "hosts file" in found.fix


def test_names_that_nobody_knows_are_noted(machine, monkeypatch):
    def unknown(*_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(surroundings.socket, "getaddrinfo", unknown)
    found = said(surroundings.names, machine)
    assert (found.state, found.found) == ("note", "pet-shop.s3-website.localhost is not known here")
    assert "Chrome, Edge and Firefox" in found.fix


def test_names_are_not_waited_for(machine, monkeypatch):
    answered = threading.Event()
    monkeypatch.setattr(surroundings.socket, "getaddrinfo", lambda *_: answered.wait(30) and [])
    monkeypatch.setattr(surroundings, "PATIENCE", 0.01)
    assert said(surroundings.names, machine).found == "pet-shop.s3-website.localhost is not known here"
    answered.set()


@pytest.fixture
def user(monkeypatch, tmp_path):
    """A user's own folder, with nothing in it."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


def test_no_credentials_are_fine_and_so_are_the_dummies(machine, user, monkeypatch):
    assert said(surroundings.credentials, machine).state == "ok"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert said(surroundings.credentials, machine).state == "ok"
    machine.course.home.mkdir(parents=True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", learners(machine.course.home).secret_access_key)
    assert said(surroundings.credentials, machine).state == "ok"


def test_credentials_are_noted_by_name_and_never_told(machine, user, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalr/secret")
    (user / ".aws").mkdir()
    found = said(surroundings.credentials, machine)
    assert (found.state, found.found) == (
        "note",
        "you have some (AWS_PROFILE, AWS_SECRET_ACCESS_KEY, ~/.aws); the labs neither read nor send them",
    )


def test_aws_cli_may_be_missing_and_told_its_endpoint_where_it_is_not(connected, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = said(surroundings.aws_cli, connected)
    assert (found.state, found.found) == ("ok", "not installed, and not needed")
    program(tmp_path / "aws")
    found = said(surroundings.aws_cli, connected)
    assert (found.state, found.found) == (
        "ok",
        f'there; after eval "$(lab env)" give it --endpoint-url {connected.answers.endpoint}',
    )
    connected.answers = None
    assert said(surroundings.aws_cli, connected).found.endswith(" give it --endpoint-url the emulator's address")


def test_doctor_ends_at_once_though_a_name_is_still_being_looked_up(machine):
    code = (
        "import socket, threading; socket.getaddrinfo = lambda *_: threading.Event().wait(60)\n"
        "from lab_harness.learner.doctor import surroundings; print(surroundings._addresses('x.localhost'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "set()\n"
