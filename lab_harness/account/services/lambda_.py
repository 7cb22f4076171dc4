"""Lambda's functions, layers and event source mappings. A function's log group goes with it."""

from typing import Any

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, wait_until, without
from lab_harness.account.services.cloudfront import delete_users
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_function(clients: Clients, name: str) -> bool:
    for mapping in _mappings(clients, name):
        delete_mapping(clients, name, mapping["UUID"])
    try:
        deleted = there(clients["lambda"].delete_function, FunctionName=name) is not None
    except clients["lambda"].exceptions.InvalidParameterValueException:  # a version is at the edge
        delete_users(clients, f":function:{name}:")
        deleted = there(clients["lambda"].delete_function, FunctionName=name) is not None
    for group in (name, f"us-east-1.{name}"):  # the second is for runs at CloudFront's edge
        there(clients["logs"].delete_log_group, logGroupName=f"/aws/lambda/{group}")
    return deleted


def delete_mapping(clients: Clients, function: str, uuid: str) -> None:
    """Delete an event source mapping and wait until it is gone.

    LocalStack 4.14.0 never finishes deleting one that is disabled, so there it is enabled first.
    """
    lambda_ = clients["lambda"]

    def states() -> set[str]:
        return {mapping["State"] for mapping in _mappings(clients, function) if mapping["UUID"] == uuid}

    wait_until(lambda: not states() & {"Creating", "Enabling", "Disabling", "Updating"})
    if clients.emulator.name == "localstack" and states() == {"Disabled"}:
        lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
        wait_until(lambda: states() == {"Enabled"})
    there(lambda_.delete_event_source_mapping, UUID=uuid)
    wait_until(lambda: not states())


def _mappings(clients: Clients, function: str) -> list[dict[str, Any]]:
    mappings = pages(clients["lambda"], "list_event_source_mappings", "EventSourceMappings")
    return [mapping for mapping in mappings if mapping["FunctionArn"].endswith(f":function:{function}")]


def _delete_layer(clients: Clients, name: str) -> bool:
    versions = list(pages(clients["lambda"], "list_layer_versions", "LayerVersions", LayerName=name))
    for each in versions:
        clients["lambda"].delete_layer_version(LayerName=name, VersionNumber=each["Version"])
    return bool(versions)


def _rows(clients: Clients) -> Rows:
    lambda_ = clients["lambda"]
    for function in pages(lambda_, "list_functions", "Functions"):
        name = function["FunctionName"]
        yield Row(Part.BUILT, name, function)
        yield Row(Part.BUILT, name, there(lambda_.get_policy, FunctionName=name))
    for mapping in pages(lambda_, "list_event_source_mappings", "EventSourceMappings"):
        yield Row(Part.BUILT, mapping["UUID"], without(mapping, "LastModified", "LastProcessingResult"))
    for layer in pages(lambda_, "list_layers", "Layers"):
        yield Row(Part.BUILT, layer["LayerName"], layer)


SERVICE = Service(
    name="lambda",
    deleters={"AWS::Lambda::Function": _delete_function, "AWS::Lambda::LayerVersion": _delete_layer},
    rows=_rows,
    configured=True,
    tabs=(
        ServiceTab("logs", "Logs", 90, "lab_harness.notebook.console.logs:show", probes=True),
        ServiceTab("metrics", "Metrics", 100, "lab_harness.notebook.console.metrics:show", probes=True),
    ),
)
