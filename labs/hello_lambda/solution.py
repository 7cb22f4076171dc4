"""The reference answer of the lab hello_lambda. There are other right ones."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import boto3

iam, lambda_ = boto3.client("iam"), boto3.client("lambda")

TEST_EVENT = {"key1": "value1", "key2": "value2", "key3": "value3"}


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(Path(folder).rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


# %% task:role
trust_policy = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):  # the role is there already
    iam.create_role(RoleName="hello-world-role", AssumeRolePolicyDocument=json.dumps(trust_policy))
iam.attach_role_policy(
    RoleName="hello-world-role",
    PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)
print(iam.get_role(RoleName="hello-world-role")["Role"]["Arn"])

# %% task:function
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the function is there already
    lambda_.create_function(
        FunctionName="hello-world",
        Runtime="python3.13",
        Handler="lambda_function.lambda_handler",
        Role=iam.get_role(RoleName="hello-world-role")["Role"]["Arn"],
        Code={"ZipFile": zip_folder("functions/hello_world")},
    )
lambda_.get_waiter("function_active_v2").wait(FunctionName="hello-world")
print(lambda_.get_function_configuration(FunctionName="hello-world")["State"])

# %% task:handler file=functions/hello_world/lambda_function.py

# %% task:test_event
response = lambda_.invoke(FunctionName="hello-world", Payload=json.dumps(TEST_EVENT), LogType="Tail")
print(json.load(response["Payload"]))
