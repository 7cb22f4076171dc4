"""The process in which one Python function runs: a stand-in for AWS's Python runtime.

Runs as a script of its own, with the standard library only. It speaks MiniStack's worker protocol:
one JSON line on stdin to set up, then one line in and one line out for each invocation. Where AWS's
runtime does more than MiniStack's own worker, this one does it too:

* an exception keeps its class name and stack trace, and the environment stays warm after it;
* the root logger has a handler, so `logger.info` reaches CloudWatch Logs;
* what a function writes to stdout or stderr, at any level, is its log;
* the duration, the memory used and the time spent on a cold start are measured here, where they happen.

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

TASK_ROOT = "/var/task"


class Context:
    """What AWS passes as a handler's second argument."""

    identity = None
    client_context = None

    def __init__(self, setup: dict, call: dict):
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

    converter = time.gmtime
    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """One log line."""
        moment = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        text = f"[{record.levelname}]\t{moment}\t{self.request_id}\t{record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def peak_memory_mb() -> int:
    """The most memory this process has held, in MB (0 where the system does not tell)."""
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))


def load_handler(setup: dict):
    """The function's handler, or the error that AWS's runtime reports for it."""
    module_name, name = setup["module"], setup["handler"]
    try:
        module = importlib.import_module(module_name)
    except SyntaxError as error:
        problem = f"Syntax error in module '{module_name}': {error.msg} ({error.filename}, line {error.lineno})"
        return None, described("Runtime.UserCodeSyntaxError", problem, [])
    except ImportError as error:
        return None, described("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", [])
    except BaseException as error:
        return None, describe(error)
    if not hasattr(module, name):
        problem = f"Handler '{name}' missing on module '{module_name}'"
        return None, described("Runtime.HandlerNotFound", problem, [])
    return getattr(module, name), None


def described(kind: str, message: str, stack: list) -> dict:
    """An error payload as AWS shapes it, with the function's folder shown as /var/task."""
    here = sys.path[0]
    return {
        "errorMessage": message.replace(here, TASK_ROOT),
        "errorType": kind,
        "stackTrace": [line.replace(here, TASK_ROOT) for line in stack],
    }


def describe(error: BaseException) -> dict:
    """The payload for an exception that left the user's code; frames of this file are not theirs."""
    if isinstance(error, SystemExit):
        return described("Runtime.ExitError", f"Runtime exited with error: exit status {error.code or 0}", [])
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    frames = [frame for frame in frames if "importlib" not in frame.filename]
    return described(type(error).__name__, str(error), traceback.format_list(frames))


def log_error(error: dict) -> None:
    """Write an error to the log the way AWS's runtime does."""
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
    if error["stackTrace"]:
        print("Traceback (most recent call last):\n" + "".join(error["stackTrace"]).rstrip())


def invoke(handler, event, context: Context) -> dict:
    """Run the handler once: its value or error, milliseconds taken and memory used."""
    started = time.perf_counter()
    value = error = None
    try:
        value = handler(event, context)
        try:
            json.dumps(value)
        except (TypeError, ValueError) as problem:
            value, error = None, described("Runtime.MarshalError", f"Unable to marshal response: {problem}", [])
    except BaseException as problem:
        error = describe(problem)
    if error:
        log_error(error)
    return {"value": value, "error": error, "milliseconds": (time.perf_counter() - started) * 1000}


def set_variables(call: dict) -> None:
    """Put an invocation's own values where the AWS SDK looks for them."""
    values = {"_X_AMZN_TRACE_ID": call.get("trace_id"), "_MINISTACK_INVOKE_DEPTH": call.get("depth")}
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = str(value)


def exit_with_parent() -> None:
    """End this process soon after the emulator is gone, even in the middle of an endless loop."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Set up once (the cold start), then serve invocations until stdin closes."""
    # The protocol keeps the real stdout; descriptor 1 becomes the log, for child processes and C code too.
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)
    exit_with_parent()
    setup = json.loads(sys.stdin.readline())
    for folder in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
        sys.path.insert(0, os.path.join(folder, "python"))  # noqa: PTH118  pathlib would slow every cold start
    sys.path.insert(0, setup["code_dir"])
    os.environ.setdefault("_HANDLER", f"{setup['module']}.{setup['handler']}")
    formatter = LambdaFormatter()
    log_handler = logging.StreamHandler(sys.stdout)
    log_handler.setFormatter(formatter)
    logging.getLogger().addHandler(log_handler)
    # It would say in every log that calls go to the emulator, which on AWS they do not.
    logging.getLogger("botocore.configprovider").setLevel(logging.WARNING)
    globals().get("_ms_install_invoke_depth", lambda: None)()  # MiniStack's guard against functions that call themselves

    started = time.perf_counter()
    handler, init_error = load_handler(setup)
    init_milliseconds = (time.perf_counter() - started) * 1000
    print(json.dumps({"status": "ready", "cold": True}), file=protocol, flush=True)

    for line in sys.stdin:
        message = json.loads(line)
        call = message.get("ctx") or {}
        set_variables(call)
        context = Context(setup, call)
        formatter.request_id = context.aws_request_id
        if init_error:
            log_error(init_error)
            answer = {"value": None, "error": init_error, "milliseconds": 0.0}
        else:
            answer = invoke(handler, message["event"], context)
        answer["init_milliseconds"], init_milliseconds = init_milliseconds, None
        answer["memory_mb"] = peak_memory_mb()
        sys.stderr.flush()
        # Tells the emulator that this invocation's log is complete.
        print(f"\x1e{context.aws_request_id}", flush=True)
        print(json.dumps({"status": "ok", "result": {"lab_runtime": answer}}), file=protocol, flush=True)


if __name__ == "__main__":
    main()
