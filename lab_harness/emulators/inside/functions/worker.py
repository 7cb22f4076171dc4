"""The process in which one Python function runs, in place of AWS's Python runtime.

Runs as a script of its own, with the standard library only. It speaks MiniStack's worker protocol:
one JSON line on stdin to set up, then one line in and one line out for each invocation. Where AWS's
runtime does more than MiniStack's own worker, this one does it too:

* an exception keeps its class name and stack trace, and the environment stays warm after it;
* the root logger has a handler, so `logger.info` reaches CloudWatch Logs;
* what a function writes to stdout or stderr, at any level, is its log;
* the duration, the memory used and the time spent on a cold start are measured here, where they happen;
* a function that uses more memory than it has ends.

https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html and python-logging.html.
"""

import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

TASK_ROOT = "/var/task"  # what AWS calls the folder that holds a function's code
INIT_DEADLINE = 10.0  # seconds a module may take to load; after that it uses up the first invocation's time

Handler = Any  # Callable[[event, context], value], if the user wrote one
Error = dict[str, Any]


class Context:
    """What AWS passes as a handler's second argument."""

    identity = None
    client_context = None

    def __init__(self, setup: dict[str, Any], call: dict[str, Any]) -> None:
        self.function_name = setup.get("function_name", "")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = str(setup.get("memory", 128))
        self.invoked_function_arn = call.get("invoked_function_arn") or setup.get("arn", "")
        self.aws_request_id = call.get("request_id", "")
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = time.time() + call.get("timeout_ms", 3000) / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops this invocation."""
        return max(0, int((self._deadline - time.time()) * 1000))


class LambdaFormatter(logging.Formatter):
    """AWS's line format: level, time in UTC and request id, separated by tabs."""

    converter = staticmethod(time.gmtime)
    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """One log line."""
        moment = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        text = f"[{record.levelname}]\t{moment}\t{self.request_id}\t{record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def load_handler(setup: dict[str, Any]) -> tuple[Handler, Error | None]:
    """The function's handler, or the error that AWS's runtime reports for it."""
    module_name, name = setup["module"], setup["handler"]
    try:
        module = importlib.import_module(module_name)
    except SyntaxError as error:
        place = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        return None, described("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", place)
    except ImportError as error:
        return None, described("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", [])
    except BaseException as error:
        return None, describe(error)
    if not hasattr(module, name):
        problem = f"Handler '{name}' missing on module '{module_name}'"
        return None, described("Runtime.HandlerNotFound", problem, [])
    return getattr(module, name), None


def described(kind: str, message: str, stack: list[str]) -> Error:
    """An error payload as AWS shapes it, with the function's folder shown as /var/task."""
    here = os.environ.get("LAMBDA_TASK_ROOT") or TASK_ROOT
    return {
        "errorMessage": message.replace(here, TASK_ROOT),
        "errorType": kind,
        "stackTrace": [line.replace(here, TASK_ROOT) for line in stack],
    }


def describe(error: BaseException) -> Error:
    """The payload for an exception of the user's code, without the stack frames of this file."""
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        return described("Runtime.ExitError", f"Runtime exited with error: exit status {status}", [])
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
    return described(type(error).__name__, str(error), traceback.format_list(users))


def log_error(error: Error) -> None:
    """Write an error to the log the way AWS's runtime does."""
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
    if error["stackTrace"]:
        print("Traceback (most recent call last):\n" + "".join(error["stackTrace"]).rstrip())


def as_number(value: Any) -> float:
    """A Decimal, as DynamoDB's numbers are, as AWS's runtime sends it. Raises TypeError for any other type."""
    from decimal import Decimal

    if not isinstance(value, Decimal):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)


def invoke(handler: Handler, event: Any, context: Context) -> dict[str, Any]:
    """Run the handler once; returns its value or error, and the milliseconds that it took."""
    started = time.perf_counter()
    value = error = None
    try:
        value = handler(event, context)
        try:
            answer = json.dumps(value, default=as_number, ensure_ascii=False)
            value = json.loads(answer.encode())  # half of an emoji has no bytes
        except (TypeError, ValueError) as problem:
            value, error = None, described("Runtime.MarshalError", f"Unable to marshal response: {problem}", [])
    except BaseException as problem:
        error = describe(problem)
    if error:
        log_error(error)
    return {"value": value, "error": error, "milliseconds": (time.perf_counter() - started) * 1000}


