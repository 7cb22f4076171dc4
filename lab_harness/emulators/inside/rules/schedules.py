"""Refuses rules and schedules that AWS refuses, and keeps one that is there already from stopping all others.

MiniStack takes `cron(61 12 * * ? *)`. At each of its ticks it then fails on this rule, and looks at none behind it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (2026)
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import wrapt

from lab_harness import crons
from lab_harness.emulators.inside.constraints import refuse, told

RATE = re.compile(r"rate\((\d+) +(minute|hour|day)(s?)\)")
MOST_TARGETS = 5  # of a rule
TICK = 1  # seconds between two looks at what is due; MiniStack's 10 would make a minute up to ten seconds longer


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports EventBridge and Scheduler."""
    wrapt.register_post_import_hook(_change_eventbridge, "ministack.services.eventbridge")
    wrapt.register_post_import_hook(_change_scheduler, "ministack.services.scheduler")
    problems = {
        "_create_schedule": lambda name, body: _schedule(name, body, "CreateSchedule"),
        "_update_schedule": lambda name, body: _schedule(name, body, "UpdateSchedule"),
    }
    refuse({"eventbridge": {"_put_rule": _rule, "_put_targets": _targets}, "scheduler": problems})


def _change_eventbridge(eventbridge: Any) -> None:
    eventbridge._SCHEDULER_TICK_INTERVAL = TICK
    wrapt.wrap_function_wrapper(eventbridge, "_parse_cron_fields", _only_if_possible)


def _change_scheduler(scheduler: Any) -> None:
    scheduler._SCHEDULE_TICK_INTERVAL = TICK


def _only_if_possible(original: Any, _instance: Any, args: Any, _kwargs: Any) -> Any:
    """The fields of a cron expression; None, by which MiniStack passes it over, if it can never be."""
    return original(crons.in_single_values(args[0])) if crons.read(args[0]) else None


def _is_rate(expression: str, singular: bool) -> bool:
    """Whether it is a rate; `singular` says whether one minute must be called a minute, as EventBridge asks."""
    found = RATE.fullmatch(expression)
    if not found or int(found[1]) == 0:
        return False
    return not singular or (int(found[1]) == 1) == (found[3] == "")


def _error(message: str, code: str = "ValidationException") -> Any:
    from ministack.services.eventbridge import error_response_json

    return error_response_json(code, message, 400)


def _rule(data: dict[str, Any]) -> Any:
    if message := told("events", "PutRule", data):
        return _error(message)
    expression = data.get("ScheduleExpression")
    if not expression:
        missing = "Parameter(s) EventPattern or ScheduleExpression must be specified."
        return None if data.get("EventPattern") else _error(missing)
    if not (_is_rate(expression, singular=True) or crons.read(expression)):
        return _error("Parameter ScheduleExpression is not valid.")
    if data.get("EventBusName", "default").rpartition("/")[2] != "default":
        return _error("ScheduleExpression is supported only on the default event bus.")
    return None


def _targets(data: dict[str, Any]) -> Any:
    from ministack.services import eventbridge

    if message := told("events", "PutTargets", data):
        return _error(message)
    there = eventbridge._targets.get(eventbridge._rule_key(data.get("Rule"), data.get("EventBusName", "default")), [])
    if len({each["Id"] for each in [*there, *data.get("Targets", [])]}) > MOST_TARGETS:
        return _error("The requested resource exceeds the maximum number allowed.", "LimitExceededException")
    return None


def _schedule(name: str, body: dict[str, Any], operation: str) -> Any:
    from ministack.services import scheduler

    expression = body.get("ScheduleExpression") or ""
    message = told("scheduler", operation, {"Name": name, **body})
    if not message and expression and not _is_schedule(expression):
        message = f"Invalid Schedule Expression {expression}."
    zone = body.get("ScheduleExpressionTimezone")
    if not message and zone and not _is_zone(zone):  # AWS refuses it; the words are ours.
        message = f"Invalid Schedule Expression Timezone {zone}."
    window = body.get("FlexibleTimeWindow") or {}
    if not message and window.get("Mode") == "FLEXIBLE" and not window.get("MaximumWindowInMinutes"):
        message = "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE."
    return scheduler._error(400, "ValidationException", message) if message else None


def _is_schedule(expression: str) -> bool:
    return _is_rate(expression, singular=False) or bool(crons.read(expression)) or _is_moment(expression)


def _is_moment(expression: str) -> bool:
    with suppress(ValueError):
        return bool(datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)"))
    return False


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
