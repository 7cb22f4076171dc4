"""What is wrong with a body that a validator refuses, for gateway responses: `$context.error.validationErrorString`.

MiniStack leaves the name as it stands. The words are those of the Java library that AWS uses, by what developers report
(2026): nothing documents them. Quotes in them are escaped, so that the text fits between quotes.
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from itertools import islice
from typing import Any

from lab_harness.emulators.inside import hooks

NAMES = (b"${context.error.validationErrorString}", b"$context.error.validationErrorString")
MOST = 20  # problems that are told
KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}

_found: ContextVar[str] = ContextVar("found", default="")


def install() -> None:
    """Tell what is wrong. This takes effect when MiniStack imports API Gateway."""
    hooks.change({"apigateway_v1": {"_check_request_validation": _keep, "_gateway_error_response": _fill}})


def _keep(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    method, api_id, _request, headers, body, *_ = args
    refused = original(*args, **kwargs)
    _found.set(_problems(method, api_id, headers, body) if refused is not None else "")
    return refused


def _fill(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    status, headers, body = original(*args, **kwargs)
    told = _found.get() if args[0].response_type == "BAD_REQUEST_BODY" else ""
    for name in NAMES:
        body = body.replace(name, json.dumps(told)[1:-1].encode())
    return status, headers, body


def _problems(method: Mapping[str, Any], api_id: str, headers: Mapping[str, Any], body: Any) -> str:
    from ministack.services import apigateway_v1

    kind = str(apigateway_v1._header_ci(headers, "content-type") or "application/json").partition(";")[0].strip()
    models = method.get("requestModels") or {}
    schema = apigateway_v1._model_schema(api_id, models.get(kind) or models.get("application/json"))
    try:
        errors = _validator()(schema).iter_errors(json.loads(body))
        told = [TEXTS[each.validator](each.validator_value, each.instance) for each in islice(errors, MOST)]
    except Exception:  # no JSON, or no schema: the library looks at what is no schema in many ways
        return ""
    return f"[{', '.join(dict.fromkeys(told))}]" if told else ""


@cache
def _validator() -> Any:
    """Reads the rules that are told of, and no other: a pattern could take for ever, a reference lead elsewhere."""
    import jsonschema  # which takes a while to load

    known = {name: jsonschema.Draft4Validator.VALIDATORS[name] for name in (*TEXTS, "properties", "items")}
    types = jsonschema.Draft4Validator.TYPE_CHECKER
    return jsonschema.validators.create(meta_schema={}, validators=known, type_checker=types)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _listed(value: Any) -> str:
    return _json(value if isinstance(value, list) else [value])


def _size(what: str, limit: str) -> Callable[[Any, Any], str]:
    least = limit == "required minimum"
    return lambda rule, value: (
        f"{what.format(_json(value))} is too {'short' if least else 'long'} (length: {len(value)}, {limit}: {rule})"
    )


TEXTS: Mapping[str, Callable[[Any, Any], str]] = {
    "required": lambda rule, value: (
        f"object has missing required properties ({_json([each for each in rule if each not in value])})"
    ),
    "type": lambda rule, value: (
        f"instance type ({KINDS.get(type(value), 'null')}) does not match any allowed primitive type "
        f"(allowed: {_listed(rule)})"
    ),
    "enum": lambda rule, value: f"instance value ({_json(value)}) not found in enum (possible values: {_json(rule)})",
    "minimum": lambda rule, value: (
        f"numeric instance is lower than the required minimum (minimum: {rule}, found: {value})"
    ),
    "maximum": lambda rule, value: (
        f"numeric instance is greater than the required maximum (maximum: {rule}, found: {value})"
    ),
    "minLength": _size("string {}", "required minimum"),
    "maxLength": _size("string {}", "maximum allowed"),
    "minItems": _size("array", "required minimum"),
    "maxItems": _size("array", "maximum allowed"),
}
