"""The reference answer of the lab lambda_under_load. There are other right ones."""

import contextlib
import io
import json
import shutil
import time
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
iam, lambda_ = boto3.client("iam"), boto3.client("lambda")


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def queue_arn(name):
    """The ARN of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


shutil.copytree(load_lab("lambda_under_load").folder / "given", "functions", dirs_exist_ok=True)

# %% task:given
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="Thumbnails",
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="Thumbnails")
for name in ("resize-failed", "resize-done"):
    sqs.create_queue(QueueName=name)

trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
permissions = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": dynamodb.describe_table(TableName="Thumbnails")["Table"]["TableArn"],
        },
        {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": [queue_arn("resize-failed"), queue_arn("resize-done")],
        },
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
    iam.create_role(RoleName="resize-order-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.put_role_policy(RoleName="resize-order-role", PolicyName="work", PolicyDocument=json.dumps(permissions))
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="resize-order-role", PolicyArn=logs_policy)
print(iam.get_role(RoleName="resize-order-role")["Role"]["Arn"])

# %% task:handler file=functions/resize_order/lambda_function.py

# %% task:function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="resize-order",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="resize-order-role")["Role"]["Arn"],
        Timeout=20,
        Code={"ZipFile": zip_folder("functions/resize_order")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="resize-order")
print(lambda_.get_function_configuration(FunctionName="resize-order")["State"])

# %% task:reservation
lambda_.put_function_concurrency(FunctionName="resize-order", ReservedConcurrentExecutions=5)
print(lambda_.get_function_concurrency(FunctionName="resize-order")["ReservedConcurrentExecutions"])

# %% task:events
# The role may send to both queues already: AWS refuses a destination to which it may not.
lambda_.put_function_event_invoke_config(
    FunctionName="resize-order",
    MaximumRetryAttempts=2,
    MaximumEventAgeInSeconds=3600,
    DestinationConfig={
        "OnFailure": {"Destination": queue_arn("resize-failed")},
        "OnSuccess": {"Destination": queue_arn("resize-done")},
    },
)
print(sorted(lambda_.get_function_event_invoke_config(FunctionName="resize-order")["DestinationConfig"]))

# %% task:settings
lambda_.update_function_configuration(FunctionName="resize-order", Environment={"Variables": {"SIZE": "128"}})
lambda_.get_waiter("function_updated_v2").wait(FunctionName="resize-order")
print(lambda_.get_function_configuration(FunctionName="resize-order")["Environment"]["Variables"])

# %% task:versions
lambda_.publish_version(FunctionName="resize-order", Description="as it was")
lambda_.update_function_configuration(FunctionName="resize-order", Environment={"Variables": {"SIZE": "256"}})
lambda_.get_waiter("function_updated_v2").wait(FunctionName="resize-order")
lambda_.publish_version(FunctionName="resize-order", Description="larger pictures")
published = lambda_.list_versions_by_function(FunctionName="resize-order")["Versions"]
older, newer = [each["Version"] for each in published if each["Version"] != "$LATEST"][-2:]
alias = {
    "FunctionName": "resize-order",
    "Name": "live",
    "FunctionVersion": older,
    "RoutingConfig": {"AdditionalVersionWeights": {newer: 0.1}},
}
try:
    lambda_.create_alias(**alias)
except lambda_.exceptions.ResourceConflictException:  # the alias is there already
    lambda_.update_alias(**alias)
print(lambda_.get_alias(FunctionName="resize-order", Name="live")["RoutingConfig"]["AdditionalVersionWeights"])

# %% task:ready
most = lambda_.get_alias(FunctionName="resize-order", Name="live")["FunctionVersion"]
for each in lambda_.list_versions_by_function(FunctionName="resize-order")["Versions"]:
    if each["Version"] not in (most, "$LATEST"):  # five are reserved for all versions together, older ones too
        with contextlib.suppress(lambda_.exceptions.ProvisionedConcurrencyConfigNotFoundException):
            lambda_.delete_provisioned_concurrency_config(FunctionName="resize-order", Qualifier=each["Version"])
lambda_.put_provisioned_concurrency_config(
    FunctionName="resize-order", Qualifier=most, ProvisionedConcurrentExecutions=2
)
status = "IN_PROGRESS"
while status == "IN_PROGRESS":
    time.sleep(0.2)
    status = lambda_.get_provisioned_concurrency_config(FunctionName="resize-order", Qualifier=most)["Status"]
print(status)

# %% task:url
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # it has one already
    lambda_.create_function_url_config(FunctionName="resize-order", Qualifier="live", AuthType="AWS_IAM")
print(lambda_.get_function_url_config(FunctionName="resize-order", Qualifier="live")["AuthType"])

# %% task:layer
layer = io.BytesIO()
with zipfile.ZipFile(layer, "w") as archive:
    archive.write("functions/photo_rules/photo_rules.py", "python/photo_rules.py")
published = lambda_.publish_layer_version(
    LayerName="photo-rules", Content={"ZipFile": layer.getvalue()}, CompatibleRuntimes=["python3.13"]
)
settings = {"FunctionName": "photo-check", "Layers": [published["LayerVersionArn"]]}
try:
    lambda_.create_function(
        **settings,
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="resize-order-role")["Role"]["Arn"],
        Code={"ZipFile": zip_folder("functions/photo_check")},
    )
except lambda_.exceptions.ResourceConflictException:  # the function is there already
    lambda_.update_function_configuration(**settings)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName="photo-check")
lambda_.get_waiter("function_active_v2").wait(FunctionName="photo-check")
attached = lambda_.get_function_configuration(FunctionName="photo-check")["Layers"]
print([each["Arn"].split(":")[6] for each in attached])
