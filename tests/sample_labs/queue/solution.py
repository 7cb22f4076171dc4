import boto3

sqs = boto3.client("sqs")

# %% task:queue
url = sqs.create_queue(QueueName="sample-queue")["QueueUrl"]
print(url.rpartition("/")[2])

# %% task:message

sqs.send_message(QueueUrl=url, MessageBody="hello")
