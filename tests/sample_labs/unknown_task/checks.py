from lab_harness.authors import check


@check("A message is there", task="mesage")
def message_exists(sqs): ...
