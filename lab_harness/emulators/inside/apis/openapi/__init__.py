"""OpenAPI: a definition makes a whole API, or changes one, and what was deployed is exported as such.

MiniStack makes an empty API of a definition that is imported, knows no PutRestApi, takes of one in CloudFormation only
methods and integrations' addresses, and exports the API as it stands now, without validators and gateway responses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api.html (2026)
"""

import asyncio
import json
import re
from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.openapi import http_apis
from lab_harness.emulators.inside.apis.openapi.definitions import NONE, read, roles_in
from lab_harness.emulators.inside.apis.openapi.reading import fill, gateway_module
from lab_harness.emulators.inside.apis.openapi.writing import export, operation
from lab_harness.emulators.inside.constraints import refusal

API = re.compile(r"/restapis/(?P<api>[\w-]+)/?")


def install() -> None:
    """Teach MiniStack definitions. This takes effect when it imports API Gateway."""
    changed = {"_import_rest_api": _import, "_build_api_export": export, "_export_operation": operation}
    http_apis.install()
    hooks.change({"apigateway_v1": {"handle_request": _request, **changed}})


async def _request(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """ImportRestApi and PutRestApi."""
    method, path, _, body, query = args
    mode = query.get("mode", "")
    mode = mode[0] if isinstance(mode, list) else mode
    changed = API.fullmatch(path) if method == "PUT" else None
    if not changed and not (method == "POST" and path.rstrip("/") == "/restapis" and mode == "import"):
        return await original(*args, **kwargs)
    spec = await asyncio.to_thread(read, body)  # a large one takes seconds, in which others are answered
    refused = next(filter(None, map(_role_refused, roles_in(spec))), None)
    if refused:
        return refused
    return _put(changed["api"], spec, str(mode or "merge")) if changed else _made(spec)


def _role_refused(role: str) -> Any:
    return refusal("apigateway_v1", "_put_integration", "", "", "", {"credentials": role})


def _imported(spec: Any) -> str:
    """The id of the API that a definition makes; empty where it makes none, and then nothing of it is left."""
    gateway = gateway_module()
    before = set(gateway._rest_apis)
    try:
        return str(gateway._import_rest_api(spec)) if spec else ""
    except (AttributeError, KeyError, TypeError, ValueError):  # what stands in it is of another kind than it must be
        for made in set(gateway._rest_apis) - before:
            gateway._delete_rest_api(made)
        return ""


def _made(spec: Any) -> Any:
    gateway, made = gateway_module(), _imported(spec)
    if not made:
        return gateway._v1_error("BadRequestException", NONE, 400)
    _, headers, view = gateway._get_rest_api(made)
    return 201, headers, view


def _put(api_id: str, spec: Any, mode: str) -> Any:
    gateway = gateway_module()
    if api_id not in gateway._rest_apis:
        return gateway._v1_error("NotFoundException", "Invalid API identifier specified", 404)
    tried = _imported(spec)
    if not tried:
        return gateway._v1_error("BadRequestException", NONE, 400)
    gateway._delete_rest_api(tried)  # So a definition that fails leaves the API as it was.
    if mode == "overwrite":
        kept = {key: each for key, each in gateway._resources[api_id].items() if each["path"] == "/"}
        for each in kept.values():
            each["resourceMethods"] = {}
        gateway._resources[api_id] = kept
        for store in (
            gateway._models,
            gateway._request_validators,
            gateway._authorizers_v1,
            gateway._gateway_responses,
        ):
            store[api_id] = {}
    gateway._rest_apis[api_id]["name"] = str((spec.get("info") or {}).get("title") or "unnamed")
    fill(api_id, spec)
    return gateway._get_rest_api(api_id)


def _import(_original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """The id of the API that a definition makes, with what CloudFormation says of it besides."""
    gateway, (spec, *more) = gateway_module(), args
    data, info = dict((more or [None])[0] or {}), spec.get("info") or {}
    for key, value in {"name": info.get("title"), "version": info.get("version")}.items():
        if value and not data.get(key):
            data[key] = str(value)
    if info.get("description") and not data.get("description"):
        data["description"] = info["description"]
    _, _, body = gateway._create_rest_api(data)
    api_id = str(json.loads(body)["id"])
    fill(api_id, spec)
    return api_id
