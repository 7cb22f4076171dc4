"""The reference answer of the lab state_machine. There are other right ones."""

import contextlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import boto3

from lab_harness import load_lab

iam, lambda_, sfn = boto3.client("iam"), boto3.client("lambda"), boto3.client("stepfunctions")
dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")


def trust(service):
    """The trust policy that lets one service assume a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def machine_arn(name):
    """The ARN of the state machine of this name; None if there is none."""
    machines = sfn.get_paginator("list_state_machines").paginate().search("stateMachines[]")
    return next((each["stateMachineArn"] for each in machines if each["name"] == name), None)


def deploy(name, role, definition):
    """Create the state machine, or give it this definition if it is there already."""
    arguments = {"definition": json.dumps(definition), "roleArn": iam.get_role(RoleName=role)["Role"]["Arn"]}
    if arn := machine_arn(name):
        sfn.update_state_machine(stateMachineArn=arn, **arguments)
    else:
        sfn.create_state_machine(name=name, **arguments)
    print("deployed", name)


shutil.copytree(load_lab("state_machine").folder / "given", "functions", dirs_exist_ok=True)

# %% task:hello
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
    iam.create_role(RoleName="hello-world-states-role", AssumeRolePolicyDocument=trust("states.amazonaws.com"))
hello_world = {
    "Comment": "A Hello World example of the Amazon States Language",
    "StartAt": "Pass",
    "States": {
        "Pass": {"Type": "Pass", "Next": "Hello World example?"},
        "Hello World example?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.IsHelloWorldExample", "BooleanEquals": True, "Next": "Yes"},
                {"Variable": "$.IsHelloWorldExample", "BooleanEquals": False, "Next": "No"},
            ],
            "Default": "Yes",
        },
        "Yes": {"Type": "Pass", "Next": "Wait a second"},
        "No": {"Type": "Fail", "Error": "NotHelloWorld", "Cause": "This is no Hello World example"},
        "Wait a second": {"Type": "Wait", "Seconds": 1, "Next": "Parallel State"},
        "Parallel State": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "End": True}}},
                {"StartAt": "World", "States": {"World": {"Type": "Pass", "End": True}}},
            ],
            "Next": "Hello World",
        },
        "Hello World": {"Type": "Pass", "End": True},
    },
}
hello_arguments = {
    "definition": json.dumps(hello_world),
    "roleArn": iam.get_role(RoleName="hello-world-states-role")["Role"]["Arn"],
}
if machine_arn("hello-world"):
    sfn.update_state_machine(stateMachineArn=machine_arn("hello-world"), **hello_arguments)
else:
    sfn.create_state_machine(name="hello-world", **hello_arguments)
print(machine_arn("hello-world"))


# %% task:given
def make_role(name, service, *permissions):
    """A role that this service may assume, and that allows these actions, each on its resources; returns its ARN."""
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in permissions]
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(service))
    allowed = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
    return iam.get_role(RoleName=name)["Role"]["Arn"]


with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="Pets",
        AttributeDefinitions=[{"AttributeName": "petId", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "petId", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="Pets")
table_arn = dynamodb.describe_table(TableName="Pets")["Table"]["TableArn"]
queue_url = sqs.create_queue(QueueName="adoption-approvals")["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

items = (["dynamodb:GetItem", "dynamodb:UpdateItem"], table_arn)
functions_role = make_role("pet-functions-role", "lambda.amazonaws.com", items)
logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
iam.attach_role_policy(RoleName="pet-functions-role", PolicyArn=logs_policy)
function_arns = []
for name in ("check-pet", "reserve-pet", "release-pet"):
    with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="lambda_function.lambda_handler",
            Role=functions_role,
            Timeout=10,
            Code={"ZipFile": zip_folder(f"functions/{name.replace('-', '_')}")},
        )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    function_arns.append(lambda_.get_function_configuration(FunctionName=name)["FunctionArn"])

calls, questions = ("lambda:InvokeFunction", function_arns), ("sqs:SendMessage", queue_arn)
make_role("pet-adoption-role", "states.amazonaws.com", calls, questions, ("dynamodb:UpdateItem", table_arn))
print("built")

# %% task:machine
pet_states = {
    "CheckPet": {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "check-pet", "Payload.$": "$"},
        "ResultPath": None,
        "Retry": [
            {"ErrorEquals": ["TransientError"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1},
        ],
        "Catch": [{"ErrorEquals": ["PetNotFound"], "ResultPath": "$.error", "Next": "NotFound"}],
        "Next": "ReservePet",
    },
    "ReservePet": {"Type": "Pass", "End": True},
    "NotFound": {"Type": "Pass", "Parameters": {"petId.$": "$.petId", "status": "not-found"}, "End": True},
}
each_pet = {
    "Type": "Map",
    "ItemsPath": "$.petIds",
    "ItemSelector": {"petId.$": "$$.Map.Item.Value", "adopter.$": "$.adopter"},
    "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "CheckPet", "States": pet_states},
    "End": True,
}
pet_adoption = {"StartAt": "EachPet", "States": {"EachPet": each_pet}}
deploy("pet-adoption", "pet-adoption-role", pet_adoption)

# %% task:reserve
pet_states["ReservePet"] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "reserve-pet", "Payload.$": "$"},
    "ResultPath": None,
    "Catch": [{"ErrorEquals": ["PetUnavailable"], "ResultPath": "$.error", "Next": "Unavailable"}],
    "Next": "AskForApproval",
}
pet_states["Unavailable"] = {
    "Type": "Pass",
    "Parameters": {"petId.$": "$.petId", "status": "unavailable"},
    "End": True,
}
pet_states["AskForApproval"] = {"Type": "Pass", "End": True}
deploy("pet-adoption", "pet-adoption-role", pet_adoption)

# %% task:approval
pet_states["AskForApproval"] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Parameters": {
        "QueueUrl": sqs.get_queue_url(QueueName="adoption-approvals")["QueueUrl"],
        "MessageBody": {"taskToken.$": "$$.Task.Token", "petId.$": "$.petId", "adopter.$": "$.adopter"},
    },
    "ResultPath": "$.approval",
    "TimeoutSeconds": 86400,
    "Next": "AdoptPet",
}
pet_states["AdoptPet"] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:updateItem",
    "Parameters": {
        "TableName": "Pets",
        "Key": {"petId": {"S.$": "$.petId"}},
        "UpdateExpression": "SET #status = :adopted",
        "ConditionExpression": "#status = :reserved",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":adopted": {"S": "adopted"}, ":reserved": {"S": "reserved"}},
    },
    "ResultPath": None,
    "Next": "Adopted",
}
pet_states["Adopted"] = {"Type": "Pass", "Parameters": {"petId.$": "$.petId", "status": "adopted"}, "End": True}
deploy("pet-adoption", "pet-adoption-role", pet_adoption)

# %% task:compensation
undo = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "ReleasePet"}]
pet_states["CheckPet"]["Catch"] = [
    {"ErrorEquals": ["PetNotFound"], "ResultPath": "$.error", "Next": "NotFound"},
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Unavailable"},
]
pet_states["ReservePet"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Unavailable"}]
pet_states["AskForApproval"] |= {"Catch": undo, "Next": "IsApproved"}
pet_states["IsApproved"] = {
    "Type": "Choice",
    "Choices": [
        {
            "And": [
                {"Variable": "$.approval.approved", "IsPresent": True},
                {"Variable": "$.approval.approved", "BooleanEquals": True},
            ],
            "Next": "AdoptPet",
        }
    ],
    "Default": "ReleasePet",
}
pet_states["AdoptPet"] |= {"Catch": undo}
pet_states["ReleasePet"] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "release-pet", "Payload.$": "$"},
    "ResultPath": None,
    "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 2}],
    "Next": "Refused",
}
pet_states["Refused"] = {"Type": "Pass", "Parameters": {"petId.$": "$.petId", "status": "refused"}, "End": True}
deploy("pet-adoption", "pet-adoption-role", pet_adoption)
