"""Makes Python functions behave as on AWS: errors keep their names, the log has all lines, REPORT has measured figures.

MiniStack calls every exception `Runtime.HandlerError`, so a Retry or Catch by name never matches; it
drops `logger.info`; it restarts the environment after an exception. `install` puts our worker
(worker.py) in its place and turns that worker's answers into MiniStack's.
"""

import queue
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import wrapt

from lab_harness.emulators.inside.access.keys import Keys
from lab_harness.emulators.inside.functions import forking, initialization, reports
from lab_harness.emulators.inside.records.probes import probing
from lab_harness.emulators.inside.scopes import within

LOG_DEADLINE = 5.0  # seconds to wait for the end of an invocation's log
LAST_WORDS_DEADLINE = 0.25  # the same, where the process died before it could mark the end
LOG_END = "\x1e"
# Behind MiniStack's guard, the script of a function's process
WORKER = ("loop_guard.py", "modules.py", "memory.py", "connections.py", "worker.py")
sparing: ContextVar[bool] = ContextVar("sparing", default=False)  # whether environments that are in use go on


def install(keys: Keys) -> None:
    """Change how MiniStack runs functions. This takes effect when its modules are imported.

    Each process of a function gets its own key, so that the call log can tell the calls of functions.
    """
    wrapt.register_post_import_hook(_change_workers, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(Issuer(keys).change_runtime, "ministack.core.lambda_runtime")
    wrapt.register_post_import_hook(_change_executor, "ministack.services.lambda_svc")
    forking.install()


def end_functions() -> None:
    """End the processes of all functions, before the emulator does."""
    from ministack.core import lambda_runtime

    lambda_runtime.reset()
    forking.end()


def worker_script() -> str:
    """The program of every Python function's process."""
    from ministack.core.lambda_runtime import INVOKE_DEPTH_BOOTSTRAP

    ours = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in WORKER]
    return "\n".join([INVOKE_DEPTH_BOOTSTRAP, *ours])


def _change_workers(lambda_runtime: Any) -> None:
    lambda_runtime._PYTHON_WORKER_SCRIPT = worker_script()
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
    with within(sparing, True):
        return original(*args, **kwargs)


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
        return {**key, initialization.VARIABLE: vars(self._spawning).pop("kind", initialization.ON_DEMAND)}

    def _spawn(self, original: Any, worker: Any, args: Any, kwargs: Any) -> Any:
        self._take_back(worker)
        self._spawning.kind = initialization.kind(worker)
        worker.lab_ready_before = not vars(self._spawning).get("calling", False)
        try:
            return original(*args, **kwargs)
        finally:
            worker.lab_token = vars(self._spawning).pop("token", "")
            self._keys.runs_for(worker.lab_token, probing.get())

    def _invoke(self, original: Any, worker: Any, args: Any, kwargs: Any) -> Any:
        self._keys.runs_for(getattr(worker, "lab_token", ""), probing.get())
        self._spawning.calling, started = True, time.perf_counter()
        try:
            response = original(*args, **kwargs)
        except BaseException:
            worker.in_use = False  # so that it ends, for it is broken
            raise
        finally:
            self._spawning.calling = False
        initialization.tell(worker, response, (time.perf_counter() - started) * 1000)
        return response

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
    answer = reports.answer_of(result, config, request_id, (time.perf_counter() - started) * 1000)
    if answer is None:
        return result
    lines = [f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"]
    lines += [result["log"]] if result.get("log") else []
    lines += [f"END RequestId: {request_id}", reports.line(request_id, config.get("MemorySize", 128), answer)]
    # MiniStack keeps a log that already carries the platform's lines as it is, and returns it as LogResult.
    log = {"log": "\n".join(lines), "log_source": "rie"}
    if answer["error"]:
        return {**log, "body": answer["error"], "error": True}
    return {**log, "body": answer["value"]}
