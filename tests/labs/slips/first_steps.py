"""Lab 00."""

from .mistakes import both, queue_attributes, rename_queue
from .slip import Slip

QUEUE = "first-steps"


def emptied(clients):
    clients["sqs"].purge_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName=QUEUE)["QueueUrl"])


def sent(body):
    def make(clients):
        sqs = clients["sqs"]
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=body)

    return make


SLIPS = {
    "queue_exists": [
        Slip("underscore", rename_queue(QUEUE, "first_steps"), "first_steps is nearly first-steps"),
        Slip("forgotten", rename_queue(QUEUE), "no queues", "create_queue"),
    ],
    "queue_hands_out_at_once": [
        Slip("a delay", queue_attributes(QUEUE, DelaySeconds="5"), "DelaySeconds of first-steps: 5"),
    ],
    "message_waits": [
        Slip("not sent", emptied, "0 visible", "send_message"),
    ],
    "message_says_hello": [
        Slip("a capital", both(emptied, sent("Hello, serverless")), '"Hello, serverless"', "Compare letter by letter"),
        Slip("JSON", both(emptied, sent('{"text": "hello, serverless"}')), "Compare letter by letter"),
    ],
}
