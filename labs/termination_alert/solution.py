"""The reference answer of the lab termination_alert. There are other right ones."""

import json

import boto3

ec2, sns, events = boto3.client("ec2"), boto3.client("sns"), boto3.client("events")

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

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
instance_id = launched["Instances"][0]["InstanceId"]
ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 1})
print("the instance runs")

# %% task:topic
topic_arn = sns.create_topic(Name="myEmailNotification")["TopicArn"]
sns.subscribe(TopicArn=topic_arn, Protocol="email", Endpoint="you@example.com")
print(topic_arn)

# %% task:rule
pattern = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Instance State-change Notification"],
    "detail": {"state": ["terminated"], "instance-id": [instance_id]},
}
rule = events.put_rule(Name="EC2StateChange", EventPattern=json.dumps(pattern))
print(rule["RuleArn"])

# %% task:target
events.put_targets(Rule="EC2StateChange", Targets=[{"Id": "mail", "Arn": topic_arn}])
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
        },
    ],
}
sns.set_topic_attributes(TopicArn=topic_arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
print([target["Arn"] for target in events.list_targets_by_rule(Rule="EC2StateChange")["Targets"]])

# %% task:terminate
terminated = ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"]
print("from", terminated[0]["PreviousState"]["Name"], "to terminated")
