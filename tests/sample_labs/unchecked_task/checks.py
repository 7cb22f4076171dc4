from lab_harness import check


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs): ...
