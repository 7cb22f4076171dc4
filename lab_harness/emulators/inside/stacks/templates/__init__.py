"""Fails a stack's resource that AWS would refuse, in the words of its service; MiniStack writes it past the service.

CloudFormation asks the services for what a template describes, with the permissions of who makes the stack. So each
resource's properties are made the requests that AWS's CloudFormation would send, and what refuses these refuses the
resource (`constraints.refusal`). The stack rolls back, and its events say why.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-develop.html (2026)
"""

from functools import partial
from importlib import import_module
from typing import Any

import wrapt

from lab_harness.emulators.base import ACCOUNT, REGION
from lab_harness.emulators.inside.constraints import refusal
from lab_harness.emulators.inside.permissions.asking import answers
from lab_harness.emulators.inside.stacks import requests as stack_requests
from lab_harness.emulators.inside.stacks.requests import HandlerError, refused
from lab_harness.emulators.inside.stacks.templates.attached import DELETE, permissions
from lab_harness.emulators.inside.stacks.templates.kinds import Kind, kind_of
from lab_harness.emulators.inside.stacks.templates.requests import REQUESTS, Properties, Requests

CREATE, UPDATE = range(DELETE)  # the places of their actions in a kind's
WRITING = ("_put_bucket_policy", "_set_topic_attributes", "_act_set_queue_attributes")  # may be done twice


def install() -> None:
    """Make MiniStack fail them. This takes effect when it imports CloudFormation."""
    wrapt.register_post_import_hook(_change, "ministack.services.cloudformation.provisioners")
    wrapt.register_post_import_hook(
        lambda module: wrapt.wrap_function_wrapper(module, "invoke_custom_resource", _call_function),
        "ministack.services.cloudformation.custom_resource",
    )


def _change(provisioners: Any) -> None:
    for name, handler in provisioners._RESOURCE_HANDLERS.items():
        if kind := kind_of(name):
            for verb, ours in {"create": _create, "update": _update, "delete": _delete}.items():
                if verb in handler:
                    handler[verb] = wrapt.FunctionWrapper(handler[verb], partial(ours, (name, kind)))


def _create(about: tuple[str, Kind], original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    from ministack.services.cloudformation import provisioners

    logical, properties, stack = args
    _permit(about, CREATE, provisioners._physical_name(stack, logical, max_len=64), properties)
    return original(*args, **kwargs)


def _update(about: tuple[str, Kind], original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    physical, _, properties, *_ = args
    _permit(about, UPDATE, physical, properties)
    return original(*args, **kwargs)


def _delete(about: tuple[str, Kind], original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Delete a resource, also where a stack is rolled back; what may not be deleted stays in the stack."""
    physical, properties, *_ = args
    _permit(about, DELETE, physical, properties or {})
    return original(*args, **kwargs)


def _permit(about: tuple[str, Kind], verb: int, physical: str, properties: Properties) -> None:
    """Raise CloudFormation's error where whoever changes the stack may not do this, or the service refuses it."""
    kind_name, kind = about
    names = _named(kind, properties) or [physical]
    service, _, operations = kind.actions.partition(":")
    for name in names if operations else []:
        stack_requests.permit(kind.service, f"{service}:{operations.split()[verb]}", kind.arn(name, properties))
    for needed in permissions(kind_name, names[0], properties, verb):
        stack_requests.permit(kind.service, *needed)
    if verb != DELETE:
        _ask(kind, REQUESTS.get(kind_name, _none)(names[0], _with_numbers(kind, properties)))


def _call_function(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Call the function of a custom resource, which who changes the stack must be allowed to."""
    token = str(args[2].get("ServiceToken", ""))
    function = token if token.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{token}"
    if words := answers.caller("lambda:InvokeFunction", function):
        raise HandlerError(words)
    return original(*args, **kwargs)


def _named(kind: Kind, properties: Properties) -> list[str]:
    value = properties.get(kind.named) or []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def _none(_name: str, _properties: Properties) -> Requests:
    return iter(())


def _ask(kind: Kind, requests: Requests) -> None:
    """Raise CloudFormation's error if a service refuses one of the requests that make a resource."""
    for service, function, *asked in requests:
        if answer := _answer(service, function, *asked):
            raise refused(kind.service, *answer)


def _answer(service: str, function: str, *asked: Any) -> tuple[str, int] | None:
    """The words and the status with which a service refuses a request; None where it does not."""
    from ministack.services import sqs

    module = import_module(f"ministack.services.{service}")
    try:
        answer = getattr(module, function)(*asked) if function in WRITING else refusal(service, function, *asked)
    except sqs._Err as error:
        return error.message, error.status
    return stack_requests.refusal(answer)


def _with_numbers(kind: Kind, properties: Properties) -> Properties:
    """The properties with numbers as such: a template's parameters are texts."""
    return {
        key: int(value) if key != kind.named and isinstance(value, str) and value.isdecimal() else value
        for key, value in properties.items()
    }
