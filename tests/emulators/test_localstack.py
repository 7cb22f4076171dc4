"""Tests for LocalStack as the emulator: found, judged and read; with `--emulator localstack` a real one too."""

import io
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from lab_harness.authors import Failure, expect
from lab_harness.aws import Clients, emulator_environment
from lab_harness.emulators.base import Mail
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorError, EmulatorLacks, EmulatorNotReady, UsageError, WrongEmulator
from lab_harness.relay import instance_states, relay
from tests.serving import Quiet, serving
from tests.waiting import wait_until

START_COMMAND = "docker compose up --detach --wait"
SERVICES = {"lambda": "running", "s3": "available", "stepfunctions": "available", "es": "disabled"}


@contextmanager
def answering(pages):
    """A server that answers with these pages by path; yields its endpoint."""

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            body = page if isinstance(page, bytes) else json.dumps(page).encode()
            self.send_response(200 if page is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as endpoint:
        yield endpoint


def health(version):
    return {"/_localstack/health": {"version": version, "edition": "community", "services": SERVICES}}


@pytest.fixture(autouse=True)
def no_docker(monkeypatch, tmp_path):
    """A PATH without Docker, so that the tests do not depend on the machine's."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.mark.parametrize("version", ["4.14.0", "4.14.0.dev12", "4.15.1", "5.0", "2026.3.1"])
def test_localstack_of_a_known_version_is_used(version):
    with answering(health(version)) as endpoint:
        localstack = LocalStack(f"{endpoint}/")
        assert localstack.start() == endpoint
        assert localstack.healthy()
        assert localstack.version() == version
        assert localstack.notices == []


@pytest.mark.parametrize("version", ["4.13.9", "3.8.1", "0.14.2", "unknown"])
def test_localstack_of_another_version_is_used_and_said_to_be_untested(version):
    with answering(health(version)) as endpoint:
        localstack = LocalStack(endpoint)
        assert localstack.start() == endpoint
        (notice,) = localstack.notices
        assert notice.startswith(f"The course was tested with LocalStack 4.14.0 and newer; {version} answers here.")


def test_emulator_that_tells_no_version_is_used():
    with answering({"/_localstack/health": {"services": SERVICES}}) as endpoint:
        localstack = LocalStack(endpoint)
        assert (localstack.start(), localstack.version()) == (endpoint, "unknown")
        assert localstack.supports("lambda")


OTHERS = [b"<html>", b"[" * 100_000, [], {"version": "1"}, {"services": ["sqs"]}, None]


@pytest.mark.parametrize("pages", [{}, *({"/_localstack/health": page} for page in OTHERS)])
def test_server_that_is_no_localstack_is_told_from_one(pages):
    with answering(pages) as endpoint:
        with pytest.raises(WrongEmulator):
            LocalStack(endpoint).start()
        assert not LocalStack(endpoint).healthy()


def test_services_are_listed_without_the_disabled():
    with answering(health("4.14.0")) as endpoint:
        localstack = LocalStack(endpoint)
        assert localstack.services() == ["lambda", "s3", "stepfunctions"]
        assert localstack.supports("stepfunctions")
        assert not localstack.supports("es")


def test_unreachable_localstack_names_the_command():
    endpoint = f"http://127.0.0.1:{free_port()}"
    localstack = LocalStack(endpoint)
    assert not localstack.healthy()
    with pytest.raises(EmulatorNotReady) as caught:
        localstack.start()
    assert str(caught.value) == f"LocalStack does not answer at {endpoint}. Start it with: {START_COMMAND}"


def install_docker(tmp_path, script):
    """Put a `docker` that runs this shell script on the PATH."""
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    docker.chmod(0o755)


def why_not_ready():
    with pytest.raises(EmulatorNotReady) as caught:
        LocalStack(f"http://127.0.0.1:{free_port()}").start()
    return str(caught.value)


needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for docker is a shell script")


@needs_shell
def test_exit_code_55_asks_for_a_token_or_the_free_version(tmp_path):
    asked = "compose ps --all --format json localstack"
    container = '{"Name": "course-localstack-1", "State": "exited", "ExitCode": 55}'
    install_docker(tmp_path, f"[ \"$*\" = '{asked}' ] && echo '{container}'")
    message = why_not_ready()
    assert "ended with code 55" in message
    assert "LOCALSTACK_AUTH_TOKEN" in message
    assert "unset LOCALSTACK_TAG to use 4.14.0" in message
    assert START_COMMAND in message


@needs_shell
@pytest.mark.parametrize(
    "script",
    [
        """echo '{"State": "exited", "ExitCode": 1}'""",
        """echo '{"State": "running"}'""",
        """echo '[]'""",
        """echo 'no configuration file provided: not found' >&2; exit 1""",
        """echo 'Cannot connect to the Docker daemon'""",
        "exit 127",
    ],
)
def test_docker_that_tells_nothing_of_a_token_leaves_the_plain_message(tmp_path, script):
    install_docker(tmp_path, script)
    message = why_not_ready()
    assert message.endswith(f"Start it with: {START_COMMAND}")
    assert "TOKEN" not in message


@needs_shell
def test_docker_is_not_asked_when_localstack_answers(tmp_path):
    install_docker(tmp_path, f"touch {tmp_path}/asked")
    with answering(health("4.14.0")) as endpoint:
        LocalStack(endpoint).start()
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("name", "value", "endpoint"),
    [
        ("AWS_ENDPOINT_URL", "http://localhost:4577/", "http://localhost:4577"),
        ("LOCALSTACK_HOST", "localhost.localstack.cloud:4577", "http://localhost.localstack.cloud:4577"),
        ("LOCALSTACK_HOST", "127.0.0.1", "http://127.0.0.1:4566"),
    ],
)
def test_endpoint_comes_from_the_environment_as_for_localstacks_tools(monkeypatch, name, value, endpoint):
    monkeypatch.setenv(name, value)
    assert LocalStack().endpoint == endpoint


def test_endpoint_is_localstacks_usual_one_without_any_setting():
    assert LocalStack().endpoint.endswith(":4566")


def test_endpoint_given_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4577")
    assert LocalStack("http://127.0.0.1:4578").endpoint == "http://127.0.0.1:4578"


def test_inbox_reads_what_localstack_sent():
    messages = [
        {
            "Id": "1",
            "Source": "admin@localstack.com",
            "Destination": {"ToAddresses": ["ann@example.com"]},
            "Subject": "Hello",
            "Body": {"text_part": "Good morning", "html_part": None},
        },
        {"Id": "2", "Destination": {"ToAddresses": []}, "Subject": "nobody", "Body": {"html_part": "<b>"}},
        {"Id": "3", "Destinations": ["raw@example.com"], "RawData": "From: me"},
    ]
    running = {"/_localstack/health": {"version": "4.14.0", "services": {"ses": "running"}}}
    with answering({**running, "/_aws/ses": {"messages": messages}}) as endpoint:
        assert LocalStack(endpoint).inbox() == [
            Mail("ann@example.com", "Hello", "Good morning"),
            Mail("", "nobody", ""),
            Mail("", "", ""),
        ]


@pytest.fixture
def in_tokyo(monkeypatch):
    """This process's clock is Tokyo's."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("text", ["2026-11-21T11:11:59", "2026-11-21T11:11:59+00:00", "2026-11-21T20:11:59+09:00"])
@pytest.mark.usefixtures("in_tokyo")
def test_time_of_a_mail_is_utc_wherever_the_learner_is(text):
    running = {"/_localstack/health": {"version": "4.14.0", "services": {"ses": "running"}}}
    with answering({**running, "/_aws/ses": {"messages": [{"Subject": "Hello", "Timestamp": text}]}}) as endpoint:
        assert [mail.time for mail in LocalStack(endpoint).inbox()] == [1_795_259_519.0]


@pytest.mark.parametrize("page", [None, b"<html>", [], {"messages": None}, {"messages": [1]}, {}])
def test_emulator_without_an_inbox_says_that_it_lacks_one(page):
    pages = {"/_localstack/health": {"services": {"sns": "available"}}, "/_aws/ses": page}
    with answering(pages) as endpoint, pytest.raises(EmulatorLacks, match="does not show the mails"):
        LocalStack(endpoint).inbox()


def test_inbox_is_empty_before_the_first_mail():
    waiting = {"/_localstack/health": {"version": "4.14.0", "services": {"ses": "available"}}}
    with answering(waiting) as endpoint:
        assert LocalStack(endpoint).inbox() == []


def test_localstack_is_neither_stopped_nor_emptied():
    localstack = LocalStack("http://127.0.0.1:4566")
    with pytest.raises(EmulatorError, match="docker compose down"):
        localstack.stop()
    with pytest.raises(EmulatorError, match="docker compose restart localstack"):
        localstack.reset()


def test_localstack_keeps_no_call_log():
    localstack = LocalStack("http://127.0.0.1:4566")
    assert localstack.calls() is None
    assert localstack.calls(since=3, wait=30) is None  # at once: nothing is there to be waited for


# The relay.


class FakeEc2:
    """EC2 with instances in these states, on two pages."""

    def __init__(self, **states):
        items = [{"InstanceId": name, "State": {"Name": state}} for name, state in states.items()]
        self.pages = [{"Reservations": [{"Instances": items[:1]}]}, {"Reservations": [{"Instances": items[1:]}]}]

    def get_paginator(self, operation):
        assert operation == "describe_instances"
        return self

    def paginate(self):
        return self.pages


class FakeEvents:
    def __init__(self):
        self.sent = []

    def put_events(self, Entries):  # noqa: N803  boto3's name
        self.sent += [json.loads(entry["Detail"]) for entry in Entries]


def test_relay_reads_every_page_of_instances():
    assert instance_states(FakeEc2(a="running", b="stopped")) == {"a": "running", "b": "stopped"}


def test_relay_sends_an_event_for_each_state_entered():
    events = FakeEvents()
    clients = {"ec2": FakeEc2(a="stopped", b="running"), "events": events}
    assert relay(clients, {"a": "running", "b": "running"}) == {"a": "stopped", "b": "running"}
    assert events.sent == [{"instance-id": "a", "state": "stopping"}, {"instance-id": "a", "state": "stopped"}]


@contextmanager
def relaying(endpoint):
    """The relay as a process of its own."""
    command = [sys.executable, "-m", "lab_harness.relay"]
    environment = emulator_environment(endpoint, DUMMY, os.environ)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_relay_waits_for_a_localstack_that_does_not_answer():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(20)
        with relaying(f"http://127.0.0.1:{server.getsockname()[1]}") as process:
            for _ in range(3):
                server.accept()[0].close()
            assert process.poll() is None


# A real LocalStack.


@pytest.fixture(scope="module")
def localstack(request, localstack_endpoint):
    if request.config.getoption("--emulator") != "localstack":
        pytest.skip("needs a LocalStack: --emulator localstack")
    return LocalStack(localstack_endpoint)


@pytest.fixture(scope="module")
def aws(localstack):
    return Clients(localstack)


def test_real_localstack_lists_no_layers_where_it_breaks_on_one_without_versions(localstack):
    lambda_ = Clients(localstack)["lambda"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("python/rules.py", "")
    made = lambda_.publish_layer_version(LayerName="emptied", Content={"ZipFile": archive.getvalue()})
    assert "emptied" in [each["LayerName"] for each in lambda_.list_layers()["Layers"]]
    lambda_.delete_layer_version(LayerName="emptied", VersionNumber=made["Version"])
    assert lambda_.list_layers()["Layers"] == []
    with pytest.raises(Failure, match="layer"):
        expect.layer(lambda_, "emptied", "Look.")


def test_real_localstack_is_started_and_known(localstack):
    assert localstack.start() == localstack.endpoint
    assert localstack.supports("lambda")
    assert localstack.supports("stepfunctions")
    assert not localstack.supports("apigatewayv2")


def test_mail_of_a_real_localstack_is_read(localstack, aws):
    text = f"mail {secrets.token_hex(4)}"
    topic = aws["sns"].create_topic(Name="inbox-test")["TopicArn"]
    try:
        aws["sns"].subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.com")
        aws["sns"].publish(TopicArn=topic, Subject="Hello", Message=text)
        [mail] = wait_until(lambda: [mail for mail in localstack.inbox() if text in mail.text])
        assert mail.to == "ann@example.com"  # LocalStack gives every such mail a subject of its own.
    finally:
        aws["sns"].delete_topic(TopicArn=topic)


@pytest.fixture
def listening(aws):
    """A queue that gets the EC2 events; returns what reads the states of one instance from it."""
    name = f"relay-{secrets.token_hex(4)}"
    url = aws["sqs"].create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    aws["events"].put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.ec2"]}))
    aws["events"].put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    details = []

    def states(instance):
        messages = aws["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            aws["sqs"].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            details.append(json.loads(message["Body"])["detail"])
        return [detail["state"] for detail in details if detail["instance-id"] == instance]

    yield states
    aws["events"].remove_targets(Rule=name, Ids=["queue"])
    aws["events"].delete_rule(Name=name)
    aws["sqs"].delete_queue(QueueUrl=url)


def test_relay_sends_the_events_of_a_real_localstack(localstack, aws, listening):
    image = aws["ec2"].describe_images()["Images"][0]["ImageId"]
    with relaying(localstack.endpoint) as process:
        assert process.stdout.readline() == f"Relaying EC2 events of {localstack.endpoint}\n"
        [item] = aws["ec2"].run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"]
        instance = item["InstanceId"]
        try:
            wait_until(lambda: "running" in listening(instance))
        finally:
            aws["ec2"].terminate_instances(InstanceIds=[instance])
        wait_until(lambda: "terminated" in listening(instance))
    states = listening(instance)
    assert set(states) == {"pending", "running", "shutting-down", "terminated"}


def test_time_that_cannot_be_moved_is_waited_for_with_a_word_now_and_then(monkeypatch):
    world = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: world[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: world.__setitem__(0, world[0] + seconds))
    parts = list(LocalStack("http://127.0.0.1:1").advance(60))
    assert world == [1_060.0]
    assert len(parts) > 10
    assert {part.ahead for part in parts} == {0.0}


def test_time_that_would_be_waited_for_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))
    with pytest.raises(UsageError, match="cannot be moved, and 93600 s are more than the 120 s"):
        list(LocalStack("http://127.0.0.1:1").advance(93_600))


def test_what_checks_wait_for_comes_in_its_time():
    emulator = LocalStack("http://127.0.0.1:1")
    assert emulator.hasten("pet-orders") == 0
    assert emulator.now() == pytest.approx(time.time(), abs=60)
