"""The reference answer of the lab orders_pipeline. There are other right ones."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import boto3

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


# %% task:table
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="PetOrders",
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="PetOrders")
print(dynamodb.describe_table(TableName="PetOrders")["Table"]["TableStatus"])

# %% task:queues
sqs.create_queue(QueueName="pet-orders-dlq")
redrive = {"deadLetterTargetArn": queue_arn("pet-orders-dlq"), "maxReceiveCount": 3}
orders = sqs.create_queue(QueueName="pet-orders")["QueueUrl"]  # made, or there already
sqs.set_queue_attributes(
    QueueUrl=orders,
    Attributes={"VisibilityTimeout": "18", "RedrivePolicy": json.dumps(redrive)},
)
print(queue_arn("pet-orders"))

# %% task:role
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
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": queue_arn("pet-orders"),
        },
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": dynamodb.describe_table(TableName="PetOrders")["Table"]["TableArn"],
        },
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
    iam.create_role(RoleName="process-pet-order-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.put_role_policy(RoleName="process-pet-order-role", PolicyName="orders", PolicyDocument=json.dumps(permissions))
iam.attach_role_policy(
    RoleName="process-pet-order-role",
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)
print(iam.get_role(RoleName="process-pet-order-role")["Role"]["Arn"])

# %% task:handler file=functions/process_pet_order/lambda_function.py

# %% task:function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="process-pet-order",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="process-pet-order-role")["Role"]["Arn"],
        Timeout=3,
        Code={"ZipFile": zip_folder("functions/process_pet_order")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="process-pet-order")
print(lambda_.get_function_configuration(FunctionName="process-pet-order")["State"])

# %% task:mapping
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the mapping is there already
    lambda_.create_event_source_mapping(
        EventSourceArn=queue_arn("pet-orders"),
        FunctionName="process-pet-order",
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
for mapping in lambda_.list_event_source_mappings(FunctionName="process-pet-order")["EventSourceMappings"]:
    print(mapping["EventSourceArn"], "→", mapping["FunctionArn"])
