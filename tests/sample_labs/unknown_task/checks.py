from lab_harness import check


@check("A message is there", task="mesage")
def message_exists(sqs): ...
