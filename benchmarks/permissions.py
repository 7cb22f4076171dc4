"""What it costs that permissions count: the same calls with and without, in turn, in one process.

Processor time of the whole request, from the signed bytes to the answer, without the network between.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab_harness.emulators.inside.server import LabEmulator, configure_ministack

PORT, SECRET, ROUNDS, CALLS = 4566, "secret" * 8, 20, 100
GET = b'{"TableName": "orders", "Key": {"id": {"S": "1"}}}'
TABLE = (
    b'{"TableName": "orders", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": '
    b'"HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}'
)
POLICY = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": "*"},
    {"Effect": "Allow", "Action": "dynamodb:*Item", "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/orders"}
]}"""


async def call(emulator: LabEmulator, key: Credentials, operation: str, body: bytes) -> int:
    """The status of one signed DynamoDB call."""
    request = AWSRequest("POST", f"http://127.0.0.1:{PORT}/", {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}, body)
    SigV4Auth(key, "dynamodb", "us-east-1").add_auth(request)
    fields = [(b"host", f"127.0.0.1:{PORT}".encode())]
    fields += [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    scope = {
        "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": fields,
        "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", PORT), "scheme": "http",
    }  # fmt: skip
    statuses = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, int]) -> None:
        statuses.append(message.get("status"))

    await emulator(scope, receive, send)
    return statuses[0] or 0


async def per_call(emulator: LabEmulator, key: Credentials) -> float:
    """Processor time of a call, in milliseconds."""
    began = time.process_time()
    for _ in range(CALLS):
        assert await call(emulator, key, "GetItem", GET) == 200
    return (time.process_time() - began) * 1000 / CALLS


async def measure(emulator: LabEmulator) -> None:
    """Print what a call costs with permissions and without, made by the learner and by a function."""
    from ministack import app
    from ministack.services import iam

    learner = Credentials("test", SECRET)
    assert await call(emulator, learner, "CreateTable", TABLE) == 200
    iam._roles["worker"] = {"RoleName": "worker", "InlinePolicies": {"orders": POLICY}, "AttachedPolicies": []}
    issued = emulator._access.keys.for_function("writer", "arn:aws:iam::000000000000:role/worker")
    function = Credentials(*(issued[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")))
    for name, key in (("learner", learner), ("function", function)):
        found: dict[bool, list[float]] = {True: [], False: []}
        for number in range(2 * ROUNDS):
            app.AUTH = number % 2 == 0
            found[app.AUTH].append(await per_call(emulator, key))
        on, off = (statistics.median(found[each]) for each in (True, False))
        print(f"{name}: with {on:.3f} ms, without {off:.3f} ms, difference {on - off:.3f} ms")


def main() -> None:
    """Measure in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        configure_ministack(PORT, Path(folder))
        emulator = LabEmulator("token", SECRET, Path(folder))
        emulator._access._peers.trusted = lambda *_: True  # type: ignore[method-assign]
        asyncio.run(measure(emulator))


if __name__ == "__main__":
    main()
