"""Makes Python functions behave as on AWS: errors keep their names, the log has all lines, REPORT has measured figures.

MiniStack calls every exception `Runtime.HandlerError`, so a Retry or Catch by name never matches; it
drops `logger.info`; it restarts the environment after an exception. `install` puts our worker
(function_worker.py) in its place and turns that worker's answers into MiniStack's.
"""

import math
import queue
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import wrapt

from lab_harness.emulators.inside.keys import Keys
from lab_harness.emulators.inside.probes import probing

LOG_DEADLINE = 5.0  # seconds to wait for the end of an invocation's log
LAST_WORDS_DEADLINE = 0.25  # the same, where the process died before it could mark the end
LOG_END = "\x1e"
# Behind MiniStack's guard, the script of a function's process
WORKER = ("loop_guard.py", "function_modules.py", "function_worker.py")
sparing: ContextVar[bool] = ContextVar("sparing", default=False)  # whether environments that are in use go on
DIED = ("Worker process died", "Worker process exited")


def install(keys: Keys) -> None:
    """Change how MiniStack runs functions. This takes effect when its modules are imported.

    Each process of a function gets its own key, so that the call log can tell the calls of functions.
    """
    wrapt.register_post_import_hook(_change_workers, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(Issuer(keys).change_runtime, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(_change_executor, "ministack.services.lambda_svc")


def _change_workers(lambda_runtime: Any) -> None:
    ours = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in WORKER]
    lambda_runtime._PYTHON_WORKER_SCRIPT = "\n".join([lambda_runtime.INVOKE_DEPTH_BOOTSTRAP, *ours])
    wrapt.wrap_function_wrapper(lambda_runtime, "Worker._read_stderr", _read_log)
    wrapt.wrap_function_wrapper(lambda_runtime, "Worker._drain_stderr_bounded", _drain_log)
    wrapt.wrap_function_wrapper(lambda_runtime, "acquire_worker", _lease)
    wrapt.wrap_function_wrapper(lambda_runtime, "invalidate_worker", _let_finish)
    wrapt.wrap_function_wrapper(lambda_runtime, "release_worker", _release)


def _change_executor(lambda_svc: Any) -> None:
    from ministack.core import lambda_runtime

    wrapt.wrap_function_wrapper(lambda_svc, "_execute_function_warm", _answer_as_aws)
    # Where MiniStack is loaded before it is changed, it has taken from there what was not changed yet.
    for name in ("acquire_worker", "execution_credentials", "invalidate_worker", "release_worker"):
        setattr(lambda_svc, name, getattr(lambda_runtime, name))


def _lease(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """Give an invocation an environment of this very deployment of the function, never one that is left from another.

    MiniStack knows environments by the function's name alone. An event that is delivered while the function is deleted,
    or gets other code, leaves one behind with the code that it had before, in which later events would run.
    """
    _name, config, code = args[:3]
    while True:
        worker, reason = original(*args, **kwargs)
        if worker is None or (worker.code_zip, _deployment(worker.config)) == (code, _deployment(config)):
            return worker, reason
        _end(worker)


def _deployment(config: dict[str, Any]) -> tuple[Any, ...]:
    return config.get("RevisionId"), config.get("LastModified")


def _end(worker: Any) -> None:
    """End an environment that nobody else can have: whoever leased it found it free."""
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        for pool in lambda_runtime._workers.values():
            pool[:] = [each for each in pool if each is not worker]
    lambda_runtime.kill_workers([worker])


def _let_finish(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """End a function's idle environments; what runs goes on to its end, as on AWS when code is changed or deleted."""
    token = sparing.set(True)
    try:
        return original(*args, **kwargs)
    finally:
        sparing.reset(token)


def _release(original: Any, _instance: Any, args: Any, kwargs: Any) -> None:
    """Give an environment back, or end it where it was of code that is gone."""
    from ministack.core import lambda_runtime

    original(*args, **kwargs)
    if (worker := args[0]) is None:
        return
    with lambda_runtime._lock:
        kept = any(worker in pool for pool in lambda_runtime._workers.values())
    if not kept:
        lambda_runtime.kill_workers([worker])


class Issuer:
    """Gives keys to the processes of functions, and withdraws each when its process has ended."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._spawning = threading.local()

    def change_runtime(self, lambda_runtime: Any) -> None:
        """Change MiniStack's workers."""
        wrapt.wrap_function_wrapper(lambda_runtime, "execution_credentials", self._issue)
        wrapt.wrap_function_wrapper(lambda_runtime, "Worker._spawn", self._spawn)
        wrapt.wrap_function_wrapper(lambda_runtime, "Worker.invoke", self._invoke)
        wrapt.wrap_function_wrapper(lambda_runtime, "kill_workers", self._kill)

    def _issue(self, _original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, str]:
        config = args[0] if args else kwargs["config"]
        key = self._keys.for_function(config.get("FunctionName", ""), config.get("Role", ""))
        self._spawning.token = key["AWS_SESSION_TOKEN"]
        return key

    def _spawn(self, original: Any, worker: Any, args: Any, kwargs: Any) -> Any:
        self._take_back(worker)
        try:
            return original(*args, **kwargs)
        finally:
            worker.lab_token = vars(self._spawning).pop("token", "")
            self._keys.runs_for(worker.lab_token, probing.get())

    def _invoke(self, original: Any, worker: Any, args: Any, kwargs: Any) -> Any:
        self._keys.runs_for(getattr(worker, "lab_token", ""), probing.get())
        try:
            return original(*args, **kwargs)
        except BaseException:
            worker.in_use = False  # so that it ends, for it is broken
            raise

    def _kill(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        workers = [each for each in (args[0] if args else kwargs.pop("workers")) if not (sparing.get() and each.in_use)]
        for worker in workers:
            self._take_back(worker)
        return original(workers, *args[1:], **kwargs)

    def _take_back(self, worker: Any) -> None:
        self._keys.forget_function(getattr(worker, "lab_token", ""))


def _read_log(original: Any, worker: Any, args: Any, kwargs: Any) -> None:
    """Read a function's log even if it writes bytes that are not text; else the pipe would fill up and block it."""
    worker._proc.stderr.reconfigure(errors="backslashreplace")
    original(*args, **kwargs)


def _drain_log(original: Any, worker: Any, args: Any, kwargs: Any) -> str:
    """Read an invocation's log up to the worker's end mark; MiniStack would wait for a pause."""
    if not worker.config.get("Runtime", "").startswith("python"):
        return str(original(*args, **kwargs))
    if worker._proc is None:  # It died.
        worker._stderr_thread.join(LAST_WORDS_DEADLINE)
        return str(worker._drain_stderr())
    lines: list[str] = []
    deadline = time.monotonic() + LOG_DEADLINE
    with suppress(queue.Empty):
        while True:
            line, ended, _ = worker._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic())).partition(LOG_END)
            lines += [line] if line or not ended else []
            if ended:
                break
    return "\n".join(lines)


def _answer_as_aws(original: Any, _instance: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    function, _event, request_id = args
    started = time.perf_counter()
    result: dict[str, Any] = original(*args, **kwargs)
    config = function.get("config") or function
    answer = _runtime_answer(result, config, request_id, (time.perf_counter() - started) * 1000)
    if answer is None:
        return result
    lines = [f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"]
    lines += [result["log"]] if result.get("log") else []
    lines += [f"END RequestId: {request_id}", report_line(request_id, config.get("MemorySize", 128), answer)]
    # MiniStack keeps a log that already carries the platform's lines as it is, and returns it as LogResult.
    log = {"log": "\n".join(lines), "log_source": "rie"}
    if answer["error"]:
        return {**log, "body": answer["error"], "error": True}
    return {**log, "body": answer["value"]}


def _runtime_answer(
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
    message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
    result["log"] = result.get("log", "").replace(DIED[0], message)
    return {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}, "milliseconds": milliseconds}


def report_line(request_id: str, memory_size: int, answer: dict[str, Any]) -> str:
    """The REPORT line of one invocation.

    Durations are milliseconds, memory is MB. A cold start's initialisation is billed too, as on AWS since
    August 2025: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    init = answer.get("init_milliseconds")
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {answer['milliseconds']:.2f} ms",
        f"Billed Duration: {max(1, math.ceil(answer['milliseconds'] + (init or 0)))} ms",
        f"Memory Size: {memory_size} MB",
    ]
    if "memory_mb" in answer:
        fields.append(f"Max Memory Used: {answer['memory_mb']} MB")
    if init is not None:
        fields.append(f"Init Duration: {init:.2f} ms")
    if "status" in answer:
        fields.append(f"Status: {answer['status']}")
    return "\t".join(fields)
