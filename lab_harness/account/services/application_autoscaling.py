"""Application Auto Scaling's targets and their policies, of DynamoDB's tables and indexes."""

from lab_harness.account.service import Part, Row, Rows, Service
from lab_harness.answers import pages, there
from lab_harness.aws import Clients

TABLES = {"ServiceNamespace": "dynamodb"}


def _delete_targets(clients: Clients, name: str) -> bool:
    """The targets of the table of this name and of its indexes; their policies and alarms go with them."""
    scaling = clients["application-autoscaling"]
    every = list(pages(scaling, "describe_scalable_targets", "ScalableTargets", **TABLES))
    found = [each for each in every if each["ResourceId"].split("/")[1] == name]
    for each in found:
        about = {"ResourceId": each["ResourceId"], "ScalableDimension": each["ScalableDimension"]}
        there(scaling.deregister_scalable_target, **TABLES, **about)
    return bool(found)


def _rows(clients: Clients) -> Rows:
    scaling = clients["application-autoscaling"]
    for each in pages(scaling, "describe_scalable_targets", "ScalableTargets", **TABLES):
        yield Row(Part.BUILT, each["ResourceId"], each)
    for each in pages(scaling, "describe_scaling_policies", "ScalingPolicies", **TABLES):
        yield Row(Part.BUILT, each["PolicyName"], each)


SERVICE = Service(
    name="application-autoscaling",
    deleters={"AWS::ApplicationAutoScaling::ScalableTarget": _delete_targets},
    rows=_rows,
    configured=True,
)
