"""Tests for the looks at the emulator, and at what reaches it."""

import errno
import os
import re
import socket
from contextlib import contextmanager

import pytest

from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError
from lab_harness.learner.doctor import Finding, connection
from lab_harness.learner.doctor.finding import Machine
from tests.emulators.test_localstack import answering, health
from tests.learner.doctor.looks import program, said


@pytest.fixture
def taken():
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_emulator_that_runs_is_fine_and_not_started_again(connected, in_use):
    machine = Machine(connected.course)
    found = said(connection.emulator, machine)
    assert found.state == "ok"
    assert re.fullmatch(rf"embedded [\d.]+ answers at {in_use.endpoint} within \d+ ms", found.found)
    assert machine.answers.endpoint == in_use.endpoint


def test_emulator_that_answers_slowly_is_noted(connected, monkeypatch):
    monkeypatch.setattr(connection, "SLOW", 0.0)
    found = said(connection.emulator, Machine(connected.course))
    assert found.state == "note"
    assert "virus scanner" in found.fix


def test_what_happened_when_the_emulator_started_is_noted(machine, home, taken):
    home.mkdir()
    (home / "port").write_text(str(taken), encoding="utf-8")
    first, second = connection.emulator(machine)
    assert first.state == "ok"
    assert second.state == "note"
    assert second.found.startswith(f"Port {taken} is taken by another program; the emulator uses ")


@pytest.mark.parametrize(
    ("variable", "value", "words", "fix"),
    [
        ("LAB_EMULATOR", "nonsense", "There is no emulator 'nonsense'.", "Set LAB_EMULATOR to embedded or localstack"),
        ("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com", "is not on this machine", "Unset AWS_ENDPOINT_URL"),
        (
            "LOCALSTACK_HOST",
            "sqs.us-east-1.amazonaws.com",
            "is not on this machine",
            "Unset AWS_ENDPOINT_URL and LOCAL",
        ),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "nothing answers there", "lab open --emulator embedded"),
        ("LOCALSTACK_HOST", "127.0.0.1:9", "LocalStack does not answer", "docker compose up --detach --wait"),
    ],
)
def test_emulator_that_cannot_be_used_is_a_problem(machine, monkeypatch, variable, value, words, fix):
    monkeypatch.setenv(variable, value)
    found = said(connection.emulator, machine)
    assert found.state == "problem"
    assert words in found.found
    assert fix in found.fix
    assert machine.answers is None


def test_emulator_that_was_asked_for_by_name_is_the_one_looked_at(machine):
    machine.asked = "nonsense"
    assert "There is no emulator 'nonsense'." in said(connection.emulator, machine).found


def test_emulator_that_cannot_write_its_state_is_a_problem(machine, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "file" / "lab"))
    found = said(connection.emulator, machine)
    assert found.found == f"The emulator cannot write to {tmp_path}/file/lab: Not a directory."
    assert found.fix == "Give yourself the right to write there, or copy the course to a folder of your own."


def test_a_full_disk_is_made_room_on(machine, monkeypatch):
    def full(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("lab_harness.emulators.embedded.private_folder", full)
    found = said(connection.emulator, machine)
    assert found.found.endswith("No space left on device.")
    assert found.fix.startswith("Remove something from that disk")


def test_emulator_that_does_not_start_is_a_problem(machine, monkeypatch):
    def broken(self):
        raise EmulatorError("The emulator did not start.")

    monkeypatch.setattr(Embedded, "start", broken)
    found = said(connection.emulator, machine)
    assert (found.state, found.found) == ("problem", "The emulator did not start.")
    assert found.fix == "Run lab stop, then lab start; what you built is kept."


def test_something_else_at_the_endpoint_is_a_problem(machine, monkeypatch):
    with answering({}) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        found = said(connection.emulator, machine)
    assert found.state == "problem"
    assert "answered 404" in found.found
    assert "lab open --emulator embedded" in found.fix


def test_port_is_fine_where_it_is_the_usual_one_or_that_is_free(connected, monkeypatch):
    ours = int(connected.answers.endpoint.rpartition(":")[2])
    for usual in (ours, free_port()):
        monkeypatch.setattr(connection, "USUAL_PORT", usual)
        found = said(connection.port, connected)
        assert (found.state, found.found) == ("ok", str(ours))


def test_usual_port_that_another_program_has_is_noted_with_ours(connected, monkeypatch, taken):
    monkeypatch.setattr(connection, "USUAL_PORT", taken)
    ours = connected.answers.endpoint.rpartition(":")[2]
    found = said(connection.port, connected)
    assert (found.state, found.found) == ("note", f"{ours}, since another program has the usual {taken}")


def test_services_of_the_labs_are_there(connected):
    assert said(connection.services, connected) == Finding("Services", "ok", "all that the labs use")


def test_services_that_the_emulator_lacks_are_noted_with_their_labs(sample_course, in_use):
    machine = Machine(sample_course("apart", "queue"), answers=in_use)
    found = said(connection.services, machine)
    assert (found.state, found.found) == ("note", "embedded lacks some: apart uses braket")
    assert "unsupported" in found.fix


def test_boto3_reaches_the_emulator_and_the_call_is_not_taken_for_the_learners(connected, in_use):
    assert said(connection.round_trip, connected).state == "ok"
    (call,) = in_use.calls()
    assert (call.operation, call.caller) == ("ListQueues", "checks")


def test_boto3_that_would_call_somebody_else_is_a_problem_and_nothing_is_sent(connected, in_use, monkeypatch):
    @contextmanager
    def elsewhere(endpoint):
        with monkeypatch.context() as patch:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "test")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            patch.setenv("AWS_SESSION_TOKEN", "")
            yield

    monkeypatch.setattr(connection, "using_emulator", elsewhere)
    found = said(connection.round_trip, connected)
    assert (found.state, found.found) == (
        "problem",
        "it would call https://sqs.us-east-1.amazonaws.com, so nothing was sent",
    )
    assert "Restart the kernel" in found.fix
    assert in_use.calls() == []


def test_boto3_without_an_answer_is_a_problem(machine):
    machine.answers = LocalStack(f"http://127.0.0.1:{free_port()}")
    found = said(connection.round_trip, machine)
    assert found.state == "problem"
    assert found.found.startswith("EndpointConnectionError: ")
    assert "lab stop" in found.fix


def test_docker_is_looked_for_only_where_localstack_was_chosen(machine, connected, monkeypatch, tmp_path):
    assert list(connection.docker(machine)) == list(connection.docker(connected)) == []
    machine.chosen = LocalStack("http://127.0.0.1:9")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = said(connection.docker, machine)
    assert (found.state, found.found) == ("note", "not installed")
    assert "lab open --emulator embedded" in found.fix
    program(tmp_path / "docker")
    assert said(connection.docker, machine).state == "ok"


def test_localstack_is_looked_at_like_the_embedded_emulator(sample_course, monkeypatch):
    with answering(health("4.14.0")) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        machine = Machine(sample_course("queue"))
        found = said(connection.emulator, machine)
        assert found.state == "ok"
        assert found.found.startswith(f"localstack 4.14.0 answers at {endpoint} within ")
        assert list(connection.port(machine)) == []
        assert said(connection.services, machine).found == "localstack lacks some: queue uses sqs"
        assert said(connection.docker, machine).title == "Docker"
