"""Removes the resources that a lab asks for, by CloudFormation's names for their types."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorNotReady, LabError
from lab_harness.lab_file import Resource
from lab_harness.labs import Lab


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
    lambda_ = clients["lambda"]
    for mapping in lambda_.list_event_source_mappings()["EventSourceMappings"]:
        if mapping["FunctionArn"].endswith(f":function:{name}"):
            _there(lambda_.delete_event_source_mapping, UUID=mapping["UUID"])
    _there(clients["logs"].delete_log_group, logGroupName=f"/aws/lambda/{name}")
    return _there(lambda_.delete_function, FunctionName=name) is not None


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
