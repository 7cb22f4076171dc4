from lab_harness.authors import check
from tests.sample_labs.queue.checks import queue_exists

assert queue_exists  # imported, so it is not a check of this lab


@check("A message is there")
def message_exists(sqs): ...
