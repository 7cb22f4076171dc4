import time

from lab_harness.authors import check


@check("The check wakes up", task="queue")
def wakes_up(sqs):
    sqs.list_queues()
    print("asleep", flush=True)
    time.sleep(600)
