"""The assignment that all graders get: eight cells of plain boto3, by which a message in a queue becomes an item.

`TESTS` are the four checks of the lab `benchmarks/course/labs/orders` as assertions to the same effect: a name, points
and Python code for each.
"""

from pathlib import Path
from typing import Any

import nbformat

LAB = "orders"
COURSE = Path(__file__).parent / "course"
POINTS = 4.0
# Peers share an emulator; a number of twelve digits as the key is an account of its own there. In a room of ours a
# function is active at once; here it is so after half a second, for which nobody waits: that is no grader's doing.
ACCOUNT = """
import os, random, types
from botocore.client import BaseClient
os.environ["AWS_ACCESS_KEY_ID"] = str(random.randrange(10**11, 10**12))
BaseClient.get_waiter = lambda *_: types.SimpleNamespace(wait=lambda **_: None)
"""

CELLS = {
    "clients": """
import io, json, zipfile
import boto3
dynamodb, sqs, lambda_, iam = (boto3.client(name) for name in ("dynamodb", "sqs", "lambda", "iam"))
""",
    "table": """
dynamodb.create_table(
    TableName="Orders", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
)
""",
    "queue": """
queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
""",
    "role": """
def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

trust = policy(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
role = iam.create_role(RoleName="write-order", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
receive = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
allowed = policy(Action=["dynamodb:PutItem", "logs:*", *receive], Resource="*")
iam.put_role_policy(RoleName="write-order", PolicyName="work", PolicyDocument=allowed)
""",
    "code": '''
CODE = """
import json
import boto3

table = boto3.resource("dynamodb").Table("Orders")

def handler(event, context):
    for record in event["Records"]:
        table.put_item(Item=json.loads(record["body"]))
"""
package = io.BytesIO()
with zipfile.ZipFile(package, "w") as archive:
    archive.writestr("lambda_function.py", CODE)
''',
    "function": """
lambda_.create_function(
    FunctionName="write-order", Runtime="python3.13", Role=role, Handler="lambda_function.handler",
    Code={"ZipFile": package.getvalue()},
)
lambda_.get_waiter("function_active_v2").wait(FunctionName="write-order")
""",
    "mapping": """
lambda_.create_event_source_mapping(FunctionName="write-order", EventSourceArn=source, BatchSize=1)
""",
    "message": """
sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"id": "first"}))
""",
}
# Without a mapping the message never becomes an item: the test waits for it until its time is up.
LEFT_OUT = "mapping"

TESTS = {
    "table": (
        1,
        """
import boto3
key = boto3.client("dynamodb").describe_table(TableName="Orders")["Table"]["KeySchema"]
assert key == [{"AttributeName": "id", "KeyType": "HASH"}], key
""",
    ),
    "queue": (
        1,
        """
import boto3
names = [url.rpartition("/")[2] for url in boto3.client("sqs").list_queues().get("QueueUrls", [])]
assert names == ["orders"], names
""",
    ),
    "function": (
        1,
        """
import boto3
boto3.client("lambda").get_function_configuration(FunctionName="write-order")
""",
    ),
    "mapping": (
        1,
        """
import json
import time
import uuid
import boto3
sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
order = uuid.uuid4().hex
sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="orders")["QueueUrl"], MessageBody=json.dumps({"id": order}))
deadline = time.monotonic() + 15
while "Item" not in dynamodb.get_item(TableName="Orders", Key={"id": {"S": order}}):
    assert time.monotonic() < deadline, "no such item"
    time.sleep(0.1)
""",
    ),
}


def submission(right: bool = True) -> Any:
    """The notebook as a student hands it in, right or without its mapping."""
    notebook = nbformat.v4.new_notebook()
    for name, code in CELLS.items():
        if right or name != LEFT_OUT:
            tags = [f"task:{name}"] if name in TESTS else []
            notebook.cells.append(nbformat.v4.new_code_cell(code.strip(), id=name, metadata={"tags": tags}))
    return notebook
