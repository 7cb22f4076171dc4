"""The reference answer of the lab termination_alert. There are other right ones."""

import json

import boto3

ec2, sns, events = boto3.client("ec2"), boto3.client("sns"), boto3.client("events")

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def newest_instance():
    """The id of the instance termination-alert; the newest of them, where there are several."""
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[{"Name": "tag:Name", "Values": ["termination-alert"]}]
    )
    found = pages.search("Reservations[].Instances[]")
    return max(found, key=lambda instance: instance["LaunchTime"])["InstanceId"]


def topic_arn(name):
    """The ARN of the topic of this name."""
    topics = sns.get_paginator("list_topics").paginate().search("Topics[].TopicArn")
    return next(arn for arn in topics if arn.endswith(f":{name}"))


# %% task:instance
launched = ec2.run_instances(
    ImageId=IMAGE,
    InstanceType="t3.micro",
    MinCount=1,
    MaxCount=1,
    TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "termination-alert"}]},
    ],
)
launched_id = launched["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[launched_id], WaiterConfig={"Delay": 1})
print("the instance runs")

# %% task:topic
created = sns.create_topic(Name="myEmailNotification")
sns.subscribe(TopicArn=created["TopicArn"], Protocol="email", Endpoint="you@example.com")
print(topic_arn("myEmailNotification"))

# %% task:rule
pattern = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Instance State-change Notification"],
    "detail": {"state": ["terminated"], "instance-id": [newest_instance()]},
}
rule = events.put_rule(Name="EC2StateChange", EventPattern=json.dumps(pattern))
print(rule["RuleArn"])

# %% task:target
arn = topic_arn("myEmailNotification")
events.put_targets(Rule="EC2StateChange", Targets=[{"Id": "mail", "Arn": arn}])
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
        },
    ],
}
sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
print([target["Arn"] for target in events.list_targets_by_rule(Rule="EC2StateChange")["Targets"]])

# %% task:terminate
terminated = ec2.terminate_instances(InstanceIds=[newest_instance()])["TerminatingInstances"]
print("from", terminated[0]["PreviousState"]["Name"], "to terminated")
