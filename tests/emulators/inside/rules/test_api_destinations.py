"""Tests for API destinations of EventBridge on the embedded emulator: who may call them, and what is tried again."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab_harness.emulators.process import free_port
from tests.emulators.inside.queues.test_dead_letters import EVENT, QUEUES, account, create, let, received
from tests.roles import allow, role, take_away
from tests.waiting import wait_until

__all__ = ["account"]  # the fixture


class Endpoint:
    """An address that answers with these statuses, one after the other, the last for ever, and notes what it got."""

    def __init__(self, *statuses):
        self.got, self.statuses = [], list(statuses)
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                endpoint.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(endpoint.statuses.pop(0) if len(endpoint.statuses) > 1 else endpoint.statuses[0])
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/orders"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint():
    made = []

    def make(*statuses):
        made.append(Endpoint(*statuses))
        return made[-1]

    yield make
    for each in made:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture
def send(account):
    """Makes a rule for an address, by a role that may call it, and returns a function that sends an event."""

    def make(url, **retries):
        events = account["events"]
        key = {"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "secret"}}
        connection = events.create_connection(Name="shop", AuthorizationType="API_KEY", AuthParameters=key)
        destination = events.create_api_destination(
            Name="orders", ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=url, HttpMethod="POST"
        )["ApiDestinationArn"]
        arn = events.put_rule(Name="tell", EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
        may = {"Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": destination}
        target = {"Id": "1", "Arn": destination, "RoleArn": role(account, "caller", may, services=["events"])}
        if retries:
            target["RetryPolicy"] = retries
        target["DeadLetterConfig"] = {"Arn": f"{QUEUES}dead"}
        assert not events.put_targets(Rule="tell", Targets=[target])["FailedEntryCount"]
        create(account, "dead", let("events", arn, "dead"))
        return lambda: events.put_events(Entries=[EVENT])

    return make


def dead(account):
    return received(account, account["sqs"].get_queue_url(QueueName="dead")["QueueUrl"])


def test_event_is_sent_once_where_the_endpoint_takes_it(send, endpoint):
    taking = endpoint(200)
    send(taking.url)()
    wait_until(lambda: taking.got)
    assert [each["detail"] for each in taking.got] == [{"id": 7}]


@pytest.mark.parametrize("status", [429, 503, 401])
def test_event_is_sent_again_until_the_endpoint_takes_it(send, endpoint, status):
    busy = endpoint(status, 202)
    send(busy.url)()
    wait_until(lambda: len(busy.got) == 2)
    assert busy.got[0] == busy.got[1]


def test_event_that_is_refused_for_good_is_not_sent_again(account, send, endpoint):
    refusing = endpoint(400)
    send(refusing.url)()
    body, attributes = dead(account)
    assert json.loads(body)["detail"] == {"id": 7}
    assert attributes["ERROR_CODE"] == "ERROR_FROM_TARGET"
    assert attributes["ERROR_MESSAGE"] == "The endpoint answered with HTTP status code 400."
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert len(refusing.got) == 1


@pytest.mark.parametrize(
    ("retries", "tries", "condition"),
    [
        ({"MaximumRetryAttempts": 1}, 2, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 9, "MaximumEventAgeInSeconds": 100}, 2, "MaximumEventAgeInSeconds"),
    ],
)
def test_event_is_a_dead_letter_when_its_retry_policy_is_over(account, send, endpoint, retries, tries, condition):
    busy = endpoint(500)
    send(busy.url, **retries)()
    attributes = dead(account)[1]
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == condition
    assert attributes["RETRY_ATTEMPTS"] == str(tries - 1)
    assert len(busy.got) == tries


def test_endpoint_that_is_not_there_is_tried_again(account, send):
    send(f"http://127.0.0.1:{free_port()}/", MaximumRetryAttempts=1)()
    attributes = dead(account)[1]
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("CONNECTION_FAILURE", "1")


def test_destination_that_is_deleted_is_not_tried_again(account, send, endpoint):
    sent = send(endpoint(200).url)
    account["events"].delete_api_destination(Name="orders")
    sent()
    attributes = dead(account)[1]
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("NO_RESOURCE", "0")


def test_endpoint_is_called_as_long_as_the_rules_role_may(account, send, endpoint, embedded):
    taking = endpoint(200)
    sent = send(taking.url)
    sent()
    wait_until(lambda: len(taking.got) == 1)
    take_away(account, "caller")
    sent()
    assert dead(account)[1]["ERROR_CODE"] == "NO_PERMISSIONS"
    assert len(taking.got) == 1
    allow(account, "caller", {"Effect": "Allow", "Action": "events:*", "Resource": "*"})
    sent()
    wait_until(lambda: len(taking.got) == 2)
