"""Checks for the lab first_steps: a message waits in a queue."""

import json

from lab_harness.authors import Failure, check, expect, queues, standard_checks

QUEUE, TEXT = "first-steps", "hello, serverless"
SHOWN_BODIES = 5


queue_exists = standard_checks.queue_exists(QUEUE, "Section 1 of the notebook shows create_queue.", task="queue")


@check("The queue hands out messages at once", task="queue", needs=queue_exists)
def queue_hands_out_at_once(sqs):
    expect.queue_attribute(sqs, QUEUE, "DelaySeconds", "0")


@check("A message waits in first-steps", task="message", needs=queue_exists)
def message_waits(sqs):
    counts = queues.counts(sqs, queues.url(sqs, QUEUE))
    if not counts["visible"]:
        raise Failure(
            expected=f"a visible message in {QUEUE}",
            found=", ".join(f"{count} {state}" for state, count in counts.items()),
            next_step="Section 2 of the notebook shows send_message; a message once received is hidden for a while.",
            there=any(counts.values()),
        )


@check("The message says hello, serverless", task="message", needs=message_waits)
def message_says_hello(sqs):
    bodies = queues.peek(sqs, QUEUE)
    if TEXT not in bodies:
        shown = ", ".join(json.dumps(body, ensure_ascii=False) for body in bodies[:SHOWN_BODIES])
        more = f" and {len(bodies) - SHOWN_BODIES} more" if len(bodies) > SHOWN_BODIES else ""
        raise Failure(
            expected=f'a message "{TEXT}"',
            found=f"{shown}{more}",
            next_step="Compare letter by letter and send the right one; purge_queue takes wrong ones away.",
        )
