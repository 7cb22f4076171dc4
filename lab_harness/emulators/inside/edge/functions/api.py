"""What CloudFront refuses of functions, and TestFunction, which MiniStack lacks.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions and
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_TestFunction.html (2026)
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.events import EdgeError, EdgeRequest, EdgeResponse
from lab_harness.emulators.inside.edge.functions import calls, values
from lab_harness.emulators.inside.edge.settings import behaviors, parsed

NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
ARN = re.compile(rf"arn:aws:cloudfront::\d{{12}}:function/{NAME.pattern}")
LARGEST_CODE = 10 * 1024  # bytes
MOST_FUNCTIONS = 100
EVENTS = ("viewer-request", "viewer-response")
TEST = re.compile(r"/2020-05-31/function/([^/]+)/test/?")


def install() -> None:
    """Change MiniStack's CloudFront. It takes effect when it is imported."""
    refuse(
        {
            "cloudfront": {
                "_cf_create_function": _created,
                "_cf_update_function": lambda _name, _headers, body: _too_large(body),
                "_cf_delete_function": _in_use,
                "_create_distribution": lambda _headers, body: _associated(body),
                "_update_distribution": lambda _id, _headers, body: _associated(body),
            }
        }
    )
    hooks.change({"cloudfront": {"handle_request": _tested, "_cf_update_function": _with_etag}})


def _error(code: str, message: str, status: int = 400) -> Any:
    from ministack.services import cloudfront

    return cloudfront._error(code, message, status)


def _created(_headers: Any, body: bytes) -> Any:
    from ministack.services import cloudfront

    root = parsed(body)
    name = (root.findtext("Name") or "") if root is not None else ""
    if name and not NAME.fullmatch(name):
        pattern = f"Member must satisfy regular expression pattern: {NAME.pattern}"
        message = f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: {pattern}"
        return _error("InvalidArgument", message)
    if len(cloudfront._functions) >= MOST_FUNCTIONS:
        return _error("TooManyFunctions", f"The account has {MOST_FUNCTIONS} functions, which is the most it may.")
    return _too_large(body)


