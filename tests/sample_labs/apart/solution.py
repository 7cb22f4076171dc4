import boto3

sqs = boto3.client("sqs")

# %% task:queue
url = sqs.create_queue(QueueName="sample-queue")["QueueUrl"]
print("made")

# %% task:job
boto3.client("braket").create_job()

# %% task:clean_up
sqs.delete_queue(QueueUrl=url)
print("deleted")
