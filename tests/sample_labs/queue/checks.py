from lab_harness.authors import check, expect, queues

QUEUE = "sample-queue"


@check("The queue sample-queue exists", task="queue", points=2)
def queue_exists(sqs):
    names = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
    expect.names("queues", [QUEUE], names, "Section 1 shows create_queue.")


@check("A message is in the queue", task="message", needs=queue_exists)
def message_is_there(sqs):
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    expect.value("messages", 1, queues.counts(sqs, url)["visible"], "Section 2 shows send_message.")