def _with_etag(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """An update's answer has its ETag in `ETtag`: AWS's API calls it so, and boto3 looks there alone."""
    status, headers, body = original(*args, **kwargs)
    return status, headers | ({"ETtag": headers["ETag"]} if "ETag" in headers else {}), body


def _too_large(body: bytes) -> Any:
    root = parsed(body)
    code = _decoded((root.findtext("FunctionCode") or "") if root is not None else "")
    if code is None or len(code) <= LARGEST_CODE:
        return None
    return _error("FunctionSizeLimitExceeded", "The function is larger than 10 KB.", 413)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _in_use(name: str, _headers: Any) -> Any:
    from ministack.services import cloudfront

    arn = cloudfront._func_arn(name)
    if any(arn in cloudfront._function_arns_in(each) for each in cloudfront._distributions.values()):
        return _error("FunctionInUse", "The function is associated with a distribution.", 409)
    return None


def _associated(body: bytes) -> Any:
    """The refusal of a behavior's functions that are not published, or at an event where none can be."""
    problems = (problem for behavior in behaviors(body) if (problem := _problem(behavior)))
    words = next(problems, "")
    return _error("InvalidFunctionAssociation", words) if words else None


def _problem(behavior: Element) -> str:
    named = [
        (each.findtext("EventType") or "", each.findtext("FunctionARN") or "")
        for each in behavior.iterfind("FunctionAssociations/Items/FunctionAssociation")
    ]
    kinds = [kind for kind, _ in named]
    path = "LambdaFunctionAssociations/Items/LambdaFunctionAssociation"
    if wrong := next((kind for kind in kinds if kind not in EVENTS), None):
        return f"A CloudFront function runs at viewer-request or viewer-response, not at {wrong}."
    if len(set(kinds)) < len(kinds):
        return "An event type can have only one edge function association."
    if named and any((each.findtext("EventType") or "") in EVENTS for each in behavior.iterfind(path)):
        return "CloudFront Functions and Lambda@Edge cannot be combined in viewer events."
    if arn := next((arn for _, arn in named if not ARN.fullmatch(arn)), ""):
        return f"The parameter FunctionARN is not the ARN of a CloudFront function: {arn}"
    unpublished = (arn for _, arn in named if not calls.view(arn.rpartition("/")[2], "LIVE"))
    if arn := next(unpublished, ""):
        return f"The function {arn} is not in the LIVE stage; it must be published before it is associated."
    return ""


async def _tested(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    method, path, headers, body, *_ = args
    found = TEST.fullmatch(path)
    if not found or method != "POST":
        return await original(*args, **kwargs)
    return await calls.apart(_test, found[1], headers, body)


def _test(name: str, headers: Mapping[str, str], body: bytes) -> Any:
    from ministack.services import cloudfront

    root = parsed(body)
    stage = ((root.findtext("Stage") if root is not None else "") or "DEVELOPMENT").strip()
    if stage not in ("DEVELOPMENT", "LIVE"):
        return _error("InvalidArgument", "Invalid Stage value.")
    function = calls.view(name, stage)
    if function is None:
        return _error("NoSuchFunctionExists", "The specified function does not exist.", 404)
    version, etag = headers.get("if-match", ""), function["live_etag" if stage == "LIVE" else "dev_etag"]
    if version != etag:
        return _error("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    event = _event(root.findtext("EventObject") or "" if root is not None else "")
    if event is None:
        return _error("InvalidArgument", "The event object is no JSON with a context and a request.")
    ran = calls.run(function, event)
    output, wrong = _output(ran, event)
    status = "DEPLOYED" if stage == "LIVE" else cloudfront._function_dev_status(function)

    def build(result: Element) -> None:
        changed = function["last_modified_live" if stage == "LIVE" else "last_modified_dev"]
        cloudfront._function_summary_builder(function, stage, status, changed)(SubElement(result, "FunctionSummary"))
        SubElement(result, "ComputeUtilization").text = str(ran.utilization)
        logs = SubElement(result, "FunctionExecutionLogs")
        for line in ran.logs:
            SubElement(logs, "member").text = line
        SubElement(result, "FunctionErrorMessage").text = wrong
        SubElement(result, "FunctionOutput").text = output

    return cloudfront._xml_response("TestResult", build)


def _event(text: str) -> Any:
    """The event that is to be tested with; None where it is none."""
    try:
        event = json.loads(_decoded(text) or b"")
        known = {"version": "1.0", "context": {"eventType": "viewer-request"}, "viewer": {"ip": "127.0.0.1"}} | event
        known["request"] = {"querystring": {}, "headers": {}, "cookies": {}} | event["request"]
        if not isinstance(known["request"].get("uri"), str) or known["context"]["eventType"] not in EVENTS:
            return None
        if known["context"]["eventType"] == "viewer-response":
            known["response"] = {"statusDescription": "", "headers": {}, "cookies": {}} | event["response"]
        for part in [known[each] for each in ("request", "response") if each in known]:
            for name in ("headers", "cookies", "querystring"):
                values.checked(part.get(name, {}), name)
    except (ValueError, TypeError, KeyError, RecursionError, EdgeError):
        return None
    return known


def _output(ran: Any, event: dict[str, Any]) -> tuple[str, str]:
    """What the function returned, and what is wrong with it."""
    if wrong := calls.trouble(ran):
        return "", wrong
    returned = json.loads(ran.answer)
    request = event["request"]
    asked = EdgeRequest(str(request.get("method")), request["uri"], "", {})
    try:
        if event["context"]["eventType"] == "viewer-response":
            values.apply_response(returned, event, EdgeResponse(200))
            return json.dumps({"response": returned}, ensure_ascii=False), ""
        if isinstance(returned, dict) and "statusCode" in returned:
            values.generated(returned)
            return json.dumps({"response": returned}, ensure_ascii=False), ""
        values.apply_request(returned, event, asked)
    except EdgeError as problem:
        return "", problem.sentence
    return json.dumps({"request": returned}, ensure_ascii=False), ""
