"""The reference answer of the lab thumbnails. There are other right ones."""

import contextlib
import io
import json
import shutil
import sys
import zipfile
from importlib.metadata import files
from pathlib import Path

import boto3

from lab_harness import load_lab

s3, dynamodb, sqs = boto3.client("s3"), boto3.client("dynamodb"), boto3.client("sqs")
iam, lambda_, scheduler = boto3.client("iam"), boto3.client("lambda"), boto3.client("scheduler")

BUCKET = "pet-photos-000000000000"
RUNTIME = f"python3.{sys.version_info.minor}"
shutil.copytree(load_lab("thumbnails").folder / "given", "functions", dirs_exist_ok=True)


def zip_folder(folder):
    """A folder's files as the bytes of a zip archive: what Lambda calls a deployment package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def queue_arn(name):
    """The ARN of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def allow(action, resource):
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def make_role(name, service, *statements):
    """Create a role that a service may assume, or give the one that is there these permissions."""
    principal = {"Service": f"{service}.amazonaws.com"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    work = {"Version": "2012-10-17", "Statement": statements}
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(work))
    return iam.get_role(RoleName=name)["Role"]["Arn"]


def deploy(name, folder, **settings):
    """Create a function from a folder, or give the one that is there its code."""
    package = zip_folder(folder)
    try:
        lambda_.create_function(
            FunctionName=name,
            Runtime=RUNTIME,
            Handler="lambda_function.lambda_handler",
            Role=iam.get_role(RoleName=f"{name}-role")["Role"]["Arn"],
            Environment={"Variables": {"BUCKET": BUCKET}},
            Timeout=20,
            Code={"ZipFile": package},
            **settings,
        )
    except lambda_.exceptions.ResourceConflictException:  # the function is there already
        lambda_.update_function_code(FunctionName=name, ZipFile=package)
        lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
        if settings:
            lambda_.update_function_configuration(FunctionName=name, **settings)
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)


def newest_layer():
    """The ARN of the newest version of the layer, in a list, which is empty where there is none yet."""
    versions = lambda_.list_layer_versions(LayerName="pillow")["LayerVersions"]
    return [each["LayerVersionArn"] for each in versions[:1]]


# %% task:given
s3.create_bucket(Bucket=BUCKET)
with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):  # the table is there already
    dynamodb.create_table(
        TableName="PetPhotos",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
dynamodb.get_waiter("table_exists").wait(TableName="PetPhotos")
sqs.create_queue(QueueName="thumbnail-failed")

originals, thumbnails = f"arn:aws:s3:::{BUCKET}/in/*", f"arn:aws:s3:::{BUCKET}/out/*"
table = dynamodb.describe_table(TableName="PetPhotos")["Table"]["TableArn"]
statements = {
    "make-thumbnail-role": [
        allow("s3:GetObject", originals),
        allow("s3:PutObject", thumbnails),
        allow("dynamodb:PutItem", table),
        allow("sqs:SendMessage", queue_arn("thumbnail-failed")),
    ],
    "photo-page-role": [allow("s3:PutObject", originals), allow("s3:GetObject", thumbnails)],
    "tidy-photos-role": [allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"), allow("s3:DeleteObject", originals)],
}
for name, allowed in statements.items():
    print(make_role(name, "lambda", *allowed))
    logs_policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=logs_policy)

# %% task:layer
layer = io.BytesIO()
with zipfile.ZipFile(layer, "w", zipfile.ZIP_DEFLATED) as archive:
    for file in files("pillow"):
        if ".." not in file.parts and "__pycache__" not in file.parts:
            archive.write(file.locate(), f"python/{file}")
lambda_.publish_layer_version(LayerName="pillow", CompatibleRuntimes=[RUNTIME], Content={"ZipFile": layer.getvalue()})
print(*newest_layer())

# %% task:handler file=functions/make_thumbnail/lambda_function.py

# %% task:function
deploy("make-thumbnail", "functions/make_thumbnail", Layers=newest_layer())
print(lambda_.get_function_configuration(FunctionName="make-thumbnail")["State"])

# %% task:notification
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # the permission is there already
    lambda_.add_permission(
        FunctionName="make-thumbnail",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{BUCKET}",
        SourceAccount="000000000000",
    )
notification = {
    "LambdaFunctionArn": lambda_.get_function_configuration(FunctionName="make-thumbnail")["FunctionArn"],
    "Events": ["s3:ObjectCreated:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
}
s3.put_bucket_notification_configuration(
    Bucket=BUCKET, NotificationConfiguration={"LambdaFunctionConfigurations": [notification]}
)
print(notification["Filter"])

# %% task:dead_letters
lambda_.update_function_configuration(
    FunctionName="make-thumbnail", DeadLetterConfig={"TargetArn": queue_arn("thumbnail-failed")}
)
lambda_.get_waiter("function_updated_v2").wait(FunctionName="make-thumbnail")
print(lambda_.get_function_configuration(FunctionName="make-thumbnail")["DeadLetterConfig"])

# %% task:links file=functions/photo_page/lambda_function.py

# %% task:page
deploy("photo-page", "functions/photo_page")
with contextlib.suppress(lambda_.exceptions.ResourceConflictException):  # it has a URL already
    lambda_.create_function_url_config(FunctionName="photo-page", AuthType="NONE")
public = {
    "url": {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
    "invoke": {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
}
for statement, permission in public.items():
    with contextlib.suppress(lambda_.exceptions.ResourceConflictException):
        lambda_.add_permission(FunctionName="photo-page", StatementId=statement, Principal="*", **permission)
rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["content-type"]}
s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [rule]})
print(lambda_.get_function_url_config(FunctionName="photo-page")["AuthType"])

# %% task:tidy file=functions/tidy_photos/lambda_function.py

# %% task:tidy_function
deploy("tidy-photos", "functions/tidy_photos")
print(lambda_.get_function_configuration(FunctionName="tidy-photos")["State"])

# %% task:schedule
tidy = lambda_.get_function_configuration(FunctionName="tidy-photos")["FunctionArn"]
starter = make_role("start-tidy-photos-role", "scheduler", allow("lambda:InvokeFunction", tidy))
schedule = {
    "Name": "tidy-photos-nightly",
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleExpressionTimezone": "Europe/Lisbon",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": tidy,
        "RoleArn": starter,
        "Input": json.dumps({"prefix": "in/", "time": "<aws.scheduler.scheduled-time>"}),
    },
}
try:
    scheduler.create_schedule(**schedule)
except scheduler.exceptions.ConflictException:  # the schedule is there already
    scheduler.update_schedule(**schedule)
print(scheduler.get_schedule(Name="tidy-photos-nightly")["ScheduleExpression"])
