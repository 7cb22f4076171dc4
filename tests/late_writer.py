"""A function that writes an item when it is told, not before: what checks have set going may outlast them."""

import json

from tests.labs.helpers import zipped
from tests.roles import ready

NAME = "writes-late"
CODE = """
import json, os, time
import boto3

def lambda_handler(event, context):
    if "Records" in event:
        event = json.loads(event["Records"][0]["body"])
    while not os.path.exists(event["gate"]):
        time.sleep(0.01)
    boto3.client("dynamodb").put_item(TableName=event["table"], Item={"id": {"S": event["id"]}})
    if event.get("fails"):
        raise RuntimeError
"""


class LateWriter:
    """The function in this account; it writes as soon as the file `gate` is there."""

    def __init__(self, clients, folder, table):
        self.gate, self._table = folder / "gate", table
        clients["lambda"].create_function(
            FunctionName=NAME, Runtime="python3.13", Handler="lambda_function.lambda_handler", Timeout=30,
            Role=ready(clients.emulator), Code={"ZipFile": zipped(CODE)},
        )  # fmt: skip
        clients["lambda"].get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.1})

    def event(self, key, **more):
        """What has it write the item with this key; a message with it does so, too."""
        return json.dumps({"gate": str(self.gate), "table": self._table, "id": key, **more})

    def start(self, clients, key, **more):
        """Have it write the item with this key, asynchronously."""
        clients["lambda"].invoke(FunctionName=NAME, InvocationType="Event", Payload=self.event(key, **more))

    def write_once_awaited(self, emulator, monkeypatch):
        """Let it write when somebody has asked the emulator for the first time whether anything goes on."""
        asked = emulator.going

        def going():
            found = asked()
            self.gate.touch()
            return found

        monkeypatch.setattr(emulator, "going", going)
