"""Takes away what checks have made and not taken away: their run was killed, or something came after its end."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from lab_harness.account.resources import deleters
from lab_harness.answers import pages, there
from lab_harness.authors import buckets, items, queues
from lab_harness.authors.executions import stop_execution
from lab_harness.authors.memory import Memory, Owed
from lab_harness.authors.words import mentions
from lab_harness.aws import UNREACHABLE, Clients
from lab_harness.errors import EmulatorError
from lab_harness.turns import PATIENCE

LATEST = 3600.0  # seconds after which nothing more comes of an upload


def take_away(memory: Memory, clients: Clients) -> None:
    """Take away what is owed, as far as it is there by now; what may come later is owed on.

    Functions that checks have set going are awaited for some seconds: they may be about to write something.
    What was made last goes first. An error keeps nothing else from being taken away. What may be the learner's stays:
    what is newer than a run of checks lasts, or stands in a table that was made after it.
    """
    everything = memory.owed()
    if everything:
        clients["witness"].at_rest()
    for owed in everything:
        try:
            if TAKERS.get(owed.kind, _resource)(clients, owed):
                owed.gone()
        except (*UNREACHABLE, EmulatorError):
            return  # The emulator is gone; the next run finds it all.
        except (BotoCoreError, ClientError):
            continue
        except (AttributeError, LookupError, TypeError, ValueError):
            owed.gone()  # Another version has written it, or somebody by hand: it would fail each time.


def _resource(clients: Clients, owed: Owed) -> bool:
    deleters()[owed.kind](clients, owed.name)
    return True


def _api_key(clients: Clients, owed: Owed) -> bool:
    """The key, out of the usage plans first: MiniStack leaves it there."""
    gateway = clients["apigateway"]
    for plan in list(pages(gateway, "get_usage_plans", "items")):
        for key in list(pages(gateway, "get_usage_plan_keys", "items", usagePlanId=plan["id"])):
            if key.get("name") == owed.name:
                gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
    return _resource(clients, owed)


def _subscription(clients: Clients, owed: Owed) -> bool:
    """What the queue of this name was subscribed to."""
    sns = clients["sns"]
    for each in list(pages(sns, "list_subscriptions", "Subscriptions")):
        if each["Endpoint"].endswith(f":{owed.name}"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    return True


def _item(clients: Clients, owed: Owed) -> bool:
    # In this order: what leaves the queue a function has, and what a function has becomes an item.
    nothing_comes = _is_empty(clients, owed.details["queue"]) and not clients.emulator.going()
    if _is_of_a_newer_table(clients, owed):
        return True
    if not _learner_wrote(clients, owed):
        items.put_back(clients["dynamodb"], owed)
    return nothing_comes


def _is_of_a_newer_table(clients: Clients, owed: Owed) -> bool:
    """Whether the table was made after the checks' run: after a reset, or in another LocalStack."""
    found = there(clients["dynamodb"].describe_table, TableName=owed.details["table"])
    return found is None or found["Table"]["CreationDateTime"].timestamp() > owed.time


def _learner_wrote(clients: Clients, owed: Owed) -> bool:
    """Whether the learner has written this item since, as far as the emulator tells: then it is the learner's.

    So is what a function has written when the run was over, for then somebody asked it to; but what comes of a queue
    may be late, and may still be the checks'.
    """
    _, deeds = clients.emulator.deeds() or (0, [])
    over = float("inf") if owed.details["queue"] else owed.time + PATIENCE
    writes = (deed for deed in deeds if (deed.kind, deed.name) == ("write", owed.details["table"]))
    since = {"learner": owed.time, "checks": float("inf")}
    return any(deed.time > since.get(deed.by, over) and mentions(deed.detail, owed.name) for deed in writes)


def _object(clients: Clients, owed: Owed) -> bool:
    """An object, which may have to be awaited: a function's doing may take as long as Lambda tries again."""
    bucket, latest = owed.details["bucket"], owed.time + LATEST
    found = there(clients["s3"].head_object, Bucket=bucket, Key=owed.name)
    if found and found["LastModified"].timestamp() > latest:
        return True
    return buckets.remove(clients["s3"], bucket, owed.name) or clients.emulator.now() > latest


def _messages(clients: Clients, owed: Owed) -> bool:
    nothing_comes = _is_empty(clients, owed.name)
    if not _is_empty(clients, owed.details["dead"]):  # To look in it hides for a while what is in it.
        queues.take_dead(clients["sqs"], owed.details["dead"])
    return nothing_comes


def _tokens(clients: Clients, owed: Owed) -> bool:
    """The tokens that came during the run: a pet's id may come up again, in an execution of the learner's.

    Some may still be hidden, for the check that was killed had received them.
    """
    sqs, found = clients["sqs"], there(clients["sqs"].get_queue_url, QueueName=owed.name)
    if not found:
        return True
    hidden = queues.counts(sqs, found["QueueUrl"])["in flight"]
    for message in queues.received(sqs, found["QueueUrl"], hidden=2):
        age = int(message["Attributes"]["SentTimestamp"]) / 1000 - owed.time
        if 0 <= age <= PATIENCE and any(mentions(message["Body"], tag) for tag in owed.details["tags"]):
            sqs.delete_message(QueueUrl=found["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    return not hidden or clients.emulator.now() > owed.time + LATEST


def _execution(clients: Clients, owed: Owed) -> bool:
    stop_execution(clients["stepfunctions"], owed.details["arn"])
    return True


def _is_empty(clients: Clients, queue: str) -> bool:
    """Whether there is nothing in a queue, not even hidden; so too where there is no queue."""
    found = there(clients["sqs"].get_queue_url, QueueName=queue) if queue else None
    return not found or not any(queues.counts(clients["sqs"], found["QueueUrl"]).values())


# By kind; whatever else is owed is a resource that `lab reset` can remove, too.
TAKERS: dict[str, Callable[[Clients, Owed], bool]] = {
    "AWS::ApiGateway::ApiKey": _api_key,
    "AWS::SNS::Subscription": _subscription,
    "execution": _execution,
    "item": _item,
    "messages": _messages,
    "object": _object,
    "tokens": _tokens,
}
