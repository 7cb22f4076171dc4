"""Refuses what AWS refuses of functions, their versions, aliases and layers; MiniStack takes all of it.

Ranges and patterns are those of Lambda's model; what the model does not say stands here.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and configuration-envvars.html (2026)
"""

import base64
import io
import json
import zipfile
from functools import partial
from typing import Any

from lab_harness.emulators.inside.constraints import refuse, told

# The model's are those of Lambda Managed Instances. The timeout was 900 s until 2026-11-19.
OWN: dict[str, dict[str, Any]] = {
    "timeout": {"max": 1800},
    "memorySize": {"max": 10_240},
    "ephemeralStorage.size": {"max": 10_240},
}
LONGEST_NAME = 64  # where it is no ARN
LARGEST_ENVIRONMENT = 4096  # bytes, as JSON
MOST_LAYERS = 5
LARGEST_ZIP = 50 * 1024 * 1024  # bytes, uploaded with the request
LARGEST_REQUEST = 70_167_211  # bytes: AWS names this limit, such a zip in base64 and 256 KB for the rest
RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip
UNABLE = "Lambda was unable to configure your environment variables because the environment variables you have provided"


def install() -> None:
    """Make MiniStack refuse them. This takes effect when it imports Lambda."""
    problems: dict[str, Any] = {
        "_create_function": _function,
        "_update_config": lambda name, data: _function(data, "UpdateFunctionConfiguration", name),
        "_update_code": lambda _name, data: _archive(data, "UpdateFunctionCode"),
        "_publish_layer_version": lambda _name, data: _archive(data.get("Content") or {}, "PublishLayerVersion"),
        "_publish_version": _version,
        "_create_alias": _alias,
        "_update_alias": lambda name, alias, data: _alias(name, {"Name": alias, **data}, "UpdateAlias"),
        "_put_event_invoke_config": lambda _name, _qualifier, data: _members("PutFunctionEventInvokeConfig", data),
    }
    refuse({"lambda_svc": problems})


def _error(code: str, message: str, status: int = 400) -> Any:
    from ministack.services.lambda_svc import error_response_json

    return error_response_json(code, message, status)


_invalid = partial(_error, "InvalidParameterValueException")


def _members(operation: str, data: dict[str, Any]) -> Any:
    """The refusal of members that Lambda's model does not allow."""
    members = {name: value for name, value in data.items() if name != "Runtime"}  # AWS says that in other words.
    name = members.get("FunctionName") or ""
    own = OWN if ":" in name else {**OWN, "functionName": {"max": LONGEST_NAME}}
    message = told("lambda", operation, members, own)
    return _error("ValidationException", message) if message else None


def _function(data: dict[str, Any], operation: str = "CreateFunction", _name: str = "") -> Any:
    return (
        _members(operation, data)
        or _runtime(data.get("Runtime"))
        or _environment((data.get("Environment") or {}).get("Variables") or {})
        or _layers(data.get("Layers") or [])
        or _archive(data.get("Code") or {}, operation)
    )


def _runtime(runtime: str | None) -> Any:
    from ministack.core.responses import _service_model

    known = _service_model("lambda").shape_for("Runtime").enum
    if not runtime or runtime in known:
        return None
    rule = f"Member must satisfy enum value set: [{', '.join(known)}] or be a valid ARN"
    return _invalid(f"Value {runtime} at 'runtime' failed to satisfy constraint: {rule}")


def _environment(variables: dict[str, str]) -> Any:
    if reserved := sorted(RESERVED & variables.keys()):
        keys = "reserved keys that are currently not supported for modification. Reserved keys used in this request"
        return _invalid(f"{UNABLE} contains {keys}: {', '.join(reserved)}")
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > LARGEST_ENVIRONMENT:
        return _invalid(f"{UNABLE} exceeded the 4KB limit. String measured: {measured}")
    return None


def _layers(layers: list[Any]) -> Any:
    return _invalid(f"Cannot reference more than {MOST_LAYERS} layers.") if len(layers) > MOST_LAYERS else None


def _archive(code: dict[str, Any], operation: str) -> Any:
    packed = code.get("ZipFile") or ""
    if len(packed) * 3 // 4 <= LARGEST_ZIP + 2:  # in base64, with up to two characters of padding
        return _invalid("Uploaded file must be a non-empty zip") if packed and _is_empty(packed) else None
    message = f"Request must be smaller than {LARGEST_REQUEST} bytes for the {operation} operation"
    return _error("RequestEntityTooLargeException", message, 413)


def _is_empty(packed: str) -> bool:
    """Whether an archive in base64 holds nothing."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
            return not archive.infolist()
    except (ValueError, NotImplementedError, zipfile.BadZipFile):  # of a later version of zip, or none
        return False


def _version(name: str, data: dict[str, Any]) -> Any:
    from ministack.services import lambda_svc

    given = data.get("CodeSha256")
    current = (lambda_svc._functions.get(name) or {"config": {}})["config"].get("CodeSha256")
    if not given or not current or given == current:
        return None
    return _invalid(
        f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )


def _alias(name: str, data: dict[str, Any], operation: str = "CreateAlias") -> Any:
    """The refusal of an alias whose name or versions AWS would not take."""
    from ministack.services import lambda_svc

    if refused := _members(operation, data):
        return refused
    function = lambda_svc._functions.get(name) or {"versions": {}}
    weighted = (data.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    for version in (data.get("FunctionVersion") or "$LATEST", *weighted):
        if version != "$LATEST" and version not in function["versions"]:
            return _error(
                "ResourceNotFoundException", f"Function not found: {lambda_svc._func_arn(name)}:{version}", 404
            )
    return None
