"""Removes the resources that a lab asks for."""

from collections.abc import Mapping

from botocore.exceptions import ClientError

from lab_harness.account.service import Deleter
from lab_harness.account.services import known_services
from lab_harness.answers import lacks, says_that_there_is_none
from lab_harness.aws import Clients, answering
from lab_harness.errors import LabError
from lab_harness.lab.file import Resource
from lab_harness.lab.labs import Lab


def deleters() -> Mapping[str, Deleter]:
    """How each type of resource is deleted, by CloudFormation's name for it."""
    return {kind: deleter for service in known_services().values() for kind, deleter in service.deleters.items()}


def remove_resources(lab: Lab, clients: Clients) -> list[Resource]:
    """Delete what the lab's `[[resources]]` name and that is there; returns what was deleted.

    Nothing else in the account is touched: an emulator is shared between labs.
    """
    delete = deleters()
    for resource in lab.file.resources:
        if resource.type not in delete:
            raise LabError(f"{lab.folder / 'lab.toml'}: {resource.type} is no type that can be removed")
    with answering():
        return [each for each in lab.file.resources if _deleted(delete[each.type], clients, each.name)]


def _deleted(delete: Deleter, clients: Clients, name: str) -> bool:
    """Whether it was there and is deleted; of what the emulator does not have at all, nothing is there."""
    try:
        return _deleted_beside_others(delete, clients, name)
    except ClientError as error:
        if lacks(error):
            return False
        raise


def _deleted_beside_others(delete: Deleter, clients: Clients, name: str) -> bool:
    """Delete it, once more where a part of it went meanwhile: the stack that made it may just be being deleted."""
    try:
        return delete(clients, name)
    except ClientError as error:
        if says_that_there_is_none(error):
            return delete(clients, name)
        raise
