"""What S3 is to tell the function, and what comes of an upload."""

import hashlib
from fnmatch import fnmatchcase
from functools import partial
from urllib.parse import quote_plus

from lab_harness.authors import (
    Failure,
    buckets,
    customers,
    eventually,
    functions,
    queues,
)

from . import BUCKET, FAILED, MAKE, OUT, QUICKLY, thumbnail_of
from .photos import new_key, uploaded

CREATED = ("s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:CompleteMultipartUpload")


def configured(s3):
    """The bucket's notifications of functions: each with the function's ARN, the events, prefix and suffix."""
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET).get("LambdaFunctionConfigurations", [])
    for each in found:
        rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", [])
        said = {rule["Name"].lower(): rule["Value"] for rule in rules}
        yield each["LambdaFunctionArn"], each["Events"], said.get("prefix", ""), said.get("suffix", "")


def is_told(s3, lambda_, key, event=CREATED[0]):
    """Whether S3 starts the function for such a key by itself."""
    arn = functions.arn(lambda_, MAKE)
    return any(
        (target == arn or target.startswith(f"{arn}:"))
        and any(fnmatchcase(event, each) for each in events)
        and key.startswith(prefix)
        and key.endswith(suffix)
        for target, events, prefix, suffix in configured(s3)
    )


def event_of(key, body):
    """The event that S3 sends for an uploaded object."""
    told = {"key": quote_plus(key, safe="/"), "size": len(body), "eTag": hashlib.md5(body).hexdigest()}  # noqa: S324
    bucket = {"name": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"}
    record = {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1"}
    return {"Records": [{**record, "eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": told}}]}


def thumbnail_made(clients, key, body, next_step, about_key=False):
    """The thumbnail of an uploaded photo; the function is started by hand where S3 does not start it.

    Where it is about the key, whatever error there is comes from that, so that no other advice than `next_step` fits.
    """
    s3, lambda_, logs = clients
    if not is_told(s3, lambda_, key):
        answer = functions.invoke(lambda_, MAKE, event_of(key, body))
        if answer.error:
            raise Failure(
                expected=f"a run of {MAKE} for {key} that ends well",
                found=f"{answer.described()}; {functions.latest_log(logs, MAKE)}",
                next_step=next_step if about_key else answer.next_step(next_step),
            )
    log, told = (partial(tell, logs, MAKE) for tell in (functions.latest_log, functions.next_step))
    step = next_step if about_key else partial(told, next_step)
    return buckets.awaited(s3, BUCKET, thumbnail_of(key), step, within=QUICKLY, evidence=log)


def expect_dead_letter(clients, clock):
    """What is no image is uploaded, and its event ends in the dead-letter queue; no trace of it stays."""
    s3, _, dynamodb, sqs, logs = clients
    key, text = new_key(s3), customers.words().encode()
    url = queues.url(sqs, FAILED)

    def look():
        clock.hasten_events()
        if not queues.take(sqs, url, lambda body: quote_plus(key, safe="/") in body):
            raise Failure(
                expected=f"the event of {key}, which is no image, in {FAILED}",
                found=f"{queues.described(sqs, FAILED)}, not this event; {functions.latest_log(logs, MAKE)}",
                next_step="An event is a failure where the handler raises: let the error of Image.open pass.",
            )

    with uploaded(s3, dynamodb, key, text, noted=False):
        eventually(look, within=QUICKLY)


def expect_no_loop(s3):
    """No function is told of what this one writes."""
    for arn, events, prefix, suffix in configured(s3):
        if OUT.startswith(prefix) or prefix.startswith(OUT):
            raise Failure(
                expected=f"no function that is told of {OUT}",
                found=f"{' and '.join(events)} of keys {prefix}*{suffix} to {arn}",
                next_step="The function writes there: it would start itself, again and again. Take this one away.",
                there=True,
            )
