from lab_harness.authors import check


@check("The queue exists", task="queue")
def queue_exists(sqs): ...


@check("The queue exists", task="queue")
def queue_is_there(sqs): ...


@check("The queue exists, and it is the one that the README asks for.", task="queue")
def queue_is_the_one(sqs): ...


@check("It is there.", task="queue")
def it_is_there(sqs): ...
