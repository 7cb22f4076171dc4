"""Tests for `lab start`, `lab stop` and `lab status`."""

import json

from lab_harness.emulators import probing
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady
from tests.cli.processes import run_lab
from tests.emulators.test_localstack import answering

STATUS_KEYS = {"emulator", "endpoint", "healthy", "version", "services", "lacking"}


def test_emulator_is_started_found_again_and_stopped(lab, home):
    started = run_lab("start")
    assert started.code == 0
    assert lab("start").out == started.out == f"{Embedded(home).endpoint}\n"
    shown = lab("status")
    assert shown.code == 0
    assert shown.out.endswith(f" answers at {started.out}"), "and it lacks nothing"
    state = json.loads(lab("status", "--json").out)
    assert state.keys() == STATUS_KEYS
    assert (state["emulator"], state["endpoint"], state["healthy"]) == ("embedded", started.out.strip(), True)
    assert {"lambda", "sqs", "dynamodb"} <= set(state["services"])
    assert state["version"]
    assert lab("stop").out == "Stopped; what you built is saved.\n"
    assert lab("stop").out == "It was not running.\n"


def test_status_of_an_emulator_that_does_not_run_says_how_to_start_it(lab):
    shown = lab("status")
    assert (shown.code, shown.out) == (3, "")
    assert shown.err == "error: The embedded emulator does not run. Start it with: lab start\n"
    shown = lab("status", "--json")
    assert shown.code == 3
    state = json.loads(shown.out)
    assert state == dict.fromkeys(("endpoint", "version")) | {
        "emulator": "embedded", "healthy": False, "services": [], "lacking": []
    }  # fmt: skip


def test_status_says_what_another_emulator_lacks_whatever_its_version(lab, monkeypatch):
    services = dict.fromkeys(["lambda", "iam", "logs", "cloudwatch", "dynamodb", "s3", "sns"], "available")
    with answering({"/_localstack/health": {"version": "1.5.33", "services": services}}) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        shown = lab("status", "--emulator", "localstack")
        assert shown.code == 0
        assert "\nIt lacks " in shown.out
        state = json.loads(lab("status", "--emulator", "localstack", "--json").out)
        assert "sqs" in state["lacking"]
        assert not {"lambda", "iam"} & set(state["lacking"])

        def is_busy(*_):
            raise EmulatorNotReady.stopped(endpoint)

        monkeypatch.setattr(probing, "has", is_busy)
        shown = lab("status", "--emulator", "localstack")
        assert (shown.code, "It lacks" in shown.out) == (0, False)


def test_what_another_program_says_in_localstacks_place_is_not_obeyed_by_the_terminal(lab, monkeypatch):
    told = {"version": "4.14.0\x1b]0;title\x07\x1b[31m", "services": {}}
    with answering({"/_localstack/health": told}) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        shown = lab("status", "--emulator", "localstack")
    assert "localstack 4.14.0" in shown.out
    assert not {"\x1b", "\x07"} & {*shown.out, *shown.err}


def test_localstack_that_does_not_run_says_how_to_start_it(lab, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    shown = lab("status", "--emulator", "localstack")
    assert shown.code == 3
    assert shown.err.endswith(
        "The localstack emulator does not run. Start it with: docker compose up --detach --wait\n"
    )
    assert lab("start", "--emulator", "localstack").code == 3
    shown = lab("stop", "--emulator", "localstack")
    assert (shown.code, shown.err) == (3, "error: LocalStack is not ours to stop. Run: docker compose down\n")


def test_port_is_asked_for_and_kept(lab, home):
    port = free_port()
    shown = lab("start", "--port", str(port))
    assert (shown.code, shown.out) == (0, f"http://127.0.0.1:{port}\n")
    shown = lab("start", "--port", str(free_port()))
    assert shown.out == f"http://127.0.0.1:{port}\n"
    assert "It runs already, on another port; `lab stop` first to move it." in shown.err


def test_port_is_for_the_embedded_emulator(lab):
    shown = lab("start", "--port", "4567", "--emulator", "localstack")
    assert shown.code == 2
    assert "--port is for the embedded emulator" in shown.err
    assert lab("start", "--port", "0").code == 2
