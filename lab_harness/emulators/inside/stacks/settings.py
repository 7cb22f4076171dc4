"""Stacks' functions, tables and the like have what MiniStack's CloudFormation leaves out of their templates.

Of a function that is what is reserved for it, its dead-letter queue, VPC and key, of a version the environments that
are kept ready, of a mapping its window; of a table its expiry, recovery, replicas, the stream of Kinesis for its
changes, and the import that it begins with; of a schedule its time zone, and when it begins and ends; of an identity
pool's roles whose tokens choose one. CloudFormation asks the services for these by further requests, with the
permissions of who changes the stack:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/introduction.html (2026).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import wrapt
from ministack.core.responses import get_account_id, get_region

from lab_harness.emulators.inside.stacks import requests as stack_requests

Properties = Mapping[str, Any]
Delete = Callable[[str, Properties], Any]
NOTHING: Mapping[str, Any] = {  # what these are where a template does not name them
    "DeadLetterConfig": {"TargetArn": ""},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "KMSKeyArn": "",
}
RESERVED, PROVISIONED = "ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"
EXPIRY, RECOVERY = "TimeToLiveSpecification", "PointInTimeRecoverySpecification"
CHANGES, WINDOW = "KinesisStreamSpecification", "TumblingWindowInSeconds"


class Request(NamedTuple):
    """A request to a service, by boto3's name of the operation, and the function of MiniStack's that answers it."""

    operation: str
    function: str
    asked: Properties | None
    named: tuple[str, ...] = ()  # what the function is called with besides


class Kind(NamedTuple):
    """A type of resources: its service as IAM, CloudFormation and MiniStack name it, and a resource's requests."""

    service: str
    name: str
    module: str
    resource: str  # the last part of its ARN
    requests: Callable[[str, Properties, Properties], Iterator[Request]]  # its name, its properties before and after


def install() -> None:
    """Make CloudFormation ask for them. This takes effect when MiniStack imports it."""
    wrapt.register_post_import_hook(_change, "ministack.services.cloudformation.provisioners")


def _change(provisioners: Any) -> None:
    table = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    table["create"] = wrapt.FunctionWrapper(table["create"], _import)
    for name, kind in KINDS.items():
        handler = provisioners._RESOURCE_HANDLERS[name]
        handler["create"] = wrapt.FunctionWrapper(handler["create"], partial(_create, kind, handler["delete"]))
        handler["update"] = wrapt.FunctionWrapper(handler["update"], partial(_update, kind))


