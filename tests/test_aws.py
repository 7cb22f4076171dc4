"""Tests for AWS access: everything goes to the emulator, and nothing of the user's own goes anywhere."""

import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError

from lab_harness.aws import (
    UNREACHABLE,
    Clients,
    answering,
    emulator_environment,
    replace_environment,
    use_emulator,
    using_emulator,
)
from lab_harness.emulators.credentials import DUMMY
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.localstack import LocalStack
from lab_harness.emulators.process import free_port
from lab_harness.errors import EmulatorNotReady, ForeignEndpoint
from tests.waiting import PATIENCE, in_thread

ENDPOINT = "http://127.0.0.1:4566"
REAL_KEY, REAL_SECRET, REAL_TOKEN = "AKIAREALKEYREALKEY00", "a-real-secret", "a-real-session-token"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": ENDPOINT,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    "AWS_PAGER": "",
}


class Server(ThreadingHTTPServer):
    """Stands for an emulator, or for somebody else: keeps each request's headers and answers with an empty list."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.endpoint = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(dict(self.headers.items()))
        body = b'{"TableNames": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.do_POST()

    def do_CONNECT(self):
        self.do_POST()

    def log_message(self, *_):
        pass


def serve(request):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def stop():
        server.shutdown()
        thread.join()
        server.server_close()

    request.addfinalizer(stop)
    return server


@pytest.fixture
def emulator(request):
    """What stands for the emulator."""
    return serve(request)


@pytest.fixture
def elsewhere(request):
    """What stands for AWS itself, a proxy, or an endpoint of the user's; must never be asked."""
    return serve(request)


