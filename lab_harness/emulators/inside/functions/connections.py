"""In functions' processes: the address that a WebSocket API's event names is one that boto3 reaches.

Its code stands before worker.py's in the script that each function's process runs. On AWS a function sends to
connections at `https://{domainName}/{stage}`. Here that name has no address, no port and no certificate: the client is
sent where the emulator listens.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
(2026)
"""

import os
import re
import sys
from typing import Any

BEFORE_CLIENTS = "botocore.session"  # which is loaded before any client is made
CONNECTIONS_ADDRESS = re.compile(r"https?://(?P<api>\w+)\.execute-api\.[^/]+/(?P<stage>[^/]+)/?")


class Connections:
    """Sees when botocore is looked for, as a finder that finds none."""

    def __init__(self) -> None:
        self._waiting = True

    def find_spec(self, name: str, *_: Any) -> None:
        """Change how botocore makes clients, once, before it can make any."""
        if name == BEFORE_CLIENTS and self._waiting:
            self._waiting = False  # It stays: to take a finder out would leave out the next, such as the loop guard.
            lead_to_the_emulator()


def lead_to_the_emulator() -> None:
    """Give clients for connections the emulator's address in place of AWS's."""
    from botocore.client import ClientCreator

    original = ClientCreator.create_client

    def create_client(self: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        found = CONNECTIONS_ADDRESS.fullmatch(str(kwargs.get("endpoint_url") or ""))
        if service_name == "apigatewaymanagementapi" and found and "AWS_ENDPOINT_URL" in os.environ:
            where = os.environ["AWS_ENDPOINT_URL"].rstrip("/")
            kwargs["endpoint_url"] = f"{where}/_aws/execute-api/{found['api']}/{found['stage']}"
        return original(self, service_name, *args, **kwargs)

    ClientCreator.create_client = create_client


def reach_connections() -> None:
    """Change it now, or when botocore is loaded."""
    if BEFORE_CLIENTS in sys.modules:
        lead_to_the_emulator()
    else:
        sys.meta_path.insert(0, Connections())
