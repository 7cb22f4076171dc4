"""SQS's queues."""

from lab_harness.account.service import Part, Row, Rows, Service, ServiceTab, without
from lab_harness.answers import pages, there
from lab_harness.aws import Clients


def _delete_queue(clients: Clients, name: str) -> bool:
    found = there(clients["sqs"].get_queue_url, QueueName=name)
    return found is not None and there(clients["sqs"].delete_queue, QueueUrl=found["QueueUrl"]) is not None


def _rows(clients: Clients) -> Rows:
    sqs = clients["sqs"]
    for url in pages(sqs, "list_queues", "QueueUrls"):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        counts = [name for name in attributes if name.startswith("Approximate")]
        yield Row(Part.BUILT, url, without(attributes, *counts))
        yield Row(Part.LEFT, url, {name: attributes[name] for name in counts})


SERVICE = Service(
    name="sqs",
    deleters={"AWS::SQS::Queue": _delete_queue},
    rows=_rows,
    tabs=(ServiceTab("queues", "Queues", 50, "lab_harness.notebook.console.queues:show"),),
)
