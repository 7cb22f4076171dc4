"""Refuses rules and schedules that AWS refuses, and keeps one that is there already from stopping all others.

MiniStack takes `cron(61 12 * * ? *)`. At each of its ticks it then fails on this rule, and looks at none behind it.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (2026)
"""

import re
from typing import Any, NamedTuple

import wrapt

from lab_harness.emulators.inside.constraints import refuse, told

RATE = re.compile(r"rate\((\d+) +(minute|hour|day)(s?)\)")
AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
CRON = re.compile(r"cron\((.+)\)")
PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # AWS counts from 1, a Sunday.
MOST_TARGETS = 5  # of a rule
TICK = 1  # seconds between two looks at what is due; MiniStack's 10 would make a minute up to ten seconds longer


class Field(NamedTuple):
    """A field of a cron expression: its range, the names of its values from 1, and what else may stand there."""

    first: int
    last: int
    names: tuple[str, ...] = ()
    special: str = "(?!)"  # a regular expression; MiniStack looks at what is in it

    def allows(self, text: str) -> bool:
        """Whether the field may have this text."""
        return all(re.fullmatch(self.special, part) or self._allows(part) for part in text.upper().split(","))

    def _allows(self, part: str) -> bool:
        found = PART.fullmatch(part)
        if not found:
            return False
        first, last, step = found.groups()
        if step is not None and not 1 <= int(step) <= self.last:
            return False
        if first == "*":
            return last is None
        begin, end = self._value(first), self._value(last or first)
        return self.first <= begin <= end <= self.last

    def _value(self, text: str) -> int:
        return self.names.index(text) + 1 if text in self.names else int(text) if text.isdecimal() else -1


FIELDS = (
    Field(0, 59),
    Field(0, 23),
    Field(1, 31, special=r"\?|L|LW|\d+W"),
    Field(1, 12, MONTHS),
    Field(1, 7, DAYS, r"\?|\w*L|\w+#\d"),
    Field(1970, 2199),
)


def install() -> None:
    """Make MiniStack behave like this. It takes effect when it imports EventBridge and Scheduler."""
    wrapt.register_post_import_hook(_change_eventbridge, "ministack.services.eventbridge")
    wrapt.register_post_import_hook(_change_scheduler, "ministack.services.scheduler")


def _change_eventbridge(eventbridge: Any) -> None:
    eventbridge._SCHEDULER_TICK_INTERVAL = TICK
    wrapt.wrap_function_wrapper(eventbridge, "_parse_cron_fields", _only_if_possible)
    refuse(eventbridge, "_put_rule", _rule)
    refuse(eventbridge, "_put_targets", _targets)


def _change_scheduler(scheduler: Any) -> None:
    scheduler._SCHEDULE_TICK_INTERVAL = TICK
    refuse(scheduler, "_create_schedule", lambda name, body: _schedule(name, body, "CreateSchedule"))
    refuse(scheduler, "_update_schedule", lambda name, body: _schedule(name, body, "UpdateSchedule"))


def _only_if_possible(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    """The fields of a cron expression; None, by which MiniStack passes it over, if it can never be."""
    return original(*args, **kwargs) if _is_cron(args[0]) else None


def _is_cron(expression: str) -> bool:
    found = CRON.fullmatch(expression.strip())
    fields = found[1].split() if found else []
    if len(fields) != len(FIELDS) or (fields[2] == "?") == (fields[4] == "?"):
        return False
    return all(field.allows(text) for field, text in zip(FIELDS, fields, strict=True))


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
    if not (_is_rate(expression, singular=True) or _is_cron(expression)):
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
    window = body.get("FlexibleTimeWindow") or {}
    if not message and window.get("Mode") == "FLEXIBLE" and not window.get("MaximumWindowInMinutes"):
        message = "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE."
    return scheduler._error(400, "ValidationException", message) if message else None


def _is_schedule(expression: str) -> bool:
    return _is_rate(expression, singular=False) or _is_cron(expression) or bool(AT.fullmatch(expression))
