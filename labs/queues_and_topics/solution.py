"""The reference answer of the lab queues_and_topics. There are other right ones."""

import json
import time

import boto3

sns, sqs, cloudwatch = boto3.client("sns"), boto3.client("sqs"), boto3.client("cloudwatch")


def queue_url(name):
    """The URL of a queue."""
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def queue_arn(name):
    """The ARN of a queue."""
    asked = {"QueueUrl": queue_url(name), "AttributeNames": ["QueueArn"]}
    return sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]


# %% task:fan_out
topic = sns.create_topic(Name="pet-events")["TopicArn"]
filters = {
    "billing": {"FilterPolicy": json.dumps({"kind": ["sold"]})},
    "shelter": {"FilterPolicy": json.dumps({"pet": ["cat", "dog"]}), "FilterPolicyScope": "MessageBody"},
}
for name, attributes in filters.items():
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn(name),
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            },
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue_arn(name),
        Attributes={"RawMessageDelivery": "true", **attributes},
    )
print(len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]), "subscriptions")

# %% task:fifo
settings = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup"}
sqs.create_queue(QueueName="adoptions.fifo", Attributes=settings)
print(queue_arn("adoptions.fifo"))

# %% task:dead_letters
dead_url = sqs.create_queue(QueueName="shelter-dlq")["QueueUrl"]
redrive = {"deadLetterTargetArn": queue_arn("shelter-dlq"), "maxReceiveCount": 3}
sqs.set_queue_attributes(QueueUrl=queue_url("shelter"), Attributes={"RedrivePolicy": json.dumps(redrive)})
allow = {"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn("shelter")]}
sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
print(sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["All"])["Attributes"]["RedriveAllowPolicy"])


# %% task:move
def look(name):
    """The messages of a queue, which stay there; each look counts as a receive."""
    return sqs.receive_message(QueueUrl=queue_url(name), VisibilityTimeout=0).get("Messages")


if not look("shelter-dlq"):  # nothing has failed yet
    sqs.send_message(QueueUrl=queue_url("shelter"), MessageBody=json.dumps({"pet": "dog"}))
    while look("shelter"):
        pass
sqs.start_message_move_task(SourceArn=queue_arn("shelter-dlq"))
for _ in range(50):
    (moved,) = sqs.list_message_move_tasks(SourceArn=queue_arn("shelter-dlq"))["Results"]
    if moved["Status"] != "RUNNING":
        break
    time.sleep(0.2)
print(moved["Status"], moved["ApproximateNumberOfMessagesMoved"])

# %% task:alarm
mails = sns.create_topic(Name="queue-alarms")["TopicArn"]
sns.subscribe(TopicArn=mails, Protocol="email", Endpoint="you@example.com")
cloudwatch.put_metric_alarm(
    AlarmName="billing-grows",
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": "billing"}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=10,
    ComparisonOperator="GreaterThanOrEqualToThreshold",
    AlarmActions=[mails],
)
print([alarm["AlarmName"] for alarm in cloudwatch.describe_alarms(AlarmNamePrefix="billing")["MetricAlarms"]])
