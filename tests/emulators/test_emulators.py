"""Tests for the choice of an emulator."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from lab_harness import emulators
from lab_harness.emulators import choose
from lab_harness.emulators.attached import Attached
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady, ForeignEndpoint, UsageError
from tests.serving import Quiet, serving

FOREIGN = "https://sqs.us-east-1.amazonaws.com"


@contextmanager
def other_server(after=0.0):
    """Something that answers every request with 404, after so many seconds; yields its endpoint."""
    never = threading.Event()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            never.wait(after)
            self.send_error(404)

    with serving(Handler) as endpoint:
        yield endpoint


def test_embedded_emulator_is_the_default(tmp_path):
    chosen = choose(tmp_path)
    assert type(chosen) is Embedded
    assert chosen.home == tmp_path
    assert chosen.endpoint == ""


def test_name_chooses(tmp_path):
    assert type(choose(tmp_path, "embedded")) is Embedded
    assert type(choose(tmp_path, "localstack")) is LocalStack


def test_variable_chooses(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_EMULATOR", "localstack")
    assert type(choose(tmp_path)) is LocalStack


def test_name_wins_over_the_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_EMULATOR", "localstack")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("LOCALSTACK_HOST", "localhost:4566")
    assert type(choose(tmp_path, "embedded")) is Embedded


def test_empty_variables_are_as_good_as_none(tmp_path, monkeypatch):
    for name in ("LAB_EMULATOR", "AWS_ENDPOINT_URL", "LOCALSTACK_HOST"):
        monkeypatch.setenv(name, "")
    assert type(choose(tmp_path)) is Embedded


@pytest.mark.parametrize("by_name", [True, False])
def test_unknown_emulator_is_refused_with_the_names_of_those_there_are(tmp_path, monkeypatch, by_name):
    if not by_name:
        monkeypatch.setenv("LAB_EMULATOR", "moto")
    with pytest.raises(UsageError, match=r"'moto'\. Choose one of: embedded, localstack\."):
        choose(tmp_path, "moto" if by_name else None)
    assert emulators.NAMES == ("embedded", "localstack")


def test_localstack_by_name_is_where_the_endpoint_says(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4577")
    chosen = choose(tmp_path, "localstack")
    assert type(chosen) is LocalStack
    assert chosen.endpoint == "http://localhost:4577"


def test_localstack_host_chooses_localstack(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCALSTACK_HOST", "localhost.localstack.cloud:4577")
    chosen = choose(tmp_path)
    assert type(chosen) is LocalStack
    assert chosen.endpoint == "http://localhost.localstack.cloud:4577"


def test_endpoint_of_something_else_chooses_localstack(tmp_path, monkeypatch):
    with other_server() as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        chosen = choose(tmp_path)
    assert type(chosen) is LocalStack
    assert chosen.endpoint == endpoint


@pytest.mark.parametrize("ending", ["", "/"])
def test_endpoint_of_ones_own_emulator_chooses_it(embedded, monkeypatch, ending):
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint + ending)
    chosen = choose(embedded.home)
    assert type(chosen) is Embedded
    assert chosen.healthy()
    assert chosen.inbox() is not None


def test_endpoint_of_ones_own_emulator_may_name_localhost(embedded, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint.replace("127.0.0.1", "localhost"))
    assert type(choose(embedded.home)) is Embedded


@pytest.mark.parametrize("ending", ["", "/"])
def test_endpoint_of_another_folders_emulator_is_attached_to(tmp_path, embedded, monkeypatch, ending):
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint + ending)
    chosen = choose(tmp_path)
    assert type(chosen) is Attached
    assert chosen.start() == embedded.endpoint


def test_endpoint_where_nothing_answers_says_what_to_do(tmp_path, monkeypatch):
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(EmulatorNotReady) as caught:
        choose(tmp_path)
    assert str(caught.value).startswith(f"AWS_ENDPOINT_URL is {endpoint}, but nothing answers there. Unset it")


def test_busy_emulator_is_waited_for(tmp_path, monkeypatch):
    with other_server(after=3.0) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        assert type(choose(tmp_path)) is LocalStack


@pytest.mark.parametrize("name", [None, "localstack"])
def test_foreign_endpoint_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("AWS_ENDPOINT_URL", FOREIGN)
    with pytest.raises(ForeignEndpoint, match="nothing was sent there"):
        choose(tmp_path, name)


@pytest.mark.parametrize("name", [None, "localstack"])
def test_foreign_localstack_host_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setenv("LOCALSTACK_HOST", "aws.example.com:4566")
    with pytest.raises(ForeignEndpoint):
        choose(tmp_path, name)


def test_embedded_by_name_does_not_look_at_a_foreign_endpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", FOREIGN)
    assert type(choose(tmp_path, "embedded")) is Embedded


def test_foreign_endpoint_may_be_allowed_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://emulator.school.example:4566")
    monkeypatch.setenv("LAB_ALLOWED_HOSTS", "emulator.school.example")
    assert choose(tmp_path, "localstack").endpoint == "http://emulator.school.example:4566"
