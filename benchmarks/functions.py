"""What the cold start of a function takes whose process is forked, beside one whose process is started anew, in turn.

`python -m benchmarks.functions`: on one embedded emulator, by a variable that only a new process can read. Milliseconds
until the client has its answer, and of processor time, the emulator's and the function's.
"""

import io
import json
import statistics
import tempfile
import time
import zipfile
from pathlib import Path

import psutil

from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port, read_process

ROUNDS = 20
ROLE = "functions"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
KINDS = {"forked": {}, "started anew": {"PYTHONNODEBUGRANGES": "1"}}
SOURCES = {
    "without boto3": "def handler(event, context): return 1",
    "with a client of DynamoDB": "import boto3\nboto3.client('dynamodb')\ndef handler(event, context): return 1",
}


def package(source: str) -> bytes:
    """A deployment package with this code."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("main.py", source)
    return made.getvalue()


def processor_time(emulator: psutil.Process) -> float:
    """Seconds that the emulator and all that it has started have used; none of these must have ended."""
    times = [each.cpu_times() for each in (emulator, *emulator.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def cold_start(lambda_, emulator: psutil.Process, name: str, source: str, variables: dict[str, str]) -> list[float]:
    """Milliseconds of a new function's first call, by the clock and of processor time."""
    lambda_.create_function(
        FunctionName=name, Runtime="python3.13", Handler="main.handler", Timeout=60, Code={"ZipFile": package(source)},
        Role=f"arn:aws:iam::000000000000:role/{ROLE}", Environment={"Variables": variables},
    )  # fmt: skip
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    used, began = processor_time(emulator), time.perf_counter()
    assert json.load(lambda_.invoke(FunctionName=name)["Payload"]) == 1
    return [(time.perf_counter() - began) * 1000, (processor_time(emulator) - used) * 1000]


def main() -> None:
    """Measure each kind of function, each way, in turn; print medians and their ratio."""
    with tempfile.TemporaryDirectory() as home:
        running = Embedded(Path(home), free_port())
        running.start()
        try:
            measure(Clients(running), psutil.Process(read_process(Path(home, "emulator.json")).pid))
        finally:
            running.stop()


def measure(clients, emulator: psutil.Process) -> None:
    """Measure on this emulator."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    clients["iam"].create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    for number, (what, source) in enumerate(SOURCES.items()):
        took = {kind: [] for kind in KINDS}
        for turn in range(-1, ROUNDS):  # The first is for the warm process, which loads the SDK for it.
            for kind, variables in KINDS.items():
                name = f"f{number}-{turn + 1}-{kind.replace(' ', '-')}"
                took[kind].append(cold_start(clients["lambda"], emulator, name, source, variables))
        medians = {kind: [statistics.median(each) for each in zip(*took[kind][1:], strict=True)] for kind in KINDS}
        for kind, (clock, processor) in medians.items():
            print(f"{what}, {kind}: {clock:.0f} ms, {processor:.0f} ms of processor time")
        ratios = [new / old for new, old in zip(medians["forked"], medians["started anew"], strict=True)]
        print(f"{what}: {ratios[0]:.2f} of the time, {ratios[1]:.2f} of the processor time; the first of all took "
              f"{took['forked'][0][0]:.0f} ms, {took['forked'][0][1]:.0f} ms of processor time")  # fmt: skip


if __name__ == "__main__":
    main()
