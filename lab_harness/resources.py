"""Removes the resources that a lab asks for, by CloudFormation's names for their types."""

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorNotReady, LabError
from lab_harness.lab_file import Resource
from lab_harness.labs import Lab

SETTLING_TIME = 20.0  # seconds


def remove_resources(lab: Lab, clients: Clients) -> list[Resource]:
    """Delete what the lab's `[[resources]]` name and that is there; returns what was deleted.

    Nothing else in the account is touched: an emulator is shared between labs.
    """
    for resource in lab.file.resources:
        if resource.type not in DELETERS:
            raise LabError(f"{lab.folder / 'lab.toml'}: {resource.type} is no type that can be removed")
    try:
        return [resource for resource in lab.file.resources if DELETERS[resource.type](clients, resource.name)]
    except UNREACHABLE as error:
        raise EmulatorNotReady("The emulator stopped answering. Start it again with: lab start") from error


def _there(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of a call; None where AWS says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(word in code for word in ("NotFound", "NoSuch", "NonExistent")):
            return None
        raise


def _function(clients: Clients, name: str) -> bool:
    for mapping in _mappings(clients, name):
        _delete_mapping(clients, name, mapping["UUID"])
    deleted = _there(clients["lambda"].delete_function, FunctionName=name) is not None
    _there(clients["logs"].delete_log_group, logGroupName=f"/aws/lambda/{name}")
    return deleted


def _mappings(clients: Clients, function: str) -> list[dict[str, Any]]:
    pages = clients["lambda"].get_paginator("list_event_source_mappings").paginate()
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    return [mapping for mapping in mappings if mapping["FunctionArn"].endswith(f":function:{function}")]


def _delete_mapping(clients: Clients, function: str, uuid: str) -> None:
    """Delete an event source mapping and wait until it is gone.

    LocalStack 4.14.0 never finishes deleting one that is disabled, so there it is enabled first.
    """
    lambda_ = clients["lambda"]

    def states() -> set[str]:
        return {mapping["State"] for mapping in _mappings(clients, function) if mapping["UUID"] == uuid}

    _wait_until(lambda: not states() & {"Creating", "Enabling", "Disabling", "Updating"})
    if clients.emulator.name == "localstack" and states() == {"Disabled"}:
        lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
        _wait_until(lambda: states() == {"Enabled"})
    _there(lambda_.delete_event_source_mapping, UUID=uuid)
    _wait_until(lambda: not states())


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most SETTLING_TIME: what hangs longer is the emulator's to mend, not ours."""
    deadline = time.monotonic() + SETTLING_TIME
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def _role(clients: Clients, name: str) -> bool:
    iam = clients["iam"]
    attached = _there(iam.list_attached_role_policies, RoleName=name)
    if attached is None:
        return False
    for policy in attached["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
    return _there(iam.delete_role, RoleName=name) is not None


def _queue(clients: Clients, name: str) -> bool:
    found = _there(clients["sqs"].get_queue_url, QueueName=name)
    return found is not None and _there(clients["sqs"].delete_queue, QueueUrl=found["QueueUrl"]) is not None


def _table(clients: Clients, name: str) -> bool:
    return _there(clients["dynamodb"].delete_table, TableName=name) is not None


DELETERS: dict[str, Callable[[Clients, str], bool]] = {
    "AWS::Lambda::Function": _function,
    "AWS::IAM::Role": _role,
    "AWS::SQS::Queue": _queue,
    "AWS::DynamoDB::Table": _table,
}
