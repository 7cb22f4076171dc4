"""Tests for the memory of functions on the embedded emulator: more than it has ends one, less is reported."""

import base64
import json
import re
import threading

import pytest

from lab_harness.emulators.inside.functions import memory as function_memory
from lab_harness.emulators.inside.functions.memory import RUNTIME
from tests.waiting import PATIENCE

CODE = """
import time
kept = []

def lambda_handler(event, context):
    held = bytearray(event["mb"] * 1024 * 1024)
    if event.get("keep"):
        kept.append(held)
    time.sleep(event.get("seconds", 0))
    return "done"
"""


@pytest.fixture
def clients(hello):
    return hello(CODE)


def invoke(clients, **event):
    """What the function answers, whether that is an error, and the end of its log."""
    answer = clients["lambda"].invoke(FunctionName="hello", Payload=json.dumps(event).encode(), LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return json.load(answer["Payload"]), answer.get("FunctionError"), log


def used(log):
    return int(re.search(r"Max Memory Used: (\d+) MB", log)[1])


@pytest.mark.parametrize("seconds", [0, 30], ids=["for a moment", "for longer than it may run"])
def test_function_that_takes_more_memory_than_it_has_ends_in_awss_words(clients, seconds):
    clients["lambda"].update_function_configuration(FunctionName="hello", Timeout=10)
    clients["lambda"].get_waiter("function_updated_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
    body, error, log = invoke(clients, mb=150, seconds=seconds)
    (request,) = re.findall(r"START RequestId: (\S+)", log)
    message = f"RequestId: {request} Error: Runtime exited with error: signal: killed"
    assert (error, body) == ("Unhandled", {"errorType": "Runtime.ExitError", "errorMessage": message})
    assert message in log.splitlines()
    assert "Worker process" not in log
    assert used(log) == 128


def test_function_that_was_ended_begins_anew(clients):
    assert invoke(clients, mb=150)[1] == "Unhandled"
    body, error, log = invoke(clients, mb=1)
    assert (body, error) == ("done", None)
    assert "Init Duration" in log


def test_memory_that_a_function_keeps_from_run_to_run_ends_it_at_last(clients):
    assert invoke(clients, mb=60, keep=True)[0] == "done"
    assert invoke(clients, mb=60, keep=True)[1] == "Unhandled"


def test_more_memory_lets_it_run(clients):
    clients["lambda"].update_function_configuration(FunctionName="hello", MemorySize=512)
    clients["lambda"].get_waiter("function_updated_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
    body, _, log = invoke(clients, mb=150)
    assert body == "done"
    assert 150 + RUNTIME <= used(log) < 200 + RUNTIME


def test_function_that_does_nothing_has_used_what_it_uses_on_aws(clients):
    assert RUNTIME <= used(invoke(clients, mb=0)[2]) < RUNTIME + 15


def test_function_that_uses_the_sdk_fits_into_the_least_memory(hello):
    code = "import boto3\ndef lambda_handler(event, context): return boto3.client('s3').list_buckets()['Buckets']"
    body, error, log = invoke(hello(code))
    assert (body, error) == ([], None)
    assert used(log) < 110


class Measured(function_memory.Memory):
    """The memory of a process that tells these figures, one after the other and the last for ever; it never ends."""

    def __init__(self, monkeypatch, *figures):
        self.figures, self.ended = list(figures), threading.Event()
        monkeypatch.setattr(function_memory, "MB", 1)
        monkeypatch.setattr(function_memory, "measured", self._measured)
        super().__init__(128)

    def _measured(self):
        return self.figures.pop(0) if len(self.figures) > 1 else self.figures[0]

    def end(self):
        self.ended.set()


def test_what_a_process_held_before_it_became_a_functions_does_not_count(monkeypatch):
    memory = Measured(monkeypatch, (900, 1000), (900, 1000), (905, 1000), (960, 1010))
    assert [memory.used() for _ in range(3)] == [RUNTIME, RUNTIME + 5, RUNTIME + 110]


def test_system_that_tells_nothing_ends_no_function(monkeypatch):
    memory = Measured(monkeypatch, (0, 0))
    memory.runs("r-1")
    assert memory.waits() == 0
    assert not memory.ended.is_set()


def test_function_ends_as_soon_as_it_uses_more(monkeypatch):
    memory = Measured(monkeypatch, (0, 1), (500, 500))
    memory.runs("r-1")
    assert memory.ended.wait(PATIENCE)
    memory.waits()  # its thread looks no further
