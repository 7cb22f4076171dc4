"""A function's log lines in Lambda's JSON format, told as its text format has them.

With a LoggingConfig whose LogFormat is JSON, Lambda's own lines and those of Python's `logging` are JSON objects; what
a handler prints stays as it is (2026).
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
"""

import json
from collections.abc import Mapping
from typing import Any

from lab_harness.authors.words import as_json

# What a REPORT line says of each figure, and in which unit.
METRICS = {
    "durationMs": ("Duration", "ms"),
    "billedDurationMs": ("Billed Duration", "ms"),
    "memorySizeMB": ("Memory Size", "MB"),
    "maxMemoryUsedMB": ("Max Memory Used", "MB"),
    "initDurationMs": ("Init Duration", "ms"),
}
OF_LOGGING = {"timestamp", "requestId"}  # what each of logging's lines has


def in_text_format(line: str) -> str:
    """The line as the text format has it; itself where it is none of the JSON format's."""
    if not isinstance(found := as_json(line), dict):
        return line
    record = found.get("record")
    if isinstance(record, dict) and str(found.get("type")).startswith("platform."):
        return _of_lambda(str(found["type"]).removeprefix("platform."), record) or line
    told = found.keys() & {"message", "errorMessage"}
    return _of_logging(found) if told and found.keys() >= OF_LOGGING else line


def _of_lambda(kind: str, record: Mapping[str, Any]) -> str:
    """One of Lambda's own lines; "" where the text format has none for it."""
    request = record.get("requestId", "")
    if kind == "start":
        return f"START RequestId: {request} Version: {record.get('version', '$LATEST')}"
    if kind == "runtimeDone":
        return f"END RequestId: {request}"
    if kind != "report":
        return ""
    metrics = record.get("metrics")
    known = metrics if isinstance(metrics, dict) else {}
    figures = [f"{name}: {known[each]} {unit}" for each, (name, unit) in METRICS.items() if each in known]
    return "\t".join([f"REPORT RequestId: {request}", *figures])


def _of_logging(found: dict[str, Any]) -> str:
    """A line of `logging`, with all that it says besides, and of an exception its name and stack trace."""
    rest = {name: value for name, value in found.items() if name not in OF_LOGGING | {"logger", "location"}}
    level = rest.pop("level", rest.pop("log_level", "INFO"))
    head = f"[{level}]\t{found['timestamp']}\t{found['requestId']}"
    parts = [f"{head}\t{rest.pop('message')}"] if "message" in rest else []
    if "errorMessage" in rest:
        parts.append(f"[{level}] {rest.pop('errorType', 'Error')}: {rest.pop('errorMessage')}")
        stack = rest.pop("stackTrace", [])
        parts += [str(each).rstrip("\n") for each in stack] if isinstance(stack, list) else []
    parts += [json.dumps(rest)] if rest else []
    return "\n".join(parts)