def _create(kind: Kind, delete: Delete, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Make a resource with its settings; if they are refused it is taken away, since its stack does not know it yet."""
    made = original(*args, **kwargs)
    try:
        _ask(kind, made[0], {}, args[1])
    except stack_requests.HandlerError:
        delete(made[0], args[1])
        raise
    return made


def _update(kind: Kind, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    physical, before, after, *_ = args
    made = original(*args, **kwargs)
    _ask(kind, made[0], before if made[0] == physical else {}, after)
    return made


def _ask(kind: Kind, name: str, before: Properties, after: Properties) -> None:
    for request in kind.requests(name, before, after):
        _send(kind, name, request)


def _send(kind: Kind, name: str, request: Request) -> Any:
    """Make a request; where whoever changes the stack may not, or the service refuses, the resource fails."""
    place = f"arn:aws:{kind.service}:{get_region()}:{get_account_id()}"
    arn = name if name.startswith("arn:") else f"{place}:{kind.resource.format(name=name)}"
    stack_requests.permit(kind.name, f"{kind.service}:{request.operation}", arn)
    given: list[Any] = list(request.named)
    if request.asked is not None:
        given.append(stack_requests.typed(kind.service, request.operation, request.asked))
    answer = getattr(import_module(f"ministack.services.{kind.module}"), request.function)(*given)
    stack_requests.insist(kind.name, answer)
    return answer


def _function(name: str, before: Properties, after: Properties) -> Iterator[Request]:
    if settings := [each for each in NOTHING if stack_requests.changed(before, after, each)]:
        asked = {each: after.get(each) or NOTHING[each] for each in settings}
        yield Request("UpdateFunctionConfiguration", "_update_config", asked, (name,))
    if stack_requests.changed(before, after, RESERVED):
        if after.get(RESERVED) is None:
            yield Request("DeleteFunctionConcurrency", "_delete_function_concurrency", None, (name,))
        else:
            yield Request("PutFunctionConcurrency", "_put_function_concurrency", after, (name,))


def _version(arn: str, before: Properties, after: Properties) -> Iterator[Request]:
    *_, function, version = arn.split(":")
    if after.get(PROVISIONED) and stack_requests.changed(before, after, PROVISIONED):
        asked = after[PROVISIONED]
        yield Request("PutProvisionedConcurrencyConfig", "_put_provisioned_concurrency", asked, (function, version))


def _mapping(name: str, before: Properties, after: Properties) -> Iterator[Request]:
    if stack_requests.changed(before, after, WINDOW):
        yield Request("UpdateEventSourceMapping", "_update_esm", {WINDOW: after.get(WINDOW) or 0}, (name,))


def _table(name: str, before: Properties, after: Properties) -> Iterator[Request]:
    if stack_requests.changed(before, after, EXPIRY):
        expiry = after.get(EXPIRY) or {**before[EXPIRY], "Enabled": False}
        yield Request("UpdateTimeToLive", "_update_ttl", {"TableName": name, EXPIRY: expiry})
    if stack_requests.changed(before, after, RECOVERY):
        recovery = after.get(RECOVERY) or {"PointInTimeRecoveryEnabled": False}
        asked = {"TableName": name, RECOVERY: recovery}
        yield Request("UpdateContinuousBackups", "_update_continuous_backups", asked)
    if stack_requests.changed(before, after, CHANGES):
        for verb, settings in (("Disable", before), ("Enable", after)):
            if settings.get(CHANGES):
                asked = {"TableName": name, "StreamArn": settings[CHANGES].get("StreamArn")}
                function = f"_{verb.lower()}_kinesis_streaming_destination"
                yield Request(f"{verb}KinesisStreamingDestination", function, asked)


def _global_table(name: str, before: Properties, after: Properties) -> Iterator[Request]:
    """Of a global table's replicas the one in the stack's own Region is the table, and says what else that has."""
    home, there, wanted = get_region(), _replicas(before), _replicas(after)
    settings = [{**properties, **replicas.get(home, {})} for properties, replicas in ((before, there), (after, wanted))]
    yield from _table(name, *settings)
    for verb, regions in (("Delete", there.keys() - wanted.keys()), ("Create", wanted.keys() - there.keys())):
        for region in sorted(regions - {home}):
            # CloudFormation scales what the template says; that a table follows no load is no reason to refuse it.
            updates = [
                {verb: {"RegionName": region, "LabScaledByTemplate": "WriteProvisionedThroughputSettings" in after}}
            ]
            yield Request("UpdateTable", "_update_table", {"TableName": name, "ReplicaUpdates": updates})


def _replicas(properties: Properties) -> dict[str, Properties]:
    return {each["Region"]: each for each in properties.get("Replicas") or []}


def _schedule(name: str, _before: Properties, after: Properties) -> Iterator[Request]:
    yield Request("UpdateSchedule", "_update_schedule", {"FlexibleTimeWindow": {"Mode": "OFF"}, **after}, (name,))


def _pool_roles(pool: str, before: Properties, after: Properties) -> Iterator[Request]:
    """A mapping's key cannot be made of other resources' ids in a template, so its IdentityProvider stands for it."""
    if stack_requests.changed(before, after, "Roles", "RoleMappings"):
        mappings = {each.get("IdentityProvider", key): each for key, each in (after.get("RoleMappings") or {}).items()}
        asked = {"IdentityPoolId": pool, "Roles": after.get("Roles") or {}, "RoleMappings": mappings}
        yield Request("SetIdentityPoolRoles", "_set_identity_pool_roles", asked)


TABLES = ("dynamodb", "DynamoDb", "dynamodb", "table/{name}")
KINDS = {
    "AWS::Cognito::IdentityPoolRoleAttachment": Kind(
        "cognito-identity", "CognitoIdentity", "cognito", "identitypool/{name}", _pool_roles
    ),
    "AWS::DynamoDB::GlobalTable": Kind(*TABLES, _global_table),
    "AWS::DynamoDB::Table": Kind(*TABLES, _table),
    "AWS::Lambda::EventSourceMapping": Kind("lambda", "Lambda", "lambda_svc", "event-source-mapping:{name}", _mapping),
    "AWS::Lambda::Function": Kind("lambda", "Lambda", "lambda_svc", "function:{name}", _function),
    "AWS::Lambda::Version": Kind("lambda", "Lambda", "lambda_svc", "function:{name}", _version),
    "AWS::Scheduler::Schedule": Kind("scheduler", "Scheduler", "scheduler", "schedule/default/{name}", _schedule),
}


def _import(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """A table that begins with an import is made by it."""
    logical, properties, stack = args
    source = properties.get("ImportSourceSpecification")
    if not source:
        return original(*args, **kwargs)
    from ministack.services.cloudformation import provisioners

    name = properties.get("TableName") or provisioners._physical_name(stack, logical, max_len=255)
    asked = {**source, "TableCreationParameters": {**properties, "TableName": name}}
    answer = _send(KINDS["AWS::DynamoDB::Table"], name, Request("ImportTable", "_import_table", asked))
    return name, {"Arn": json.loads(answer[2])["ImportTableDescription"]["TableArn"]}
