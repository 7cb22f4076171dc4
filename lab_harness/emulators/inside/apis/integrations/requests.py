"""What an integration sends: the address, parameters and headers that are mapped, and the body of the template."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lab_harness.emulators.inside.apis.integrations.mapping import Exchange


@dataclass
class Sent:
    """A request of an integration's; its address still without the query."""

    method: str
    address: str
    query: dict[str, str]
    headers: dict[str, str]  # by their names in lower case
    body: str


def made(integration: Mapping[str, Any], exchange: Exchange, body: str) -> Sent:
    """The request that is sent; what a template overrides wins over what is mapped."""
    found: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    for target, source in (integration.get("requestParameters") or {}).items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        value = exchange.mapped(source)
        if place in found and value is not None:
            found[place][name] = value
    for place, given in exchange.asked.items():
        found[place].update({name: str(value) for name, value in given.items()})
    address = str(integration.get("uri") or "")
    for name, value in found["path"].items():
        address = address.replace(f"{{{name}}}", quote(value, safe="")).replace(f"{{{name}+}}", quote(value))
    headers = {name.lower(): value.replace("\r", " ").replace("\n", " ") for name, value in found["header"].items()}
    method = str(integration.get("httpMethod") or exchange.served.method)
    return Sent(exchange.served.method if method == "ANY" else method, address, found["querystring"], headers, body)


def passed_on(integration: Mapping[str, Any], exchange: Exchange) -> Sent:
    """The request that a proxy passes on: the client's, with what is mapped besides."""
    sent = made(integration, exchange, "")
    for name, value in exchange.places["path"].items():  # such as {proxy}, where nothing else is mapped to it
        sent.address = sent.address.replace(f"{{{name}}}", quote(value))
    sent.query = {**exchange.places["querystring"], **sent.query}
    own = {name.lower(): value for name, value in exchange.places["header"].items()}
    sent.headers = {**own, **sent.headers}
    return sent
