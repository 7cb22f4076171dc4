import lab_harness.authors.expect
from lab_harness.authors import check, words
from lab_harness.authors.expect import queue
from lab_harness.local import is_local


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs):
    from lab_harness import run_checks

    queue(sqs, lab_harness.authors.expect, (words, is_local, run_checks))


@check("A message is in the queue", task="message", needs=queue_exists)
def message_is_there(sqs): ...
