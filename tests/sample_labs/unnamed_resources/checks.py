from lab_harness.authors import check, expect

QUEUE: str = "sample-queue"
TOPIC, ROLE = "sample-topic", "sample-role"
PREFIX = "probe-"
BUCKET = f"sample-bucket-{12}"
STATES = ("Creating", "Updating")
SENTENCE = "Section 1 shows create_queue."


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs):
    expect.names("queues", [QUEUE, TOPIC, ROLE, BUCKET, PREFIX, *STATES], [], SENTENCE)


@check("A message is in the queue", task="message", needs=queue_exists)
def message_is_there(sqs): ...
