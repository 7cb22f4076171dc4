"""Tests for saving: what was built survives a crash of the emulator."""

import io
import json
import logging
import sys
import zipfile
from contextlib import contextmanager
from types import SimpleNamespace

import ministack
import pytest

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.inside.state import saving
from lab_harness.emulators.inside.state.saving import Saver, follow_port
from lab_harness.emulators.process import free_port
from tests.roles import ready
from tests.waiting import kill, wait_until

ROLE = "arn:aws:iam::000000000000:role/worker"
COPY = """
import boto3, os

def handler(event, context):
    table = boto3.resource("dynamodb").Table("orders")
    for record in event.get("Records", []):
        table.put_item(Item={"id": record["body"]})
    return "copied"
"""


@contextmanager
def running(folder):
    emulator = Embedded(folder, free_port())
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


def saved(emulator, service, *words):
    """Whether all these words are in a service's saved state."""
    file = emulator.home / "state" / f"{service}.json"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return all(word in text for word in words)


def build(aws):
    """One thing of each kind."""
    ready(aws.emulator, ROLE)
    aws["dynamodb"].create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws["dynamodb"].put_item(TableName="orders", Item={"id": {"S": "first"}})
    aws["s3"].create_bucket(Bucket="photos")
    aws["s3"].put_object(Bucket="photos", Key="cat.jpg", Body=b"\xff\xd8 a cat", Metadata={"taken": "2030"})
    url = aws["sqs"].create_queue(QueueName="waiting")["QueueUrl"]
    aws["sqs"].send_message(QueueUrl=url, MessageBody="wait for me")
    source = aws["sqs"].create_queue(QueueName="source")["QueueUrl"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("lambda_function.py", COPY)
    aws["lambda"].create_function(
        FunctionName="copy",
        Runtime="python3.12",
        Role=ROLE,
        Handler="lambda_function.handler",
        Code={"ZipFile": buffer.getvalue()},
        Environment={"Variables": {"STAGE": "test"}},
    )
    aws["lambda"].create_event_source_mapping(
        FunctionName="copy", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:source", BatchSize=1
    )
    return source


@pytest.fixture(scope="module")
def survivor(tmp_path_factory):
    """An emulator that was killed a moment after everything had been built, and started again."""
    folder = tmp_path_factory.mktemp("survivor")
    first = Embedded(folder, free_port())
    first.start()
    try:
        build(Clients(first))
        wait_until(lambda: saved(first, "lambda", "copy", ":source") and saved(first, "sqs", "wait for me", "source"))
        wait_until(
            lambda: saved(first, "dynamodb", "first") and saved(first, "iam", "worker") and saved(first, "s3", "photos")
        )
    finally:
        kill(first)
    with running(folder) as again:
        yield again


@pytest.fixture(scope="module")
def aws(survivor):
    return Clients(survivor)


def test_table_and_item_survive(aws):
    item = aws["dynamodb"].get_item(TableName="orders", Key={"id": {"S": "first"}})["Item"]
    assert item == {"id": {"S": "first"}}


def test_queue_and_message_survive(aws):
    url = aws["sqs"].get_queue_url(QueueName="waiting")["QueueUrl"]
    [message] = aws["sqs"].receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "wait for me"


def test_role_survives(aws):
    assert aws["iam"].get_role(RoleName="worker")["Role"]["Arn"] == ROLE


def test_object_survives_with_its_metadata(aws):
    answer = aws["s3"].get_object(Bucket="photos", Key="cat.jpg")
    assert answer["Body"].read() == b"\xff\xd8 a cat"
    assert answer["Metadata"] == {"taken": "2030"}


def test_function_survives_and_runs(aws):
    variables = aws["lambda"].get_function_configuration(FunctionName="copy")["Environment"]["Variables"]
    assert variables == {"STAGE": "test"}
    assert json.load(aws["lambda"].invoke(FunctionName="copy", Payload=b"{}")["Payload"]) == "copied"


def test_event_source_mapping_goes_on_delivering_though_the_port_is_another(aws):
    url = aws["sqs"].get_queue_url(QueueName="source")["QueueUrl"]
    aws["sqs"].send_message(QueueUrl=url, MessageBody="after the crash")
    key = {"id": {"S": "after the crash"}}
    wait_until(lambda: "Item" in aws["dynamodb"].get_item(TableName="orders", Key=key))


def test_crash_is_told_of(survivor):
    assert survivor.notices == ["The emulator had ended without being stopped; its saved state was loaded."]


def test_what_was_deleted_stays_deleted(tmp_path):
    with running(tmp_path) as emulator:
        sqs = Clients(emulator)["sqs"]
        url = sqs.create_queue(QueueName="short-lived")["QueueUrl"]
        wait_until(lambda: saved(emulator, "sqs", "short-lived"))
        sqs.delete_queue(QueueUrl=url)
        wait_until(lambda: not saved(emulator, "sqs", "short-lived"))
        kill(emulator)
    with running(tmp_path) as emulator:
        assert not Clients(emulator)["sqs"].list_queues().get("QueueUrls")


def test_reset_is_saved_at_once(tmp_path):
    with running(tmp_path) as emulator:
        Clients(emulator)["sqs"].create_queue(QueueName="before-the-reset")
        wait_until(lambda: saved(emulator, "sqs", "before-the-reset"))
        emulator.reset()
        # MiniStack has removed the file; a saver that did not know would leave out a state equal to the old one.
        assert (tmp_path / "state" / "sqs.json").exists()
        assert not saved(emulator, "sqs", "before-the-reset")
        kill(emulator)
    with running(tmp_path) as emulator:
        assert not Clients(emulator)["sqs"].list_queues().get("QueueUrls")


def test_unwritable_state_folder_does_not_stop_the_emulator(tmp_path):
    (tmp_path / "state").write_text("no folder", encoding="utf-8")
    with running(tmp_path) as emulator:
        sqs = Clients(emulator)["sqs"]
        sqs.create_queue(QueueName="in-memory")
        wait_until(lambda: "could not be saved" in (tmp_path / "emulator.log").read_text(encoding="utf-8"))
        assert emulator.healthy()
        assert sqs.list_queues()["QueueUrls"]


# Without an emulator.


@pytest.fixture
def old_state(tmp_path):
    """The state of an emulator that had port 4566."""
    follow_port(tmp_path, 4566)
    text = "http://localhost:4566/0/q http://127.0.0.1:4566/0/q http://localhost:45660/ http://example.com:4566/"
    (tmp_path / "sqs.json").write_text(json.dumps({"payload": text}), encoding="utf-8")
    return tmp_path


def test_state_follows_the_emulator_to_another_port(old_state):
    follow_port(old_state, 5000)
    expected = "http://localhost:5000/0/q http://127.0.0.1:5000/0/q http://localhost:45660/ http://example.com:4566/"
    assert payload(old_state, "sqs") == expected
    follow_port(old_state, 4566)
    assert "http://localhost:4566/0/q" in payload(old_state, "sqs")


def test_state_at_its_old_port_is_left_alone(old_state):
    before = (old_state / "sqs.json").stat()
    follow_port(old_state, 4566)
    assert (old_state / "sqs.json").stat() == before


@pytest.fixture
def services(monkeypatch):
    """The services that MiniStack would save, by name, each with what returns its state."""
    found = {}
    app = SimpleNamespace(_build_persistence_save_dict=lambda: found)
    monkeypatch.setitem(sys.modules, "ministack.app", app)
    monkeypatch.setattr(ministack, "app", app, raising=False)
    return found


def payload(folder, service):
    return json.loads((folder / f"{service}.json").read_text(encoding="utf-8"))["payload"]


def test_state_is_written_in_ministacks_own_format(services, tmp_path):
    services["sqs"] = lambda: {"queues": {"q": b"bytes"}}
    Saver(tmp_path / "state").save()
    assert payload(tmp_path / "state", "sqs") == {"queues": {"q": {"__bytes__": "Ynl0ZXM="}}}
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["sqs.json"]


def test_unchanged_state_is_not_rewritten(services, tmp_path):
    services["sqs"] = lambda: {"queues": {}}
    saver = Saver(tmp_path)
    saver.save()
    (tmp_path / "sqs.json").unlink()
    saver.save()
    assert list(tmp_path.iterdir()) == []


def test_changed_state_is_rewritten(services, tmp_path):
    state = {"queues": 1}
    services["sqs"] = lambda: state
    saver = Saver(tmp_path)
    saver.save()
    state["queues"] = 2
    saver.save()
    assert payload(tmp_path, "sqs") == {"queues": 2}


def test_service_without_state_keeps_its_file(services, tmp_path):
    (tmp_path / "sqs.json").write_text("kept", encoding="utf-8")
    services["sqs"] = lambda: None
    Saver(tmp_path).save()
    assert (tmp_path / "sqs.json").read_text(encoding="utf-8") == "kept"


def test_state_that_changes_while_it_is_copied_is_copied_again(services, tmp_path):
    looks = iter([RuntimeError("dictionary changed size during iteration"), {"queues": 1}])

    def get_state():
        look = next(looks)
        if isinstance(look, Exception):
            raise look
        return look

    services["sqs"] = get_state
    Saver(tmp_path).save()
    assert payload(tmp_path, "sqs") == {"queues": 1}


def test_state_that_keeps_changing_is_left_for_the_next_time(services, tmp_path):
    looks = []

    def get_state():
        looks.append(1)
        raise RuntimeError("dictionary changed size during iteration")

    services["sqs"] = get_state
    Saver(tmp_path).save()
    assert len(looks) == saving.ATTEMPTS
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("state", [{"lock": object()}, KeyError("gone")])
def test_service_that_cannot_be_saved_does_not_keep_the_others_from_it(services, tmp_path, caplog, state):
    def broken():
        if isinstance(state, Exception):
            raise state
        return state

    services["ec2"] = broken
    services["sqs"] = lambda: {"queues": 1}
    with caplog.at_level(logging.ERROR):
        Saver(tmp_path).save()
    assert payload(tmp_path, "sqs") == {"queues": 1}
    assert "The state of ec2 could not be saved" in caplog.text


def test_file_is_replaced_whole(services, tmp_path, monkeypatch):
    services["sqs"] = lambda: {"queues": 1}
    saver = Saver(tmp_path)
    saver.save()
    services["sqs"] = lambda: {"queues": 2}
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("switched off")))
    saver.save()
    assert payload(tmp_path, "sqs") == {"queues": 1}
