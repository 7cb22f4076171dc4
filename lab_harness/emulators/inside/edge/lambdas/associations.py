"""Which functions a behavior has at which event, and those that CloudFront refuses.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html and
cloudfront-limits.html#limits-lambda-at-edge (2026). The memory at the viewer's events stands in
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-choosing.html (2026)
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from lab_harness.emulators.inside.constraints import refuse
from lab_harness.emulators.inside.edge.settings import behaviors
from lab_harness.emulators.inside.functions import invocations
from lab_harness.emulators.inside.permissions.asking import answers

EVENTS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
PATH = "LambdaFunctionAssociations/Items/LambdaFunctionAssociation"
EDGE, REGION = "edgelambda.amazonaws.com", "us-east-1"
VERSION = re.compile(r"arn:aws:lambda:(?P<region>[a-z0-9-]+):\d+:function:(?P<name>[\w-]+):(?P<version>\d+)")
MOST_MEMORY, MOST_SECONDS = 128, 30  # MB at the viewer's events; at all events
STORAGE = 512  # MB
NEEDED = ("lambda:GetFunction", "lambda:EnableReplication")
TOO_MUCH = "is larger than the maximum allowed for functions that are triggered by a CloudFront event"


class Association(NamedTuple):
    """A version of a function, by its ARN, at an event; whether it gets the request's body."""

    event: str
    arn: str
    body: bool


def install() -> None:
    """Change MiniStack's CloudFront and Lambda. It takes effect when they are imported."""
    changes: dict[str, Any] = {
        "_create_distribution": lambda _headers, body: _refused(body),
        "_update_distribution": lambda id, _headers, body: _refused(body, id),
    }
    refuse({"cloudfront": changes, "lambda_svc": {"_delete_function": _replicated}})


def all_of(behavior: Element) -> Iterator[Association]:
    """The associations of a behavior."""
    for each in behavior.iterfind(PATH):
        told = {child.tag: (child.text or "").strip() for child in each}
        body = told.get("IncludeBody", "").lower() == "true"
        yield Association(told.get("EventType", ""), told.get("LambdaFunctionARN", ""), body)


def of(behavior: Element, event: str) -> Association | None:
    """The association of a behavior at an event."""
    return next((each for each in all_of(behavior) if each.event == event), None)


def _refused(body: bytes, id: str = "") -> Any:
    """The refusal of a distribution's functions. Those that it has already stay, so that it can be disabled always."""
    from ministack.services import cloudfront

    there = str((cloudfront._distributions.get(id) or {}).get("config_xml", ""))
    known = {each for behavior in behaviors(there.encode()) for each in all_of(behavior)}
    for behavior in behaviors(body):
        named = list(all_of(behavior))
        if len({each.event for each in named}) < len(named):
            words = "An event type can have only one edge function association."
            return cloudfront._error("InvalidLambdaFunctionAssociation", words, 400)
        for each in set(named) - known:
            if words := _problem(each):
                return cloudfront._error("InvalidLambdaFunctionAssociation", words, 400)
            if words := next(filter(None, (answers.caller(action, each.arn) for action in NEEDED)), ""):
                return cloudfront._error("AccessDenied", words, 403)
    return None


def _problem(named: Association) -> str:
    """What is wrong with an association; empty where nothing is."""
    arn = named.arn
    if named.event not in EVENTS:
        return f"The event type {named.event} is none of {', '.join(EVENTS)}."
    if named.body and named.event.endswith("-response"):
        return f"The body can be included at a request's events alone, not at {named.event}."
    found = VERSION.fullmatch(arn)
    if not found:
        words = (
            "The function ARN must reference a specific function version. (The ARN must end with the version number.)"
        )
        return f"{words} ARN: {arn}"
    if found["region"] != REGION:
        return f"The function must be in region '{REGION}'. ARN: {arn}"
    record = invocations.called(arn)
    if record is None:
        return f"The function does not exist. ARN: {arn}"
    return _unfit(record["config"], named) or _untrusting(record["config"])


def _unfit(config: dict[str, Any], named: Association) -> str:
    """What of a version's configuration is not for the edge."""
    at, viewer = f"Function: {named.arn}", named.event.startswith("viewer-")
    timeout, memory = int(config.get("Timeout", 3)), int(config.get("MemorySize", 128))
    problems = (
        (
            not str(config.get("Runtime", "")).startswith(("python", "nodejs")),
            "The function must be Python or Node.js.",
        ),
        ((config.get("Environment") or {}).get("Variables"), "The function cannot have environment variables."),
        (config.get("Layers"), "The function cannot have layers."),
        ((config.get("VpcConfig") or {}).get("SubnetIds"), "The function cannot be in a VPC."),
        (
            int((config.get("EphemeralStorage") or {}).get("Size", STORAGE)) > STORAGE,
            f"The function cannot have more than {STORAGE} MB of ephemeral storage.",
        ),
        (timeout > MOST_SECONDS, f"The function timeout {TOO_MUCH}: {timeout} Max allowed: {MOST_SECONDS}"),
        (viewer and memory > MOST_MEMORY, f"The function memory size {TOO_MUCH}: {memory} Max allowed: {MOST_MEMORY}"),
    )
    return next((f"{words} {at}" for wrong, words in problems if wrong), "")


def _untrusting(config: dict[str, Any]) -> str:
    role = str(config.get("Role", ""))
    if answers.trusts(role, EDGE) and answers.trusts(role, "lambda.amazonaws.com"):
        return ""
    words = f"The function execution role must be assumable with {EDGE} as well as lambda.amazonaws.com principals."
    return f"{words} Update the IAM role and try again. Role: {role}"


def _replicated(name: str, query: dict[str, Any], path_qualifier: str | None = None) -> Any:
    """The refusal to delete a version that is at the edge, or all of its function."""
    from ministack.services import cloudfront, lambda_svc

    qualifier = lambda_svc._qualifier_from_path_or_query(path_qualifier, query)
    for distribution in cloudfront._distributions.values():
        for behavior in behaviors(str(distribution["config_xml"]).encode()):
            for each in all_of(behavior):
                found = VERSION.fullmatch(each.arn)
                if found and found["name"] == name and qualifier in (None, "", "$LATEST", found["version"]):
                    words = f"Lambda was unable to delete {each.arn} because it is a replicated function."
                    more = "Please see our documentation for Deleting Lambda@Edge Functions and Replicas."
                    return lambda_svc.error_response_json("InvalidParameterValueException", f"{words} {more}", 400)
    return None
