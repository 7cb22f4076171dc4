"""Logs of REST APIs' stages: access logs in the format that is told, execution logs by level.

MiniStack keeps the settings and writes nothing. Both are written with the account's role for CloudWatch, which must be
there before logging is enabled and must allow it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html (2026)
"""

import json
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.apis.request_context import context
from lab_harness.emulators.inside.apis.serving import Serving, serving
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.permissions.asking import answers

VARIABLE = re.compile(r"\$context\.([A-Za-z][\w.-]*\w)")
SESSION = "apigateway.amazonaws.com/logs"
SECRET = ("authorization", "x-api-key", "x-amz-security-token", "cookie")
NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")
NO_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"
UNFIT = (
    "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and "
    "add the required role policy."
)
LONGEST = 1024  # bytes of an event
Log = tuple[str, str]  # a group and its stream


def install() -> None:
    """Make MiniStack write logs. It takes effect when it imports API Gateway."""
    backends = dict.fromkeys(("_invoke_lambda_proxy_v1", "_invoke_http_proxy_v1"), _told)
    hooks.change({"apigateway_v1": {"_handle_execute_in_scope": _logged, **backends}})
    refuse({"apigateway_v1": {"_update_stage": _bad_patch, "_update_account": _bad_role}})


def _bad(words: str) -> Any:
    from ministack.services import apigateway_v1

    return apigateway_v1._v1_error("BadRequestException", words, 400)


def _role() -> str:
    from ministack.services import apigateway_v1

    return str((apigateway_v1._account_settings.get("settings") or {}).get("cloudwatchRoleArn") or "")


def _bad_patch(_api: str, _stage: str, data: Mapping[str, Any]) -> Any:
    for each in data.get("patchOperations", []):
        path, value = str(each.get("path")), each.get("value")
        enables = path.endswith("/logging/loglevel") and value not in ("OFF", None)
        if (enables or path == "/accessLogSettings/destinationArn") and each.get("op") != "remove" and not _role():
            return _bad(NO_ROLE)
    return None


def _bad_role(data: Mapping[str, Any]) -> Any:
    for each in data.get("patchOperations", []):
        if each.get("path") == "/cloudwatchRoleArn" and (role := each.get("value")):
            target = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:API-Gateway-Execution-Logs_any/any:log-stream:any"
            if any(answers.role(role, SESSION, action, target) for action in ("logs:CreateLogGroup", *NEEDED)):
                return _bad(UNFIT)
    return None


def _levels(stage: Mapping[str, Any], resource: str, verb: str) -> tuple[str, bool]:
    """At which level a method's executions are logged, and whether with their bodies."""
    given = stage.get("methodSettings") or {}
    path = resource.lstrip("/")
    found = given.get(f"/{path}/{verb}") or given.get(f"{path}/{verb}") or given.get("*/*") or {}
    return str(found.get("loggingLevel") or "OFF"), bool(found.get("dataTraceEnabled"))


