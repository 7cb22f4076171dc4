"""How an execution environment was made ready, and what the log says of it: on demand, ahead, or from a snapshot.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html and snapstart-monitoring.html (2026)
"""

from typing import Any

ON_DEMAND, PROVISIONED, SNAPSHOT = "on-demand", "provisioned-concurrency", "snap-start"
VARIABLE = "AWS_LAMBDA_INITIALIZATION_TYPE"  # what AWS calls the function's variable that tells


def kind(worker: Any) -> str:
    """How this environment of MiniStack's is made ready, by AWS's word."""
    config = worker.config
    if (config.get("SnapStart") or {}).get("OptimizationStatus") == "On" and config.get("Version") != "$LATEST":
        return SNAPSHOT
    return PROVISIONED if getattr(worker, "lab_provisioned", False) else ON_DEMAND


def tell(worker: Any, response: dict[str, Any], milliseconds: float) -> None:
    """Write into a worker's answer how its environment was made ready; `milliseconds` is how long the caller waited."""
    result = response.get("result")
    answer = result.get("lab_runtime") if isinstance(result, dict) else None
    if not answer or answer.get("init_milliseconds") is None:
        return  # Nothing is said of an environment that was there.
    if kind(worker) == SNAPSHOT:
        answer["restore_milliseconds"] = max(0.01, milliseconds - answer["milliseconds"])
        answer["init_milliseconds"] = None
    elif kind(worker) == PROVISIONED and worker.lab_ready_before:
        answer["ahead"] = True


def billed(answer: dict[str, Any]) -> float:
    """The milliseconds of an invocation that are billed with it, not yet rounded.

    A cold start's initialisation is billed since August 2025. What is made ready ahead is not billed by the call; of a
    snapshot's restoring AWS bills the loading of the runtime, which here is all of it.
    """
    ahead = answer.get("ahead", False)
    init = 0.0 if ahead else answer.get("init_milliseconds") or 0.0
    return float(answer["milliseconds"] + init + (answer.get("restore_milliseconds") or 0.0))


def fields(answer: dict[str, Any]) -> list[str]:
    """What REPORT says of an environment's first invocation."""
    if (init := answer.get("init_milliseconds")) is not None:
        return [f"Init Duration: {init:.2f} ms"]
    if (restored := answer.get("restore_milliseconds")) is not None:
        whole = -(-restored // 1)
        return [f"Restore Duration: {restored:.2f} ms", f"Billed Restore Duration: {whole:.0f} ms"]
    return []
