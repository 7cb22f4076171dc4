"""Calls an API destination of EventBridge's once, and says what came of it, which MiniStack only logs.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html and, for the codes,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (2026)
"""

from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, NamedTuple

TRIED_AGAIN = (401, 407, 409, 429)  # beside what is the server's fault
RENEWS = (401, 407)  # a token of OAuth is fetched anew


class Failure(NamedTuple):
    """Why an endpoint did not get an event, with EventBridge's code; `again` says that it is tried again."""

    message: str
    code: str
    again: bool = True


failed: ContextVar[Failure | None] = ContextVar("failed", default=None)  # what came of the last call


def call(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> None:
    """Send an event to the endpoint of its target, and wait for the answer."""
    spec, payload, target = args
    failed.set(_call(spec.resource.split("/")[1], payload, target))


def _call(name: str, payload: str, target: dict[str, Any]) -> Failure | None:
    from ministack.services import eventbridge

    destination = eventbridge._api_destinations.get(name)
    if destination is None:
        return Failure(f"ApiDestination {name} does not exist.", "NO_RESOURCE", again=False)
    connection = eventbridge._connections.get((destination.get("ConnectionArn") or "").rpartition("/")[2]) or {}
    if (destination.get("ApiDestinationState"), connection.get("ConnectionState")) != ("ACTIVE", "AUTHORIZED"):
        return Failure(f"ApiDestination {name} or its connection is not active.", "CONNECTION_FAILURE")
    given = target.get("HttpParameters") or {}
    request = eventbridge._build_api_destination_request(destination, connection, given, payload)
    try:
        status = _send(request, connection)
    except TimeoutError:
        return Failure(f"{request['url']} did not answer in time.", "TIMEOUT")
    except Exception as error:
        return Failure(f"{request['url']} could not be reached: {error}", "CONNECTION_FAILURE")
    return None if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else _refused(status)


def _send(request: dict[str, Any], connection: dict[str, Any]) -> int:
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import eventbridge

    key = (get_account_id(), get_region(), connection.get("Name", ""))
    status = int(eventbridge._api_destination_send_sync(request, eventbridge._connection_auth_headers(connection, key)))
    if status not in RENEWS or connection.get("AuthorizationType") != "OAUTH_CLIENT_CREDENTIALS":
        return status
    renewed = eventbridge._connection_auth_headers(connection, key, force_refresh=True)
    return int(eventbridge._api_destination_send_sync(request, renewed))


def _refused(status: int) -> Failure:
    code = "THROTTLING" if status == HTTPStatus.TOO_MANY_REQUESTS else "ERROR_FROM_TARGET"
    again = status in TRIED_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return Failure(f"The endpoint answered with HTTP status code {status}.", code, again)