async def _logged(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A request that is served, and then written about."""
    served = serving.get()
    if served is None or (served.api, served.name) != tuple(args[:2]):
        return await original(*args, **kwargs)
    settings = (served.stage.get("methodSettings") or {}).values()
    logs = any(each.get("loggingLevel", "OFF") != "OFF" for each in settings)
    if logs and served.lines is None:
        served.lines = []
    access = (served.stage.get("accessLogSettings") or {}).get("destinationArn")
    if not (access or logs or served.tested):
        return await original(*args, **kwargs)
    started = time.perf_counter()
    answer = await original(*args, **kwargs)
    if not served.request:
        return answer
    latency = int((time.perf_counter() - started) * 1000)
    if logs or served.tested:
        _complete(served, answer)
    if logs and not served.tested:
        _write_execution(served)
    if access and not served.tested:
        _write(_log(access, served), [_access_line(served, answer, latency)])
    return answer


def _log(destination: str, served: Serving) -> Log:
    return destination.partition(":log-group:")[2].removesuffix(":*"), f"{served.api}-{served.name}"


def _access_line(served: Serving, answer: Any, latency: int) -> str:
    """The format that the stage has, filled; what is not known is a hyphen."""
    status, _, body = answer
    more = {"status": status, "responseLength": len(body or b""), "responseLatency": latency}
    error = {"message": _message(body) if int(status) >= HTTPStatus.BAD_REQUEST else None}
    known: dict[str, Any] = {**context(served), **more, "error": error}

    def filled(found: re.Match[str]) -> str:
        value: Any = known
        for name in found[1].split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return "-" if value is None or value == {} else str(value)

    form = str((served.stage.get("accessLogSettings") or {}).get("format") or "$context.requestId")
    return VARIABLE.sub(filled, form)


def _message(body: Any) -> Any:
    try:
        found = json.loads(body)
    except (ValueError, TypeError):
        return None
    return found.get("message", found.get("Message")) if isinstance(found, dict) else None


def _complete(served: Serving, answer: Any) -> None:
    """The lines before and after those that tell of the integration."""
    request, (status, headers, body) = served.request, answer
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    before = [
        f"Starting execution for request: {request['request_id']}",
        f"HTTP Method: {served.method}, Resource Path: {request['resource_path'] or served.path}",
        f"Method request path: {_shown(request['path_params'])}",
        f"Method request query string: {_shown(request['query_params'])}",
        f"Method request headers: {_shown(request['headers'])}",
        f"Method request body before transformations: {served.body.decode('utf-8', 'replace')}",
    ]
    after = [f"Method response body after transformations: {text}", f"Method response headers: {_shown(headers)}"]
    after += [] if int(status) >= HTTPStatus.INTERNAL_SERVER_ERROR else ["Successfully completed execution"]
    served.lines = [*before, *(served.lines or []), *after, f"Method completed with status: {status}"]


def _shown(values: Mapping[str, Any]) -> str:
    """Names and values; of secrets the last characters, as API Gateway does."""
    pairs = ((key, value[-1] if isinstance(value, list) and value else value) for key, value in (values or {}).items())
    told = (f"{key}={'*' * 6 + str(value)[-6:] if key.lower() in SECRET else value}" for key, value in pairs)
    return "{" + ", ".join(told) + "}"


def _write_execution(served: Serving) -> None:
    level, traced = _levels(served.stage, str(served.request["resource_path"]), served.method)
    lines = served.lines or []
    if level == "OFF":
        return
    if level == "ERROR":
        lines = [each for each in lines if "failed" in each]
    elif not traced:
        lines = [each for each in lines if " body " not in each and " headers: " not in each]
    group = f"API-Gateway-Execution-Logs_{served.api}/{served.name}"
    _write(
        (group, served.request["request_id"].replace("-", "")), [f"({served.request['request_id']}) {x}" for x in lines]
    )


def _write(log: Log, lines: list[str]) -> None:
    """Write lines into a log, as far as the account's role lets API Gateway; an execution's group is made."""
    from ministack.services import cloudwatch_logs

    group, stream = log
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"
    executions = group.startswith("API-Gateway-Execution-Logs_")
    if not lines or any(answers.role(_role(), SESSION, action, arn) for action in NEEDED):
        return
    if group not in cloudwatch_logs._log_groups:
        if not executions or answers.role(_role(), SESSION, "logs:CreateLogGroup", arn.partition(":log-stream:")[0]):
            return
        cloudwatch_logs._create_log_group({"logGroupName": group})
    if stream not in cloudwatch_logs._log_groups[group]["streams"]:
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    now = int(clock.now() * 1000)
    events = [{"timestamp": now, "message": each.encode()[:LONGEST].decode("utf-8", "ignore")} for each in lines]
    cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})


async def _told(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A proxy's backend: the log tells where the request went and what came back."""
    served = serving.get()
    if served is None or served.lines is None:
        return await original(*args, **kwargs)
    served.tell(f"Sending request to {args[0].get('uri')}")
    started = time.perf_counter()
    answer = await original(*args, **kwargs)
    latency = int((time.perf_counter() - started) * 1000)
    if isinstance(answer, tuple):
        served.tell(f"Received response. Status: {answer[0]}, Integration latency: {latency} ms")
    elif not any("failed" in each for each in served.lines):
        served.tell(f"Execution failed due to configuration error: {answer.message}")
    return answer
