"""Origins: buckets, and what this emulator serves by names of AWS's: APIs, functions' URLs, buckets' websites.

A distribution on AWS reaches all of the Internet. Here whoever may make one would send requests from the learner's
machine, and the course never leaves it. So any other name is as one that nobody has. What is not a bucket gets its
request as from outside, unsigned, through the emulator's own door, which lets it reach nothing but what is public.
"""

import asyncio
import os
import re
from contextvars import ContextVar
from typing import Any, NamedTuple

from lab_harness.emulators.exchange import TOKEN_HEADER
from lab_harness.emulators.inside.access.guard import may_lead_to_administration
from lab_harness.emulators.inside.apis.serving import HOPS_HEADER, hops
from lab_harness.emulators.inside.asgi import HOP_BY_HOP
from lab_harness.emulators.inside.edge.distributions import buckets, function_urls
from lab_harness.emulators.inside.edge.distributions.keys import NOT_SENT
from lab_harness.emulators.inside.edge.events import EdgeError, EdgeRequest, EdgeResponse, Visit

LARGEST = 32 * 1_048_576  # bytes of a request, and of an answer
AWSS = r"(?:[.-][a-z0-9-]+)?\.(?:amazonaws\.com|localhost)"
WEBSITE = re.compile(rf"(?P<name>[a-z0-9][a-z0-9.-]+)\.s3-website{AWSS}")
API = re.compile(rf"(?P<name>[a-z0-9]+)\.execute-api{AWSS}")
FUNCTION_URL = re.compile(r"(?P<name>[a-z0-9-]+)\.lambda-url(?:\.[a-z0-9-]+)?\.(?:on\.aws|localhost)")
FORBIDDEN = b'{"message":"Forbidden"}'
UNREACHABLE = "CloudFront wasn't able to connect to the origin."
TIMEOUT = "CloudFront wasn't able to get a response from the origin in time."
marks: ContextVar[dict[str, str] | None] = ContextVar("marks", default=None)  # of a check's request


class Place(NamedTuple):
    """A place of this emulator's: its host name here, whether AWS's speaks TLS, and whether it knows itself by name."""

    host: str
    secure: bool
    strict: bool


def place(domain: str) -> Place | None:
    """Where an origin of this domain name is in this emulator; None where it is not."""
    domain = domain.strip().lower().rstrip(".")
    if found := WEBSITE.fullmatch(domain):
        return Place(f"{found['name']}.s3-website.localhost", secure=False, strict=False)
    if found := API.fullmatch(domain):
        return Place(f"{found['name']}.execute-api.localhost", secure=True, strict=True)
    if found := FUNCTION_URL.fullmatch(domain):
        return Place(f"{found['name']}.lambda-url.us-east-1.localhost", secure=True, strict=True)
    return None


async def fetch(visit: Visit, request: EdgeRequest) -> EdgeResponse:
    """The origin's answer; raises EdgeError where there is none."""
    origin = visit.origin
    if origin["s3_bucket"]:
        return await asyncio.to_thread(buckets.fetch, visit, request)
    found = place(origin["domain_name"])
    if not found or not exists(found.host):
        raise EdgeError(502, UNREACHABLE)
    policy = origin["protocol_policy"]
    if found.secure != (policy == "https-only" or (policy == "match-viewer" and visit.https)):
        raise EdgeError(504, TIMEOUT)
    if found.strict and "host" in request.headers:  # as when a policy passes on the viewer's
        return EdgeResponse(403, {"content-type": "application/json"}, FORBIDDEN)
    id = found.host.partition(".")[0]
    if ".lambda-url." in found.host and function_urls.is_signed(id, visit, request):
        return await function_urls.fetch(id, _headers(found.host, visit, request), visit, request)
    from ministack.core.concurrency import run_reentrant

    # On a thread of its own: the emulator asks itself.
    answer: EdgeResponse = await run_reentrant(_ask, found.host, visit, request)
    return answer


def exists(host: str) -> bool:
    """Whether the door takes this host for an API or a function's URL; a website answers for itself."""
    from ministack import app

    return ".s3-website." in host or bool(app._parse_execute_api_url(host, "/") or app._parse_lambda_url(host, "/"))


def _headers(host: str, visit: Visit, request: EdgeRequest) -> dict[str, str]:
    taken_off = NOT_SENT | {TOKEN_HEADER}
    sent = {name: ", ".join([value] if isinstance(value, str) else value) for name, value in request.headers.items()}
    sent |= {name.lower(): value for name, value in visit.origin["custom_headers"]}
    via = str(visit.request.headers.get("x-forwarded-for", ""))
    ours = {
        "host": f"{host}:{os.environ['GATEWAY_PORT']}",
        "via": "1.1 edge.cloudfront.net (CloudFront)",
        "x-amz-cf-id": visit.id,
        "x-forwarded-for": f"{via}, {visit.client_ip}" if via else visit.client_ip,
    }
    return {name: _carried(value) for name, value in (sent | ours).items() if name not in taken_off}


def _carried(value: str) -> str:
    """A header's value as HTTP carries it: the letters that are not ASCII as the bytes in which they came."""
    return value if value.isascii() else value.encode().decode("latin-1")


def _marks(uri: str) -> dict[str, str]:
    """What makes a check's request known as one; nothing where that would open the administration to a learner."""
    return {} if may_lead_to_administration(uri) else marks.get() or {}


def _ask(host: str, visit: Visit, request: EdgeRequest) -> EdgeResponse:
    import urllib3  # which takes a while to load

    path = visit.origin["origin_path"] + request.uri
    headers = _headers(host, visit, request) | _marks(path) | {HOPS_HEADER: str(hops.get())}
    target = path + (f"?{request.query}" if request.query else "")
    # By a pool, which sends the path as it is; `urllib3.request` would take the dots out of it.
    door = urllib3.HTTPConnectionPool(
        "127.0.0.1", int(os.environ["GATEWAY_PORT"]), timeout=visit.origin["read_timeout"]
    )
    try:
        answer = door.urlopen(
            request.method, target, body=request.body or None, headers=headers, redirect=False, retries=False,
            preload_content=False, decode_content=False,
        )  # fmt: skip
    except urllib3.exceptions.TimeoutError as error:
        raise EdgeError(504, TIMEOUT) from error
    except (urllib3.exceptions.HTTPError, ValueError, UnicodeError) as error:
        raise EdgeError(502, UNREACHABLE) from error
    return _received(answer)


def _received(answer: Any) -> EdgeResponse:
    """An answer with its whole body."""
    from urllib3.exceptions import HTTPError

    try:
        body = answer.read(LARGEST + 1, decode_content=False)
        if len(body) > LARGEST:
            raise EdgeError(502, UNREACHABLE)
    except HTTPError as error:
        raise EdgeError(502, UNREACHABLE) from error
    finally:
        answer.release_conn()
    headers: dict[str, Any] = {}
    for name in answer.headers:
        values = answer.headers.getlist(name)
        headers[name.lower()] = values if name.lower() == "set-cookie" and len(values) > 1 else ", ".join(values)
    kept = {name: value for name, value in headers.items() if name not in HOP_BY_HOP}
    return EdgeResponse(answer.status, kept, body, answer.reason or "")