def set_variables(call: dict[str, Any]) -> None:
    """Set the environment variables of an invocation, which the AWS SDK reads."""
    values = {"_X_AMZN_TRACE_ID": call.get("trace_id"), "_MINISTACK_INVOKE_DEPTH": call.get("depth")}
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = str(value)


def exit_with_parent() -> None:
    """End this process soon after the emulator has ended, even during an endless loop."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def find_code(setup: dict[str, Any]) -> None:
    """Make the function's code importable, and its layers after it."""
    for folder in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
        from glob import glob  # pathlib would slow every cold start

        sys.path[:0] = [f"{folder}/python", *glob(f"{folder}/python/lib/python*/site-packages")]  # noqa: PTH207
    sys.path.insert(0, setup["code_dir"])
    os.environ.setdefault("_HANDLER", f"{setup['module']}.{setup['handler']}")


def start_logging() -> LambdaFormatter:
    """Give the root logger a handler that writes to stdout."""
    formatter = LambdaFormatter()
    log_handler = logging.StreamHandler(sys.stdout)
    log_handler.setFormatter(formatter)
    logging.getLogger().addHandler(log_handler)
    # It would say in every log that calls go to the emulator, which on AWS they do not.
    logging.getLogger("botocore.configprovider").setLevel(logging.WARNING)
    return formatter


def end_log(request_id: str) -> None:
    """Tell the emulator that this invocation's log is complete."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with suppress(AttributeError, ValueError):  # A function may have closed or replaced them.
            stream.flush()  # type: ignore[union-attr]
    os.write(2, f"\x1e{request_id}\n".encode())


def take_sdk(memory: Any) -> None:
    """Count AWS's SDK, loaded before this process was forked, as if it had been loaded now."""
    memory.takes_sdk()
    globals()["guard_against_loops"]()
    globals()["reach_connections"]()


def cold_start(setup: dict[str, Any], ready: Callable[[], None]) -> tuple[Handler, Error | None, float]:
    """The handler, or its error, and the milliseconds taken. Calls `ready` then, or after INIT_DEADLINE seconds."""
    started = time.perf_counter()
    overdue = threading.Timer(INIT_DEADLINE, ready)
    overdue.daemon = True
    overdue.start()
    handler, error = load_handler(setup)
    milliseconds = (time.perf_counter() - started) * 1000
    overdue.cancel()
    overdue.join()  # The function finds no thread of ours that is about to end.
    ready()  # MiniStack skips a second one.
    return handler, error, milliseconds


def main() -> None:
    """Set up once (the cold start), then run invocations until stdin closes."""
    # The protocol keeps the real stdout; descriptor 1 becomes the log, for child processes and C code too.
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    send = partial(print, file=protocol, flush=True)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    exit_with_parent()
    setup = json.loads(sys.stdin.readline())
    memory = globals()["Memory"](setup.get("memory", 128))  # These stand before this file's code in the script.
    globals()["see_the_sdk_only"](partial(take_sdk, memory))
    find_code(setup)
    formatter = start_logging()
    globals()["guard_against_loops"]()
    globals()["reach_connections"]()
    handler, init_error, duration = cold_start(setup, partial(send, '{"status": "ready"}'))
    init_milliseconds: float | None = duration
    for line in sys.stdin:
        message = json.loads(line)
        call = message.get("ctx") or {}
        set_variables(call)
        context = Context(setup, call)
        formatter.request_id = context.aws_request_id
        memory.runs(context.aws_request_id)
        if init_error:
            log_error(init_error)
            answer: dict[str, Any] = {"value": None, "error": init_error, "milliseconds": 0.0}
        else:
            answer = invoke(handler, message["event"], context)
        answer |= {"init_milliseconds": init_milliseconds, "memory_mb": memory.waits()}
        init_milliseconds = None
        end_log(context.aws_request_id)
        send(json.dumps({"status": "ok", "result": {"lab_runtime": answer}}))


if __name__ == "__main__":
    main()
