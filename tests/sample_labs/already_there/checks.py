from lab_harness.authors import Failure, check


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs): ...


@check("A message is in the queue", task="message", needs=queue_exists)
def message_is_there(sqs):
    raise Failure(expected="a message", found="none", next_step="Send one.")


@check("The message is short", task="message")
def message_is_short(sqs):
    assert len("a message that is too long") < 9
