"""API Gateway's APIs: where each of their routes leads, and how to ask it."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from lab_harness.authors.api_gateway import Api, Route, http_apis, read_http_api, read_rest_api, rest_apis
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.addresses import api_address
from lab_harness.notebook.console.parts import Blocks, own_first, part, rest
from lab_harness.notebook.console.words import resource
from lab_harness.render.blocks import Link, Note, Table

COLUMNS = ("API", "kind", "stage", "method", "path", "leads to", "address")
MOST_ROUTES = 100


class _Kind(NamedTuple):
    name: str
    service: str
    resource: str  # CloudFormation's type
    all: Callable[[Any], list[tuple[str, str]]]
    read: Callable[[Any, str], Api]


KINDS = (
    _Kind("REST", "apigateway", "AWS::ApiGateway::RestApi", rest_apis, read_rest_api),
    _Kind("HTTP", "apigatewayv2", "AWS::ApiGatewayV2::Api", http_apis, read_http_api),
)


def show(lab: Lab, clients: Clients) -> Blocks:
    """All APIs of the account of the kinds that the lab uses, the lab's first."""
    kinds = [kind for kind in KINDS if kind.service in lab.file.services]
    return [block for kind in kinds for block in part(f"{kind.name} APIs", partial(_apis, kind, lab, clients))]


def _apis(kind: _Kind, lab: Lab, clients: Clients) -> Blocks:
    title = f"{kind.name} APIs"
    if not clients.emulator.supports(kind.service):
        return [Note(title, (f"The emulator {clients.emulator.name} has none.",))]
    gateway = clients[kind.service]
    there = kind.all(gateway)
    order = own_first(lab, kind.resource, (name for _, name in there))
    ours = sorted((each for each in there if each[1] in order), key=lambda each: order.index(each[1]))
    rows = [row for api_id, name in ours for row in _rows(kind, gateway, api_id, name, clients.emulator.endpoint)]
    empty = "Nothing yet. The routes of your APIs appear here, each with where it leads and its address."
    return [Table(title, COLUMNS, rows[:MOST_ROUTES], empty, rest(len(rows), MOST_ROUTES))]


def _rows(kind: _Kind, gateway: Any, api_id: str, name: str, endpoint: str) -> list[tuple[str, ...]]:
    try:
        api = kind.read(gateway, api_id)
    except gateway.exceptions.NotFoundException:
        return []  # It was deleted while we looked.
    if not api.routes:
        return [(name, kind.name, ", ".join(api.stages) or "none", "", "", "no routes yet", "")]
    return [
        (name, kind.name, stage or "none", *_told(route), _address(api, route, stage, endpoint))
        for stage in api.stages or ("",)
        for route in api.routes
    ]


def _told(route: Route) -> tuple[str, str, str]:
    return route.method, route.path, resource(route.target) or "nothing"


def _address(api: Api, route: Route, stage: str, endpoint: str) -> str:
    """The address of a route on a stage: a link where a browser can follow it as it is."""
    if not stage:
        return "not deployed"
    if stage == api.stage and route.deployed == {}:
        return "not deployed since it was made"
    path = "/" if route.path == "$default" else route.path
    address = api_address(endpoint, api.id, stage, path)
    return Link(address) if route.method in ("GET", "ANY") and "{" not in path else address
