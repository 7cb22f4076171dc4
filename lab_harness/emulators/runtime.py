"""Python functions behave as on AWS's own runtime: errors by name, log lines, honest REPORT figures.

MiniStack calls every exception `Runtime.HandlerError`, so a Retry or Catch by name never matches; it
drops `logger.info`; it restarts the environment after an exception. `install` puts our worker
(function_worker.py) in its place and turns that worker's answers into MiniStack's.
"""

import math
import queue
import time
from pathlib import Path
from typing import Any

import wrapt

FUNCTION_TOKEN_PREFIX = "lab-function/"  # noqa: S105  marks whose call it is, opens nothing
LOG_DEADLINE = 0.25  # seconds to wait for the end of an invocation's log


def install() -> None:
    """Change MiniStack's Lambda executor; takes effect when its modules are imported."""
    wrapt.register_post_import_hook(_change_workers, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(_change_executor, "ministack.services.lambda_svc")


def _change_workers(lambda_runtime: Any) -> None:
    script = Path(__file__).with_name("function_worker.py").read_text(encoding="utf-8")
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime.INVOKE_DEPTH_BOOTSTRAP + script
    wrapt.wrap_function_wrapper(lambda_runtime, "Worker._drain_stderr_bounded", _drain_log)
    wrapt.wrap_function_wrapper(lambda_runtime, "execution_credentials", _name_the_caller)


def _change_executor(lambda_svc: Any) -> None:
    wrapt.wrap_function_wrapper(lambda_svc, "_execute_function_warm", _answer_as_aws)


def _name_the_caller(original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, str]:
    """Give each function a session token, as on AWS; the call log reads whose call it is from there."""
    credentials: dict[str, str] = original(*args, **kwargs)
    config = args[0] if args else kwargs["config"]
    return {**credentials, "AWS_SESSION_TOKEN": FUNCTION_TOKEN_PREFIX + config.get("FunctionName", "")}


def _drain_log(original: Any, worker: Any, args: Any, kwargs: Any) -> str:
    """Read an invocation's log up to the worker's end mark, instead of guessing by a pause."""
    if not worker.config.get("Runtime", "").startswith("python"):
        return str(original(*args, **kwargs))
    lines: list[str] = []
    deadline = time.monotonic() + LOG_DEADLINE
    try:
        while not (line := worker._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic()))).startswith("\x1e"):
            lines.append(line)
    except queue.Empty:
        pass  # The process died before it could mark the end; what it wrote is still its log.
    return "\n".join(lines)


def _answer_as_aws(original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    function, _event, request_id = args
    result: dict[str, Any] = original(*args, **kwargs)
    body = result.get("body")
    answer = body.get("lab_runtime") if isinstance(body, dict) else None
    if not isinstance(answer, dict):
        return result
    config = function.get("config") or function
    lines = [f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"]
    lines += [result["log"]] if result.get("log") else []
    lines += [f"END RequestId: {request_id}", report_line(request_id, config.get("MemorySize", 128), answer)]
    # MiniStack keeps a log that already carries the platform's lines as it is, and returns it as LogResult.
    log = {"log": "\n".join(lines), "log_source": "rie"}
    if answer["error"]:
        return {**log, "body": answer["error"], "error": True}
    return {**log, "body": answer["value"]}


def report_line(request_id: str, memory_size: int, answer: dict[str, Any]) -> str:
    """The REPORT line of one invocation.

    Durations are milliseconds, memory is MB. A cold start's initialisation is billed too, as on AWS since
    August 2025: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    init = answer["init_milliseconds"]
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {answer['milliseconds']:.2f} ms",
        f"Billed Duration: {max(1, math.ceil(answer['milliseconds'] + (init or 0)))} ms",
        f"Memory Size: {memory_size} MB",
        f"Max Memory Used: {answer['memory_mb']} MB",
    ]
    if init is not None:
        fields.append(f"Init Duration: {init:.2f} ms")
    return "\t".join(fields)
