"""Firehose's streams, which hold nothing for long."""

from lab_harness.account.service import Part, Row, Rows, Service, wait_until, without
from lab_harness.answers import there
from lab_harness.aws import Clients


def _names(clients: Clients) -> list[str]:
    names: list[str] = []
    more = True
    while more:
        start = {"ExclusiveStartDeliveryStreamName": names[-1]} if names else {}
        found = clients["firehose"].list_delivery_streams(Limit=100, **start)
        names += found["DeliveryStreamNames"]
        more = found["HasMoreDeliveryStreams"]
    return names


def _delete_stream(clients: Clients, name: str) -> bool:
    """Delete a stream; AWS takes a moment for it."""
    if there(clients["firehose"].delete_delivery_stream, DeliveryStreamName=name) is None:
        return False
    wait_until(lambda: name not in _names(clients))
    return True


def _rows(clients: Clients) -> Rows:
    for name in _names(clients):
        told = clients["firehose"].describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        yield Row(Part.BUILT, name, without(told, "LastUpdateTimestamp"))


SERVICE = Service(
    name="firehose",
    deleters={"AWS::KinesisFirehose::DeliveryStream": _delete_stream},
    rows=_rows,
    configured=True,
    sets_going=("PutRecord", "PutRecordBatch"),
)
