"""Expectations of how functions and buckets are set, and what they are joined to."""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lab_harness.answers import pages, there
from lab_harness.authors import functions, queues
from lab_harness.authors.checks import Failure, eventually
from lab_harness.authors.expect.names import value
from lab_harness.authors.next_steps import change

if TYPE_CHECKING:
    from lab_harness.authors.http import Http

STARTING = 12  # seconds until a function that was created can be invoked, or a mapping reads its source
READ_AGAIN = 3  # seconds until a mapping whose role has been mended reads its source again
# What Lambda does with a function's role for its mappings, and what it says of one whose function has failed.
READING = ["sts:AssumeRole", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
READING += ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"]
FUNCTION_FAILED = "PROBLEM: Function call failed"
CHANGING = {"Creating", "Enabling", "Updating"}  # states in which an event source mapping soon is Enabled
OFF, ENABLE = {"Disabled", "Disabling"}, "update_event_source_mapping enables one, with Enabled=True."
TYPES = {"js": "javascript", "mjs": "javascript", "css": "text/css", "json": "json"}  # what a content type has in it
FORBIDDEN = 403
NOT_SERVED = {  # by the status: what comes before the next step about a site's file
    FORBIDDEN: "Not everyone may read {path}: look at the bucket's policy first. ",
    404: "Nothing has the key of {path}: upload it, or correct the name by which the page asks for it. ",
}
# What a bucket's configuration has for each kind of target, and what names the target's ARN in it.
TARGETS = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
}


def active(lambda_: Any, function: str) -> None:
    """The function's state comes to be Active; Failure with its state, where it is not within 12 seconds.

    For example:

        expect.active(lambda_, FUNCTION)
    """

    def look() -> None:
        state = lambda_.get_function_configuration(FunctionName=function).get("State", "Active")
        value("the state", "Active", state, "Read the function's StateReason with get_function_configuration.")

    eventually(look, within=STARTING)


def timeout(lambda_: Any, function: str, seconds: int) -> None:
    """The function may run for so many seconds; Failure with its timeout, where that is another.

    For example:

        expect.timeout(lambda_, FUNCTION, 10)
    """
    found = lambda_.get_function_configuration(FunctionName=function)["Timeout"]
    value(f"a timeout of {function} in seconds of", seconds, found, change("Timeout", "create_function"))


def on_demand(dynamodb: Any, table: str) -> None:
    """The table's capacity is on demand; Failure with its billing mode, where it is provisioned.

    For example:

        expect.on_demand(dynamodb, TABLE)
    """
    found = dynamodb.describe_table(TableName=table)["Table"].get("BillingModeSummary", {})
    mode = found.get("BillingMode", "PROVISIONED")
    value("the billing mode", "PAY_PER_REQUEST", mode, change("BillingMode", "create_table"))


def queue_attribute(sqs: Any, queue: str, name: str, wanted: str) -> None:
    """The queue has this attribute with this value, a text; Failure with its value, or "none" where it has none.

    For example:

        expect.queue_attribute(sqs, QUEUE, "VisibilityTimeout", "6")
    """
    found = queues.attributes(sqs, queue).get(name) or "none"
    value(f"{name} of {queue}:", wanted, found, change(name, "create_queue"))


def mapping(lambda_: Any, function: str, source_arn: str, next_step: str) -> None:
    """Lambda reads a source, such as a queue, for the function; Failure with the mapping's state, or without a mapping.

    A mapping that is about to be enabled is waited for. One whose source the role may not read fails, too, unless a
    check before has told of that.

        expect.mapping(lambda_, FUNCTION, queues.arn(sqs, QUEUE), "Section 6 shows create_event_source_mapping.")
    """

    source = source_arn.rpartition(":")[2]

    def states() -> list[str]:
        return [str(each["State"]) for each in functions.mappings(lambda_, function, source_arn)]

    def look() -> None:
        if "Enabled" not in (there := states()):
            raise Failure(
                expected=f"an enabled event source mapping from {source} to {function}",
                found=f"a mapping in state {', '.join(there)}" if there else _sources(lambda_, function),
                next_step=ENABLE if any(each in OFF for each in there) else next_step,
                there=bool(there),
            )

    def read() -> None:
        mappings = functions.mappings(lambda_, function, source_arn)
        if problem := next(filter(None, map(_problem, mappings)), ""):
            raise Failure(
                expected=f"an event source mapping that may read {source} with the role of {function}",
                found=f"its last result: {problem}",
                next_step="Lambda reads the source with the function's role: allow the role what it needs for that.",
                refused=READING,
                there=True,
            )

    if CHANGING.isdisjoint(states()):
        look()  # Nothing will change by waiting, so say at once what is wrong.
    else:
        eventually(look, within=STARTING)
    eventually(read, within=READ_AGAIN)


