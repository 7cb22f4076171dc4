"""What becomes of events: destinations, and the records that Lambda sends there."""

import json
from functools import partial

from lab_harness.authors import Failure, eventually, functions, queues

from . import FUNCTION, QUICKLY, asked


def event_settings(lambda_):
    """The function's configuration for events; empty where it has none."""
    return asked(lambda_.get_function_event_invoke_config) or {}


def destination(settings, side):
    return ((settings.get("DestinationConfig") or {}).get(side) or {}).get("Destination")


def expect_destination(sqs, settings, side, queue):
    """The destination of one side is the queue; Failure with what is there."""
    wanted, found = queues.arn(sqs, queue), destination(settings, side)
    if found == wanted:
        return
    other = "OnSuccess" if side == "OnFailure" else "OnFailure"
    swapped = destination(settings, other) == wanted
    raise Failure(
        expected=f"{wanted} as the destination {side}",
        found=f"{found} as {side}" if found else f"no destination {side}",
        next_step=f"{queue} stands as {other}: change the two about."
        if swapped
        else f"Name the ARN of {queue} as {side} in DestinationConfig; section 5 shows where.",
    )


def is_about(body, event):
    """Whether a message is Lambda's record of this event."""
    try:
        record = json.loads(body)
    except ValueError:
        return False
    return isinstance(record, dict) and record.get("requestPayload") == event


def expect_record(sqs, logs, event, queue):
    """Lambda's record of an event in a queue, from which it is taken; Failure where none comes."""
    url, seen = queues.url(sqs, queue), []

    def look():
        seen.extend(queues.take(sqs, url, partial(is_about, event=event)))
        if not seen:
            raise Failure(
                expected=f"a record of the event {json.dumps(event)} in {queue}",
                found=f"no such record; {queues.described(sqs, queue)}; {functions.latest_log(logs, FUNCTION)}",
                next_step="Lambda sends it with the function's role: lab.why() says what was refused.",
            )

    eventually(look, within=QUICKLY)
