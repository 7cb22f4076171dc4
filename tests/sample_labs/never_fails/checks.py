from lab_harness.authors import check, expect


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs):
    names = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
    expect.names("queues", ["sample-queue"], names, "Section 1 shows create_queue.")


@check("A message is in the queue", task="message", needs=queue_exists)
def message_is_there(sqs):
    for url in sqs.list_queues().get("QueueUrls", []):
        expect.value("the queue", True, "sample-queue" in url, "Section 2 shows send_message.")
