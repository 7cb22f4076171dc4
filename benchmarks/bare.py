"""Turns what a lab's checks do into a bare boto3 script: the same calls in the same order, with the same pauses."""

import time
from types import SimpleNamespace
from typing import Any
from unittest import mock

from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.runner import run_checks

HEAD = """\
import datetime
import os
import time

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

clients = {}
pool = urllib3.connection_from_url(os.environ["AWS_ENDPOINT_URL"], retries=False)


def call(service, operation, parameters):
    if service not in clients:
        clients[service] = boto3.client(service, config=Config(retries={"total_max_attempts": 1}))
    try:
        clients[service]._make_api_call(operation, parameters)
    except ClientError:  # such as deleting a message by the receipt handle of the recorded run
        pass


def request(method, path, **arguments):
    pool.request(method, path, redirect=False, **arguments)


"""


def bare_script(lab: Lab, clients: Clients) -> str:
    """Run the lab's checks once, recording, and return a script that does the same without the harness."""
    lines: list[str] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        lines.append(f"call({model.service_model.service_name!r}, {model.name!r}, {params!r})")

    def sleep(seconds: float) -> None:
        lines.append(f"time.sleep({seconds!r})")
        time.sleep(seconds)

    pool = clients["http"]._pool
    send = pool.request

    def request(method: str, path: str, *, body: str | None, headers: Any, **options: Any) -> Any:
        lines.append(f"request({method!r}, {path!r}, body={body!r}, headers={dict(headers)!r})")
        return send(method, path, body=body, headers=headers, **options)

    clients._session.register("before-parameter-build", record)
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    with mock.patch("lab_harness.authors.checks.time", clock), mock.patch.object(pool, "request", request):
        run_checks(lab, clients)
    return HEAD + "\n".join(lines) + "\n"
