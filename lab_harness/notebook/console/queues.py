"""Queues: how many messages each holds. The messages themselves stay unread: a look at them would hide them."""

import json
from functools import partial
from typing import Any

from lab_harness.answers import pages
from lab_harness.aws import Clients
from lab_harness.lab.labs import Lab
from lab_harness.notebook.console.parts import Blocks, nothing, own_first, part, rest
from lab_harness.render.blocks import Table

COLUMNS = ("queue", "visible", "in flight", "delayed", "dead", "dead letters go to", "dead letters of")
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
MOST_QUEUES = 50

Attributes = dict[str, str]


def show(lab: Lab, clients: Clients) -> Blocks:
    """All queues of the account, the lab's first."""
    return part("Queues", partial(_queues, lab, clients["sqs"]))


def _queues(lab: Lab, sqs: Any) -> Blocks:
    urls = {url.rpartition("/")[2]: url for url in pages(sqs, "list_queues", "QueueUrls")}
    names = own_first(lab, "AWS::SQS::Queue", urls)
    found = {name: _attributes(sqs, urls[name]) for name in names[:MOST_QUEUES]}
    queues = {name: attributes for name, attributes in found.items() if attributes}
    if not queues:
        return nothing("Queues appear here, each with the number of its messages: visible, in flight and delayed.")
    rows = [_row(name, queues, urls) for name in queues]
    return [Table("Queues", COLUMNS, rows, note=rest(len(names), len(found)))]


def _attributes(sqs: Any, url: str) -> Attributes:
    """A queue's attributes; empty where it was deleted while we looked."""
    try:
        attributes: Attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]).get("Attributes", {})
    except sqs.exceptions.QueueDoesNotExist:
        return {}
    return attributes


def _row(name: str, queues: dict[str, Attributes], urls: dict[str, str]) -> tuple[str, ...]:
    attributes = queues[name]
    target, receives = _redrive(attributes)
    gone = "" if not target or target in urls else ", which is not there"
    redrive = f"{target}{gone}, after {receives} receives" if target else ""
    sources = [source for source, settings in queues.items() if _redrive(settings)[0] == name]
    counts = (attributes.get(count, "") for count in COUNTS)
    return name, *counts, _dead(queues.get(target)), redrive, ", ".join(sources)


def _dead(attributes: Attributes | None) -> str:
    """How many messages a dead-letter queue holds; nothing where there is none."""
    return str(sum(int(attributes.get(count, 0)) for count in COUNTS)) if attributes else ""


def _redrive(attributes: Attributes) -> tuple[str, str]:
    """The dead-letter queue's name and after how many receives a message goes there; empty where there is none."""
    try:
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        return str(policy["deadLetterTargetArn"]).rpartition(":")[2], str(policy.get("maxReceiveCount", "?"))
    except (ValueError, TypeError, KeyError):
        return "", ""
