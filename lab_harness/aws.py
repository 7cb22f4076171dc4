"""boto3 bound to one emulator: clients for the checks, and the environment for everybody else.

Nothing made here can reach real AWS: endpoints that are not local are refused, credentials are the emulator's own,
and the user's own `~/.aws`, profiles, session tokens and proxies are left out.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError

from lab_harness.authors.clock import Clock
from lab_harness.authors.http import Http
from lab_harness.authors.witness import Witness
from lab_harness.emulators.base import REGION, Emulator
from lab_harness.emulators.credentials import Credentials
from lab_harness.emulators.localstack import empty_where_it_breaks
from lab_harness.errors import EmulatorNotReady
from lab_harness.local import require_local

# What botocore raises when the emulator is gone; a ClientError is an answer, these are none.
UNREACHABLE = (EndpointConnectionError, ConnectionClosedError, ConnectTimeoutError)
READ_TIMEOUT = 30  # seconds: longer than any function of the labs may run


@contextmanager
def answering(*also: type[BotoCoreError]) -> Iterator[None]:
    """Where the emulator does not answer within this block, that is EmulatorNotReady, in the same words everywhere.

    `also` are errors that say so here, but not everywhere: HTTPClientError where no call may take long.
    """
    try:
        yield
    except (*UNREACHABLE, *also) as error:
        asked = urlsplit(error.kwargs.get("endpoint_url", ""))
        raise EmulatorNotReady.stopped(asked.netloc and f"{asked.scheme}://{asked.netloc}") from error


class Clients:
    """The emulator's boto3 clients by service name, made when first asked for: `clients["lambda"]`.

    They do not retry, so that a check sees an emulator's first answer, at once. They come from botocore itself,
    of which boto3 makes its own: without boto3's resources and transfers they are there 80 ms sooner.
    `clients["http"]` sends plain requests to the emulator; `clients["inbox"]()` are the mails that it sent,
    `clients["witness"]` knows who did what, `clients["clock"]` the emulator's time.
    The response of a ClientError has the call's "Arguments", too.
    In the call log their calls are the checks', or the learner's where asked for. Threads may share them.
    """

    def __init__(self, emulator: Emulator, *, as_learner: bool = False) -> None:
        require_local(emulator.endpoint)
        self.emulator = emulator
        self._made: dict[str, Any] = {}
        self._making = threading.Lock()  # Of botocore, clients may be shared by threads, a session may not.
        self._as_learner = as_learner
        self._session = _session(emulator, as_learner)

    def __getitem__(self, service: str) -> Any:
        with self._making:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        if service == "http":
            return Http(self.emulator.endpoint, lambda: self.emulator.marks)
        if service == "inbox":
            return self.emulator.inbox
        if service == "witness":
            return Witness(self.emulator)
        if service == "clock":
            return Clock(self.emulator)
        if not self.emulator.endpoint:
            raise EmulatorNotReady.stopped("")
        client = self._session.create_client(service, endpoint_url=self.emulator.endpoint, config=_client_config())
        client.meta.events.register("before-parameter-build", _note_arguments)
        if self.emulator.name == "localstack":
            client.meta.events.register("after-call.lambda.ListLayers", empty_where_it_breaks)
        client.meta.events.register("after-call", _tell_arguments)
        if not self._as_learner:
            client.meta.events.register("before-send", self._mark)
        return client

    def _mark(self, request: Any, **_: Any) -> None:
        """Let the emulator know a call of the checks' that bears no signature, such as Cognito's SignUp."""
        if "Authorization" not in request.headers:
            for name, value in self.emulator.marks.items():
                request.headers[name] = value


def _note_arguments(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["arguments"] = params


def _tell_arguments(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """An error of AWS's names its operation; here it learns which arguments were refused, and so which resource."""
    if http_response.status_code >= 300:
        parsed["Arguments"] = context["arguments"]


class _Current(BotoCredentials):  # type: ignore[misc]
    """The emulator's credentials as they are when a call is made: with a restart the checks get new ones."""

    def __init__(self, emulator: Emulator, as_learner: bool) -> None:
        self._emulator, self._as_learner = emulator, as_learner
        super().__init__("test", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        now = self._emulator.learner if self._as_learner else self._emulator.checks
        return ReadOnlyCredentials(now.access_key_id, now.secret_access_key, None)


def _session(emulator: Emulator, as_learner: bool) -> botocore.session.Session:
    # Reading neither ~/.aws nor AWS_PROFILE: a profile of the user's that is broken must not break the labs.
    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    session = botocore.session.Session(session_vars=nowhere)
    session.set_config_variable("region", REGION)
    session._credentials = _Current(emulator, as_learner)
    return session


def _client_config() -> Config:
    return Config(
        retries={"total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=READ_TIMEOUT,
        user_agent="lab_harness",  # botocore's is put together twice a call, which is a tenth of the client's time
        inject_host_prefix=False,  # the emulators have no names like sync-states.<host>
        proxies={},
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
    )


def emulator_environment(endpoint: str, key: Credentials, environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of an environment in which any AWS SDK or CLI talks to the emulator, with this key.

    Every AWS_* variable of the original is dropped: each could name real credentials or another endpoint.
    """
    require_local(endpoint)
    kept = {name: value for name, value in environ.items() if not name.upper().startswith("AWS_")}
    unproxied = [name for name in (environ.get("NO_PROXY") or environ.get("no_proxy", "")).split(",") if name]
    hosts = [*unproxied, "localhost", "127.0.0.1", "::1", ".localhost", urlsplit(endpoint).hostname or ""]
    no_proxy = ",".join(dict.fromkeys(hosts))
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_PAGER": "",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def learners_environment(emulator: Emulator, environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of an environment in which any AWS SDK or CLI talks to the emulator as the learner."""
    require_local(emulator.endpoint)
    return emulator_environment(emulator.endpoint, emulator.learner, environ)


def use_emulator(emulator: Emulator) -> None:
    """Point this process at the emulator: from here on a plain `boto3.client("lambda")` reaches it."""
    replace_environment(learners_environment(emulator, os.environ))


@contextmanager
def using_emulator(emulator: Emulator) -> Iterator[None]:
    """Point this process at the emulator for a while."""
    before = dict(os.environ)
    use_emulator(emulator)
    try:
        yield
    finally:
        replace_environment(before)


def replace_environment(environ: Mapping[str, str]) -> None:
    """Make this process's environment equal to `environ`, and forget the session boto3 made from the old one."""
    for name in os.environ.keys() - environ.keys():
        del os.environ[name]
    os.environ.update(environ)
    if "boto3" in sys.modules:
        import boto3

        boto3.DEFAULT_SESSION = None
