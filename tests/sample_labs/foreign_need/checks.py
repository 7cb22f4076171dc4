from lab_harness.authors import check
from tests.sample_labs.queue.checks import queue_exists


@check("A message is there", needs=[queue_exists])
def message_exists(sqs): ...
