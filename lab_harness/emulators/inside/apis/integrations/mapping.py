"""What templates and mapped parameters see of a request: `$input`, `$context`, `$util`, `$stageVariables`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html (2026)
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from lab_harness.emulators.inside.apis.integrations.budget import TemplateError, work
from lab_harness.emulators.inside.apis.integrations.values import Overrides, Tool, text
from lab_harness.emulators.inside.apis.request_context import context, last
from lab_harness.emulators.inside.apis.serving import Serving

PART = re.compile(r"\.([\w$-]+|\*)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(-?\d+)|(\*))\s*\]")
JAVASCRIPT = str.maketrans({"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "/": "\\/"})


class Exchange:
    """A request on its way through an integration, and what its templates have overridden."""

    def __init__(self, served: Serving) -> None:
        self.served = served
        request = served.request
        self.places: dict[str, dict[str, str]] = {
            "path": dict(request["path_params"]),
            "querystring": {key: last(value) for key, value in request["query_params"].items()},
            "header": {key: last(value) for key, value in request["headers"].items()},
        }
        self.body = served.body.decode("utf-8", "replace")
        self.asked: dict[str, Any] = {place: Overrides() for place in self.places}  # $context.requestOverride
        self.answered: dict[str, Any] = Overrides(header=Overrides())  # $context.responseOverride
        self.context = {**context(served), "requestOverride": self.asked, "responseOverride": self.answered}

    def names(self, body: str) -> dict[str, Any]:
        """The names that a template knows; `body` is the request's, or what the integration answered."""
        variables = dict(self.served.stage.get("variables") or {})
        return {"input": self._input(body), "context": self.context, "util": UTIL, "stageVariables": variables}

    def parameter(self, name: str) -> str:
        """A parameter of the request: of its path, else of its query string, else one of its headers."""
        for place in ("path", "querystring"):
            if name in self.places[place]:
                return self.places[place][name]
        return self.header(name)

    def header(self, name: str) -> str:
        """A header of the request, however it is spelt; empty where it is not there."""
        found = (value for key, value in self.places["header"].items() if key.lower() == name.lower())
        return next(found, "")

    def mapped(self, source: Any, answer: Mapping[str, Any] | None = None) -> str | None:
        """What a mapped parameter's source says; None where it is not there. `answer` has the backend's headers, body.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping-sources.html (2026)
        """
        told = str(source)
        if len(told) > 1 and told[0] == told[-1] == "'":
            return told[1:-1]
        root, _, rest = told.partition(".")
        if root in ("stageVariables", "context"):
            value: Any = self.served.stage.get("variables") or {} if root == "stageVariables" else self.context
            for name in rest.split("."):
                value = value.get(name) if isinstance(value, dict) else None
            return None if value is None else text(value)
        _, _, rest = rest.partition(".")  # method.request.header.X, integration.response.body.$.x
        place, _, name = rest.removeprefix("multivalue").partition(".")
        if place == "body":
            body = str((answer or {"body": self.body})["body"])
            found = at(body, f"$.{name.removeprefix('$').removeprefix('.')}") if name else body
            return None if found is None else text(found)
        if answer is not None:
            headers = {key.lower(): str(value) for key, value in answer["headers"].items()}
            return headers.get(name.lower())
        found = self.header(name) if place == "header" else self.places.get(place, {}).get(name)
        return found or None

    def _input(self, body: str) -> Tool:
        def parameters(name: Any = None) -> Any:
            return (
                self.parameter(text(name)) if name is not None else {key: dict(self.places[key]) for key in self.places}
            )

        def as_text(path: Any) -> str:
            found = at(body, text(path))
            return json.dumps("" if found is None else found, ensure_ascii=False, separators=(",", ":"))

        return Tool({"params": parameters, "json": as_text, "path": lambda path: at(body, text(path))}, {"body": body})


def at(body: str, path: str) -> Any:
    """What stands at a JSONPath in a text of JSON; None where nothing does. A `*` stands for all that is there."""
    work(2 * len(body))
    try:
        found: list[Any] = [json.loads(body)]
    except (ValueError, RecursionError):
        return None
    rest, several = path.strip().removeprefix("$"), False
    while rest:
        part = PART.match(rest)
        if not part:
            raise TemplateError(f"{path} is no JSONPath that is understood")
        rest = rest[part.end() :]
        several = several or "*" in (part[1], part[5])
        found = [inner for each in found for inner in _inside(each, part)]
    return found if several else found[0] if found else None


def _inside(value: Any, part: re.Match[str]) -> list[Any]:
    if "*" in (part[1], part[5]):
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if part[4] is not None:
        index = int(part[4])
        return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
    key = next(each for each in part.groups() if each is not None)
    return [value[key]] if isinstance(value, dict) and key in value else []


def _parsed(value: Any) -> Any:
    try:
        return json.loads(text(value))
    except (ValueError, RecursionError) as error:
        raise TemplateError("parseJson gets what is no JSON") from error


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(text(value)).decode("utf-8", "replace")
    except ValueError as error:
        raise TemplateError("base64Decode gets what is no base64") from error


UTIL = Tool(
    {
        "escapeJavaScript": lambda value: text(value).translate(JAVASCRIPT),
        "parseJson": _parsed,
        "urlEncode": lambda value: quote_plus(text(value)),
        "urlDecode": lambda value: unquote_plus(text(value)),
        "base64Encode": lambda value: base64.b64encode(text(value).encode()).decode(),
        "base64Decode": _decoded,
    }
)
