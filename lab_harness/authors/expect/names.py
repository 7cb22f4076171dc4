"""Expectations of what is there, by name, and of single values."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from heapq import nlargest
from typing import Any

from lab_harness.authors import inventory
from lab_harness.authors.checks import Failure
from lab_harness.authors.made import made_names
from lab_harness.authors.next_steps import build_anew
from lab_harness.authors.words import likeness, nearly

SHOWN_NAMES = 5
ANY = "*"  # action that AWS refuses


def names(kind: str, wanted: Collection[str], there: Collection[str], next_step: str, *, setting: bool = False) -> None:
    """Every wanted name is among the names that are there; Failure with five of those, where one is not.

    Of more than five it tells those that are most like the wanted ones: a learner's own, not another lab's.

    `kind` is the plural, such as "stages". With `setting` they are how something is set that is there: if none of them
    is, that is there but not right, and not absent.

        expect.names("stages", ["prod"], api.stages, "Section 3 of the notebook describes create_deployment.")
    """
    missing = [name for name in wanted if name not in there]
    if not missing:
        return
    near = {name: nearly(name, [each for each in there if each not in wanted]) for name in missing}
    mistaken = [f"{found} is nearly {name}: compare them letter by letter." for name, found in near.items() if found]
    likest = nlargest(SHOWN_NAMES, sorted(there), lambda name: max(likeness(name, each) for each in wanted))
    shown = ", ".join(sorted(likest))
    more = f" and {len(there) - SHOWN_NAMES} more" if len(there) > SHOWN_NAMES else ""
    raise Failure(
        expected=f"{kind}: {', '.join(wanted)}",
        found=f"{kind}: {shown}{more}" if there else f"no {kind}",
        next_step=" ".join([*mistaken, next_step]),
        there=setting or any(name in there for name in wanted),
    )


def value(what: str, wanted: Any, found: Any, next_step: str) -> None:
    """A setting has the value asked for; Failure with both, where it has another, or none: what has it is there.

    `what` stands before both of them, so it reads as "the timeout in seconds of 3".

        expect.value("a timeout in seconds of", 3, found["Timeout"], "update_function_configuration changes Timeout.")
    """
    if found != wanted:
        raise Failure(expected=f"{what} {wanted}", found=f"{what} {found}", next_step=next_step, there=True)


@contextmanager
def withholding(*actions: str) -> Iterator[None]:
    """Within it a Failure says that because of it AWS refuses these actions."""
    try:
        yield
    except Failure as failure:
        failure.withheld = actions
        raise


def exists(client: Any, kind: str, wanted: Collection[str], next_step: str) -> None:
    """Resources of these names are there; Failure with the names that are, where one is missing.

    `kind` is one of those that `inventory.names` knows, and `client` the client of its service.

        expect.exists(sqs, "queues", ["pet-orders", "pet-orders-dlq"], "Section 2 shows create_queue.")
    """
    there = inventory.names(client, kind)
    if not all(name in there for name in wanted):
        ours = made_names()  # What other checks make is not what the learner has.
        names(kind, wanted, [name for name in there if name not in ours], next_step)


def gone(resources: Collection[tuple[Any, str, str]], next_step: str) -> None:
    """None of these resources is there any more; Failure with those that are left.

    Each is the client of a service, a kind of `inventory.names`, and a name.

        expect.gone([(lambda_, "functions", FUNCTION), (iam, "roles", ROLE)], "A role gives up its policies first.")
    """
    left = [f"the {kind[:-1]} {name}" for client, kind, name in resources if name in inventory.names(client, kind)]
    value("left of the lab:", "nothing", ", ".join(left) or "nothing", next_step)


def bucket(s3: Any, bucket: str, next_step: str) -> None:
    """A bucket of this name is there; Failure with the names of those that are, where it is not.

    For example:

        expect.bucket(s3, BUCKET, "Section 8 of the notebook asks for create_bucket.")
    """
    exists(s3, "buckets", [bucket], next_step)


def function(lambda_: Any, function: str, next_step: str) -> None:
    """A function of this name is there; Failure with the names of those that are, where it is not.

    For example:

        expect.function(lambda_, FUNCTION, "Section 2 of the notebook shows create_function.")
    """
    exists(lambda_, "functions", [function], next_step)


def layer(lambda_: Any, layer: str, next_step: str) -> None:
    """A layer of this name has a version; Failure with the names of the layers that are there, where it has none.

    For example:

        expect.layer(lambda_, LAYER, "Section 2 names publish_layer_version.")
    """
    if not lambda_.list_layer_versions(LayerName=layer)["LayerVersions"]:
        names("layers", [layer], inventory.names(lambda_, "layers"), next_step)


def queue(sqs: Any, queue: str, next_step: str) -> None:
    """A queue of this name is there; Failure with the names of those that are, where it is not.

    For example:

        expect.queue(sqs, QUEUE, "Section 1 of the notebook shows create_queue.")
    """
    exists(sqs, "queues", [queue], next_step)


def role(iam: Any, role: str, next_step: str) -> None:
    """A role of this name is there; Failure with the names of those that are, where it is not.

    For example:

        expect.role(iam, ROLE, "Section 1 of the notebook shows create_role.")
    """
    with withholding(ANY):
        exists(iam, "roles", [role], next_step)


def topic(sns: Any, topic: str, next_step: str) -> None:
    """A topic of this name is there; Failure with the names of those that are, where it is not.

    For example:

        expect.topic(sns, TOPIC, "Section 2 of the notebook shows create_topic.")
    """
    exists(sns, "topics", [topic], next_step)


def table(dynamodb: Any, table: str, key: str, next_step: str) -> None:
    """A table of this name is there, with this key; Failure with the key that it has, where that is another.

    A key is written as `id (HASH, S)`; a sort key follows after a comma: `id (HASH, S), moment (RANGE, N)`.

        expect.table(dynamodb, TABLE, "orderId (HASH, S)", "Section 1 of the notebook shows create_table.")
    """
    exists(dynamodb, "tables", [table], next_step)
    found = dynamodb.describe_table(TableName=table)["Table"]
    types = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    parts = [(part["AttributeName"], part["KeyType"]) for part in found["KeySchema"]]
    keys = [f"{name} ({kind}, {types[name]})" for name, kind in parts]
    value("the key", key, ", ".join(keys), build_anew("A key", "create_table"))
