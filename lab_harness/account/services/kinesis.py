"""Kinesis's data streams; what is in them only time removes."""

from lab_harness.account.service import Listing, Part, Row, Rows, Service, ServiceTab, wait_until
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_stream(clients: Clients, name: str) -> bool:
    """Delete a stream with its consumers; AWS takes a moment for it."""
    kinesis = clients["kinesis"]
    if there(kinesis.delete_stream, StreamName=name, EnforceConsumerDeletion=True) is None:
        return False
    wait_until(lambda: name not in pages(kinesis, "list_streams", "StreamNames"))
    return True


def _rows(clients: Clients) -> Rows:
    kinesis = clients["kinesis"]
    for name in pages(kinesis, "list_streams", "StreamNames"):
        told = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        yield Row(Part.BUILT, name, told)


def _streams(clients: Clients) -> list[tuple[object, ...]]:
    kinesis = clients["kinesis"]
    names = pages(kinesis, "list_streams", "StreamNames")
    told = [kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"] for name in names]
    return [
        (
            each["StreamName"],
            each["StreamModeDetails"]["StreamMode"].replace("_", " ").lower(),
            each["OpenShardCount"],
            each["RetentionPeriodHours"],
        )
        for each in told
    ]


STREAMS = Listing(
    ("stream", "capacity", "open shards", "hours kept"), _streams, "Streams appear here, each with its open shards."
)
SERVICE = Service(
    name="kinesis",
    deleters={"AWS::Kinesis::Stream": _delete_stream},
    rows=_rows,
    sets_going=("PutRecord", "PutRecords"),
    tabs=(ServiceTab("streams", "Streams", 53, STREAMS),),
)
