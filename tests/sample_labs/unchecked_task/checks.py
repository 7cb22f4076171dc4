from lab_harness.authors import check


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs): ...
