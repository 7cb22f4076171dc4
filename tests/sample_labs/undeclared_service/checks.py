from lab_harness.authors import check


@check("The queue sample-queue exists", task="queue")
def queue_exists(sqs): ...


@check("A message is in the queue", task="message")
def message_is_there(sqs, http, dynamodb, cognito_idp): ...
