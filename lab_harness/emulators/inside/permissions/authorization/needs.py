"""All that a service needs a role's permission for, to send a request with it: of API Gateway, of a machine's task.

It is read off the request itself, as for everybody else's. MiniStack has its services called within the process, where
nobody asks.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.permissions.authorization import principals, several, tagging
from lab_harness.emulators.inside.permissions.authorization.actions import SEVERAL, UNKNOWN
from lab_harness.emulators.inside.permissions.authorization.authority import Authority
from lab_harness.emulators.inside.permissions.authorization.calls import ALWAYS_ALLOWED, caller, verified
from lab_harness.emulators.inside.permissions.authorization.foreign import has_foreign_members
from lab_harness.emulators.inside.permissions.authorization.request_keys import one_by_one
from lab_harness.emulators.inside.scopes import within

UNNAMED = "Unable to determine service/operation name to be authorized"


class Need(NamedTuple):
    """One permission, and the condition keys with which it is asked for."""

    action: str
    resource: str
    keys: Mapping[str, Any]


class Request(NamedTuple):
    """A request to one of MiniStack's services, with its query and its form as one."""

    service: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]


def refusal(authority: Authority, role: str, by: str, request: Request) -> str:
    """AWS's sentence where a service may not send a request with a role; empty where it may."""
    needed = needs(request)
    asked = (each for each in needed if each.action not in ALWAYS_ALLOWED)
    denied = (authority.role_may(role, by, each.action, each.resource, keys=each.keys) for each in asked)
    return next(filter(None, denied), "") if needed else UNNAMED


@contextmanager
def acting(role: str, by: str) -> Iterator[None]:
    """Within it calls are made by a service's session of a role, so that this one hands over roles, and reads in S3."""
    with within(verified, True), within(caller, principals.session(role, by.partition("/")[2])):
        yield


def needs(request: Request) -> list[Need]:
    """What a request needs; nothing where it is not clear what it does."""
    from ministack.core import iam_actions

    action = iam_actions.extract_iam_action(*request)
    if not action or action == SEVERAL or action.endswith(UNKNOWN) or has_foreign_members():
        return []
    found = _single(iam_actions, action, request) or [
        *((action, each) for each in several.resources(action, _resource(iam_actions, request))),
        *_more(iam_actions, action, request),
    ]
    known = _keys(iam_actions, action, request)
    if tags := tagging.action_for(action, known):
        found.append((tags, found[0][1]))
    return [Need(*each, keys) for each in found for keys in one_by_one(known)]


def _resource(iam_actions: Any, request: Request) -> str:
    return str(iam_actions.extract_resource_arn(*request, REGION, ACCOUNT))


def _single(iam_actions: Any, action: str, request: Request) -> list[tuple[str, str]]:
    """The permissions for each part of a transaction, in place of one for the whole."""
    if request.service != "dynamodb":
        return []
    return list(iam_actions.dynamodb_transaction_checks(action, request.body, REGION, ACCOUNT))


def _more(iam_actions: Any, action: str, request: Request) -> list[tuple[str, str]]:
    """What a request for several resources needs besides the first."""
    service, method, path, _, body, query = request
    if service == "s3":
        return list(iam_actions.s3_additional_checks(method, path, _headers(request), body, query))
    read = {"dynamodb": "dynamodb_resource_arns", "events": "eventbridge_resource_arns"}.get(service)
    return [(action, each) for each in getattr(iam_actions, read)(body, REGION, ACCOUNT)[1:]] if read else []


def _keys(iam_actions: Any, action: str, request: Request) -> dict[str, Any]:
    service, _, path, _, body, query = request
    known = dict(iam_actions.request_tag_context(service, action, body, query))
    if service == "dynamodb":
        known |= iam_actions.dynamodb_service_context(body)
    if service == "s3":
        known |= iam_actions.s3_service_context(action, query, path, _headers(request)) or {}
    return known


def _headers(request: Request) -> dict[str, str]:
    """The headers as S3 reads them: some may stand in the query."""
    from ministack.services import s3

    return dict(s3._merge_hoisted_amz_headers(dict(request.headers), request.query))
