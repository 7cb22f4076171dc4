"""The reference answer of the lab termination_alert. There are other right ones."""

import contextlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

ec2, sns, sqs = boto3.client("ec2"), boto3.client("sns"), boto3.client("sqs")
events, iam, lambda_ = boto3.client("events"), boto3.client("iam"), boto3.client("lambda")

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


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


shutil.copytree(load_lab("termination_alert").folder / "functions", "functions", dirs_exist_ok=True)

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

# %% task:clock
trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
    iam.create_role(RoleName="cron-job-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="cron-job-role", PolicyArn=logs_policy)
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="cron-job",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="cron-job-role")["Role"]["Arn"],
        Code={"ZipFile": zip_folder("functions/cron_job")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="cron-job")
print(lambda_.get_function_configuration(FunctionName="cron-job")["State"])

# %% task:terminate
terminated = ec2.terminate_instances(InstanceIds=[newest_instance()])["TerminatingInstances"]
print("from", terminated[0]["PreviousState"]["Name"], "to terminated")

# %% task:bus
with contextlib.suppress(events.exceptions.ResourceAlreadyExistsException):
    events.create_event_bus(Name="pet-shop")
queue_url = sqs.create_queue(QueueName="pet-shop-events")["QueueUrl"]
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:pet-shop-events"
queue_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": QUEUE_ARN,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/pet-shop/big-orders"},
            },
        },
    ],
}
sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(queue_policy)})
print(events.describe_event_bus(Name="pet-shop")["Arn"])

# %% task:orders
big_orders = {
    "source": ["pet-shop"],
    "detail-type": ["order placed"],
    "detail": {"quantity": [{"numeric": [">=", 10]}]},
}
events.put_rule(Name="big-orders", EventBusName="pet-shop", EventPattern=json.dumps(big_orders))
events.put_targets(Rule="big-orders", EventBusName="pet-shop", Targets=[{"Id": "queue", "Arn": QUEUE_ARN}])
print([rule["Name"] for rule in events.list_rules(EventBusName="pet-shop")["Rules"]])

# %% task:report
rule = events.put_rule(Name="weekend-report", ScheduleExpression="cron(30 9 ? * SAT,SUN *)")
function = lambda_.get_function_configuration(FunctionName="cron-job")["FunctionArn"]
events.put_targets(Rule="weekend-report", Targets=[{"Id": "function", "Arn": function}])
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the statement is there already
    lambda_.add_permission(
        FunctionName="cron-job",
        StatementId="weekend-report",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule["RuleArn"],
    )
print(events.describe_rule(Name="weekend-report")["ScheduleExpression"])
