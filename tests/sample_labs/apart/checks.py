from lab_harness.authors import check, expect


def queues(sqs):
    return [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs):
    expect.names("queues", ["sample-queue"], queues(sqs), "Section 1 shows create_queue.")


@check("The job ran", task="job", needs=queue_exists)
def job_ran(http):
    raise AssertionError("never run: no emulator has the service that its task wants")


@check("The queue is gone", task="clean_up")
def queue_is_gone(sqs):
    expect.value("queues", [], queues(sqs), "Section 2 shows delete_queue.")