def _problem(mapping: Any) -> str:
    """What keeps a mapping from reading its source, as Lambda says; "" where it can be read."""
    told = str(mapping.get("LastProcessingResult", ""))
    return told if told.startswith("PROBLEM") and told != FUNCTION_FAILED else ""


def _sources(lambda_: Any, function: str) -> str:
    """That there is no mapping, and from what else the function reads."""
    found = pages(lambda_, "list_event_source_mappings", "EventSourceMappings", FunctionName=function)
    others = [each["EventSourceArn"].rpartition(":")[2] for each in found if each.get("EventSourceArn")]
    return f"no mapping between the two{'; it reads ' if others else ''}{', '.join(others)}"


def website(s3: Any, bucket: str, index: str, next_step: str) -> None:
    """The bucket is a website with this index document; Failure with the one that it has, where that is another.

    For example:

        expect.website(s3, BUCKET, "index.html", "put_bucket_website sets it.")
    """
    found = setting(s3.get_bucket_website, bucket).get("IndexDocument", {}).get("Suffix", "none")
    value("the index document", index, found, next_step)


def site(http: "Http", host: str, next_step: str) -> None:
    """A website's page and its files are served, each as what it is; Failure with what one is served as instead.

    `host` is such as my-bucket.s3-website.localhost.

        expect.site(http, SITE_HOST, "Section 9 says what each file of the site is uploaded with.")
    """
    for path, answer in http.site(host).items():
        wanted = TYPES.get(path.rpartition(".")[2], "text/html")
        kind = answer.headers.get("content-type", "none")
        if answer.status != 200 or wanted not in kind:
            raise Failure(
                expected=f"{path} with status 200 and a content type of {wanted}",
                found=f"status {answer.status} and the content type {kind}",
                next_step=NOT_SERVED.get(answer.status, "").format(path=path) + next_step,
                refused=["s3:GetObject"] if answer.status == FORBIDDEN else (),
            )


def notification(
    s3: Any,
    bucket: str,
    target: str,
    next_step: str,
    event: str = "s3:ObjectCreated:Put",
    prefix: str = "",
    suffix: str = "",
) -> None:
    """The bucket tells a target of an event; Failure with what it tells to whom, where it does not.

    `target` is the ARN of a function, a queue or a topic. The notification is for exactly those keys that begin with
    `prefix` and end in `suffix`. One for `s3:ObjectCreated:*` is one for `s3:ObjectCreated:Put`, too.

        expect.notification(s3, UPLOADS, functions.arn(lambda_, FUNCTION), "Section 5 shows …", suffix=".jpg")
    """
    there = list(_notifications(s3.get_bucket_notification_configuration(Bucket=bucket)))
    for arn, events, filtered in there:
        is_target = arn == target or arn.startswith(f"{target}:")  # a version of the function, or an alias
        if is_target and filtered == (prefix, suffix) and any(fnmatch.fnmatchcase(event, each) for each in events):
            return
    raise Failure(
        expected=f"a notification of {event}{_keys(prefix, suffix)} from {bucket} to {target}",
        found="; ".join(f"{' and '.join(events)}{_keys(*keys)} to {arn}" for arn, events, keys in there)
        or "no notifications",
        next_step=next_step,
    )


def setting(read: Any, bucket: str) -> dict[str, Any]:
    """A setting of a bucket; nothing where AWS answers that there is none."""
    found: dict[str, Any] = there(read, Bucket=bucket) or {}
    return found


def _notifications(configuration: Mapping[str, Any]) -> Iterator[tuple[str, list[str], tuple[str, str]]]:
    """Each target's ARN, the events that it is told of, and the prefix and suffix of the keys."""
    for kind, target in TARGETS.items():
        for each in configuration.get(kind, []):
            rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", [])
            said = {rule["Name"].lower(): rule["Value"] for rule in rules}
            yield each[target], each["Events"], (said.get("prefix", ""), said.get("suffix", ""))


def _keys(prefix: str, suffix: str) -> str:
    """Of which keys, where not of all."""
    return f" for keys {prefix}*{suffix}" if prefix or suffix else ""
