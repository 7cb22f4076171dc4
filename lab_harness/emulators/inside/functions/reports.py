"""What came of one run of a Python function: the answer that its process gave, or why it gave none, and its REPORT."""

import math
from typing import Any

from lab_harness.emulators.inside.functions import initialization
from lab_harness.emulators.inside.functions.memory import KILLED

DIED = ("Worker process died", "Worker process exited")


def answer_of(
    result: dict[str, Any], config: dict[str, Any], request_id: str, milliseconds: float
) -> dict[str, Any] | None:
    """The worker's answer, or the one for a process that has ended or ran out of time; None in all other cases."""
    body = result.get("body")
    if not isinstance(body, dict) or not config.get("Runtime", "").startswith("python"):
        return None
    if isinstance(body.get("lab_runtime"), dict):
        answer: dict[str, Any] = body["lab_runtime"]
        return answer
    if not result.get("error"):
        return None
    if body.get("errorType") == "Sandbox.Timedout":
        return {"error": body, "milliseconds": min(milliseconds, config.get("Timeout", 3) * 1000), "status": "timeout"}
    if not str(body.get("errorMessage")).startswith(DIED):
        return None
    return _end_of_process(result, config, request_id, milliseconds)


def _end_of_process(
    result: dict[str, Any], config: dict[str, Any], request_id: str, milliseconds: float
) -> dict[str, Any]:
    """The answer for a process that ended: it said why if it had used more memory than it has."""
    log, killed = result.get("log", ""), KILLED.format(request_id)
    answer: dict[str, Any] = {"milliseconds": milliseconds}
    if killed in log:
        message, result["log"] = killed, log.replace(f"{DIED[0]}\n", "").replace(DIED[0], "")
        answer["memory_mb"] = config.get("MemorySize", 128)
    else:
        message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        result["log"] = log.replace(DIED[0], message)
    return answer | {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}}


def line(request_id: str, memory_size: int, answer: dict[str, Any]) -> str:
    """The REPORT line of one invocation.

    Durations are milliseconds, memory is MB.
    """
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {answer['milliseconds']:.2f} ms",
        f"Billed Duration: {max(1, math.ceil(initialization.billed(answer)))} ms",
        f"Memory Size: {memory_size} MB",
    ]
    if "memory_mb" in answer:
        fields.append(f"Max Memory Used: {answer['memory_mb']} MB")
    fields += initialization.fields(answer)
    if "status" in answer:
        fields.append(f"Status: {answer['status']}")
    return "\t".join(fields)
