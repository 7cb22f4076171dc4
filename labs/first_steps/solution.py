"""The reference answer of the lab first_steps. There are other right ones."""

import boto3

sqs = boto3.client("sqs")

# %% task:queue
queue_url = sqs.create_queue(QueueName="first-steps")["QueueUrl"]
print(queue_url.rpartition("/")[2])

# %% task:message
sent = sqs.send_message(QueueUrl=queue_url, MessageBody="hello, serverless")
print(sent["ResponseMetadata"]["HTTPStatusCode"])
