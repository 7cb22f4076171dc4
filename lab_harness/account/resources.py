"""Removes the resources that a lab asks for."""

from lab_harness.account.deleters import DELETERS
from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorNotReady, LabError
from lab_harness.lab.file import Resource
from lab_harness.lab.labs import Lab


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