@pytest.fixture
def users_own(monkeypatch, tmp_path, elsewhere):
    """A user with real credentials, everywhere that an AWS SDK looks for them."""
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True)
    keys = f"aws_access_key_id = {REAL_KEY}\naws_secret_access_key = {REAL_SECRET}\naws_session_token = {REAL_TOKEN}\n"
    folder.joinpath("credentials").write_text(f"[default]\n{keys}[work]\n{keys}", encoding="utf-8")
    folder.joinpath("config").write_text(
        f"[default]\nregion = eu-west-1\nendpoint_url = {elsewhere.endpoint}\nuse_fips_endpoint = true\n"
        f"[profile work]\nregion = eu-west-1\nendpoint_url = {elsewhere.endpoint}\nuse_dualstack_endpoint = true\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    values = {
        "AWS_ACCESS_KEY_ID": REAL_KEY,
        "AWS_SECRET_ACCESS_KEY": REAL_SECRET,
        "AWS_SESSION_TOKEN": REAL_TOKEN,
        "AWS_SECURITY_TOKEN": REAL_TOKEN,
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "work",
        "AWS_REGION": "eu-west-1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_ENDPOINT_URL_DYNAMODB": elsewhere.endpoint,
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/real",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "credentials"),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": elsewhere.endpoint,
        "HTTP_PROXY": elsewhere.endpoint,
        "http_proxy": elsewhere.endpoint,
        "HTTPS_PROXY": elsewhere.endpoint,
        "https_proxy": elsewhere.endpoint,
        "ALL_PROXY": elsewhere.endpoint,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def process_environment():
    """Puts the process's environment back behind a test that replaces it."""
    before = dict(os.environ)
    yield
    replace_environment(before)


def assert_only_dummies_were_sent(emulator, elsewhere):
    assert elsewhere.seen == []
    [headers] = emulator.seen
    assert re.search(r"Credential=([^/]+)/\d{8}/([^/]+)/", headers["Authorization"]).groups() == ("test", "us-east-1")
    for value in headers.values():
        assert REAL_KEY not in value
        assert REAL_TOKEN not in value
    return headers


def test_clients_send_dummy_credentials_only(emulator, elsewhere, users_own):
    assert Clients(LocalStack(emulator.endpoint))["dynamodb"].list_tables()["TableNames"] == []
    headers = assert_only_dummies_were_sent(emulator, elsewhere)
    assert "X-Amz-Security-Token" not in headers
    assert "lab-harness" not in str(headers)


def test_plain_boto3_sends_dummy_credentials_only(emulator, elsewhere, users_own, process_environment):
    use_emulator(LocalStack(emulator.endpoint))
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
    headers = assert_only_dummies_were_sent(emulator, elsewhere)
    assert "X-Amz-Security-Token" not in headers


def test_session_that_boto3_made_before_is_forgotten(emulator, elsewhere, users_own, process_environment, monkeypatch):
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.delenv("AWS_DEFAULT_PROFILE")
    boto3.setup_default_session()
    use_emulator(LocalStack(emulator.endpoint))
    boto3.resource("dynamodb").meta.client.list_tables()
    assert_only_dummies_were_sent(emulator, elsewhere)


def test_child_process_sends_dummy_credentials_only(emulator, elsewhere, users_own):
    script = "import boto3; print(boto3.session.Session().client('dynamodb').list_tables()['TableNames'])"
    environment = emulator_environment(emulator.endpoint, DUMMY, os.environ)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert_only_dummies_were_sent(emulator, elsewhere)


def test_every_call_has_the_same_short_user_agent(emulator):
    for as_learner in (False, True):
        Clients(LocalStack(emulator.endpoint), as_learner=as_learner)["dynamodb"].list_tables()
    assert [headers["User-Agent"] for headers in emulator.seen] == ["lab_harness", "lab_harness"]


def test_profile_that_does_not_exist_does_not_break_the_clients(emulator, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    assert Clients(LocalStack(emulator.endpoint))["dynamodb"].list_tables()["TableNames"] == []


def test_service_with_a_host_prefix_stays_at_the_endpoint(emulator, monkeypatch):
    clients = Clients(LocalStack(emulator.endpoint))
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
    clients["stepfunctions"].start_sync_execution(stateMachineArn=machine)
    assert emulator.seen[0]["Host"] == emulator.endpoint.removeprefix("http://")


def test_environment_has_the_settings_that_lead_to_the_emulator():
    environment = emulator_environment(ENDPOINT, DUMMY, {})
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == SETTINGS


def test_every_aws_variable_of_the_users_is_dropped(users_own):
    environment = emulator_environment(
        ENDPOINT, DUMMY, {**os.environ, "aws_session_token": REAL_TOKEN, "Aws_Profile": "work"}
    )
    assert {name: value for name, value in environment.items() if name.upper().startswith("AWS_")} == SETTINGS


def test_other_variables_are_kept():
    environment = emulator_environment(ENDPOINT, DUMMY, {"PATH": "/bin", "HTTP_PROXY": "http://proxy", "XAWS_": "1"})
    assert (environment["PATH"], environment["HTTP_PROXY"], environment["XAWS_"]) == ("/bin", "http://proxy", "1")


@pytest.mark.parametrize(
    ("before", "start"),
    [
        ({}, ""),
        ({"NO_PROXY": "intranet.example,10.0.0.1"}, "intranet.example,10.0.0.1,"),
        ({"no_proxy": "intranet.example"}, "intranet.example,"),
        ({"NO_PROXY": ""}, ""),
        ({"NO_PROXY": "", "no_proxy": "intranet.example"}, "intranet.example,"),
    ],
)
def test_no_proxy_has_this_machine_and_what_it_had(before, start):
    environment = emulator_environment(ENDPOINT, DUMMY, before)
    assert environment["NO_PROXY"] == environment["no_proxy"] == f"{start}localhost,127.0.0.1,::1,.localhost"


@pytest.mark.parametrize("endpoint", ["http://localstack:4566", "http://s3.localhost.localstack.cloud:4566"])
def test_no_proxy_has_the_endpoints_own_host(endpoint):
    host = endpoint.removeprefix("http://").removesuffix(":4566")
    assert emulator_environment(endpoint, DUMMY, {})["NO_PROXY"].endswith(f",.localhost,{host}")


def test_no_proxy_names_each_host_once():
    environment = emulator_environment(ENDPOINT, DUMMY, {"NO_PROXY": "127.0.0.1,a.example,localhost"})
    assert environment["NO_PROXY"] == "127.0.0.1,a.example,localhost,::1,.localhost"


@pytest.mark.parametrize("endpoint", ["https://dynamodb.us-east-1.amazonaws.com", "http://example.com", ""])
def test_foreign_endpoint_is_refused_everywhere(endpoint, process_environment):
    stranger = LocalStack(ENDPOINT)
    stranger.endpoint = endpoint
    before = dict(os.environ)
    for refuse in (
        lambda: Clients(stranger),
        lambda: emulator_environment(endpoint, DUMMY, {}),
        lambda: use_emulator(stranger),
        lambda: using_emulator(stranger).__enter__(),
    ):
        with pytest.raises(ForeignEndpoint):
            refuse()
    assert dict(os.environ) == before


def test_environment_is_put_back_as_it_was(users_own):
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), using_emulator(LocalStack(ENDPOINT)):
        assert os.environ["AWS_ACCESS_KEY_ID"] == "test"
        assert "AWS_SESSION_TOKEN" not in os.environ
        os.environ["MADE_BY_THE_LEARNER"] = "1"
        raise ZeroDivisionError
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is None


def test_client_is_made_once(emulator):
    clients = Clients(LocalStack(emulator.endpoint))
    assert clients["dynamodb"] is clients["dynamodb"]
    assert clients["dynamodb"] is not clients["sqs"]


def test_client_is_made_once_though_several_threads_ask_for_it(emulator, monkeypatch):
    clients = Clients(LocalStack(emulator.endpoint))
    make, both_ask = clients._make, threading.Barrier(2, timeout=0.2)

    def make_slowly(service):
        with suppress(threading.BrokenBarrierError):
            both_ask.wait()  # breaks where only one thread gets here
        return make(service)

    monkeypatch.setattr(clients, "_make", make_slowly)
    found = [in_thread(clients.__getitem__, "dynamodb") for _ in range(2)]
    assert found[0].result(PATIENCE) is found[1].result(PATIENCE)


def test_calls_are_the_checks_or_where_asked_for_the_learners(embedded):
    embedded.reset()
    for as_learner in (False, True):
        Clients(embedded, as_learner=as_learner)["dynamodb"].list_tables()
    assert [call.caller for call in embedded.calls()] == ["checks", "learner"]


def test_unsigned_calls_are_the_checks_or_the_learners_too(embedded):
    pool = Clients(embedded)["cognito-idp"].create_user_pool(PoolName="owners")["UserPool"]["Id"]
    application = Clients(embedded)["cognito-idp"].create_user_pool_client(UserPoolId=pool, ClientName="site")
    for name, learner in (("ana", False), ("bea", True)):
        given = {"Username": name, "Password": "Correct-horse-9"}
        client_id = application["UserPoolClient"]["ClientId"]
        Clients(embedded, as_learner=learner)["cognito-idp"].sign_up(ClientId=client_id, **given)
    found = [call.caller for call in embedded.calls() if call.operation == "SignUp"]
    assert found[-2:] == ["checks", "learner"]


def test_clients_reach_an_emulator_that_was_started_anew_since(home):
    first = Embedded(home, free_port())
    first.start()
    clients = {as_learner: Clients(first, as_learner=as_learner) for as_learner in (False, True)}
    for made in clients.values():
        assert made["dynamodb"].list_tables()["TableNames"] == []
    other = Embedded(home)
    other.stop()
    other.start()
    assert other.endpoint == first.endpoint
    assert first.healthy()
    for made in clients.values():
        assert made["dynamodb"].list_tables()["TableNames"] == []
    assert [call.caller for call in first.calls()] == ["checks", "learner"]


def test_client_shows_the_first_answer_and_does_not_retry(emulator, monkeypatch):
    def refuse(handler):
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        handler.server.seen.append({})
        handler.send_response(500)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setattr(Handler, "do_POST", refuse)
    with pytest.raises(ClientError):
        Clients(LocalStack(emulator.endpoint))["dynamodb"].list_tables()
    assert len(emulator.seen) == 1


def test_emulator_that_is_gone_is_told_from_one_that_answers():
    clients = Clients(LocalStack(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(UNREACHABLE):
        clients["dynamodb"].list_tables()


def test_emulator_that_stops_answering_is_one_error_that_says_where_and_what_to_do():
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(EmulatorNotReady) as caught, answering():
        Clients(LocalStack(endpoint))["lambda"].get_function(FunctionName="any")
    assert str(caught.value) == f"The emulator stopped answering at {endpoint}. Start it with: lab start"


def test_emulator_that_was_stopped_makes_no_client(embedded, monkeypatch):
    clients = Clients(embedded)
    monkeypatch.setattr(type(embedded), "endpoint", "")
    with pytest.raises(EmulatorNotReady, match="Start it with: lab start"):
        clients["lambda"]


def test_call_that_takes_too_long_is_that_error_only_where_none_may():
    slow = ReadTimeoutError(endpoint_url=f"{ENDPOINT}/any")
    with pytest.raises(ReadTimeoutError), answering():
        raise slow
    with pytest.raises(EmulatorNotReady, match=f"stopped answering at {ENDPOINT}. Start"), answering(HTTPClientError):
        raise slow
    with pytest.raises(EmulatorNotReady, match=r"stopped answering\. Start"), answering(HTTPClientError):
        raise HTTPClientError(error="cut off")


def test_any_other_error_is_none_of_the_emulators_silence():
    with pytest.raises(ClientError), answering(HTTPClientError):
        raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "GetBucketPolicy")


def test_clients_work_on_the_embedded_emulator_with_a_proxy_set(embedded, elsewhere, users_own):
    identity = Clients(embedded)["sts"].get_caller_identity()
    assert identity["Account"] == "000000000000"
    assert elsewhere.seen == []
