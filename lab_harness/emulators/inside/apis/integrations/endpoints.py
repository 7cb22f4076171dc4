"""Integrations with servers: on this machine alone, and never with the emulator's administration.

An API on AWS reaches all of the Internet. Here whoever finds an API would send requests from the learner's machine, and
the course never leaves it. So any other host is as one that does not answer. A redirection is the client's to follow.
"""

import os
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.inside.access.guard import may_lead_to_administration
from lab_harness.emulators.inside.apis.integrations.requests import Sent
from lab_harness.emulators.inside.apis.integrations.responses import failure
from lab_harness.emulators.inside.apis.serving import HOPS_HEADER, hops
from lab_harness.emulators.inside.asgi import HOP_BY_HOP
from lab_harness.local import LOOPBACK, NETLOC

LONGEST = 29  # seconds that an integration has, if nothing else is agreed on, in 2026
LARGEST = 10 * 1024 * 1024  # bytes of an answer
NOT_SENT = HOP_BY_HOP | {"host", "expect", "accept-encoding", TOKEN_HEADER}
UNREACHABLE = "Network error communicating with endpoint"
MOST_HOPS = 8  # integrations that lead to one another; an API that calls itself has no end on AWS, but for its time


class Answered(NamedTuple):
    """A server's answer."""

    status: int
    headers: dict[str, str]
    body: bytes


async def fetch(sent: Sent, body: bytes) -> Any:
    """A server's answer; a failure of API Gateway's own where there is none."""
    if not _allowed(sent.address):
        return failure(f"{sent.address} is not on this machine", "INTEGRATION_FAILURE", UNREACHABLE)
    if hops.get() >= MOST_HOPS:
        return failure(f"{sent.address} leads back here", "INTEGRATION_TIMEOUT", "Endpoint request timed out")
    import urllib3  # which takes a while to load
    from ministack.core.concurrency import run_reentrant

    try:
        return await run_reentrant(_get, sent, body)  # a thread of its own: the server may be this emulator
    except (urllib3.exceptions.HTTPError, ValueError, UnicodeError) as error:
        return failure(str(error), "INTEGRATION_FAILURE", UNREACHABLE)


def _allowed(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port or 80
    except ValueError:
        return False
    if parts.scheme != "http" or not NETLOC.fullmatch(parts.netloc) or not LOOPBACK.fullmatch(parts.hostname or ""):
        return False
    return not (_is_own(port) and may_lead_to_administration(parts.path))


def _is_own(port: int | None) -> bool:
    return str(port or 80) == os.environ.get("GATEWAY_PORT")


def _get(sent: Sent, body: bytes) -> Answered:
    import urllib3

    address = sent.address + (
        ("&" if "?" in sent.address else "?") + urlencode(sent.query, doseq=True) if sent.query else ""
    )
    headers = {name: value for name, value in sent.headers.items() if name not in NOT_SENT}
    if _is_own(urlsplit(address).port):
        headers[HOPS_HEADER] = str(hops.get() + 1)
    answer = urllib3.request(
        sent.method, address, body=body or None, headers=headers, redirect=False, retries=False,
        timeout=LONGEST, preload_content=False,
    )  # fmt: skip
    try:
        received = answer.read(LARGEST + 1)
        if len(received) > LARGEST:
            raise ValueError("the answer has more than 10 MB")
        fields = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
        return Answered(answer.status, fields, received)
    finally:
        answer.release_conn()
