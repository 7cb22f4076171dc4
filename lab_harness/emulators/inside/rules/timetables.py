"""Fires EventBridge's scheduled rules and Scheduler's schedules, each at its moments, by the emulator's time.

MiniStack takes every cron for UTC, counts a rule's minutes from when it fired late, and fires `at()` again after a
restart. A moment that passes while the emulator does not run is left out, except a schedule's single one.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (2026), on summer time, too.
"""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import wrapt

from lab_harness.emulators.inside.moving_time import clock, falling_due

FIRED = "LabFired"  # in a schedule's record: when its single moment was; boto3 shows no such field
Key = tuple[str, str, str]  # account, region, name


def install() -> None:
    """Make MiniStack fire like this. It takes effect when it imports EventBridge and Scheduler."""
    wrapt.register_post_import_hook(_change_eventbridge, "ministack.services.eventbridge")
    wrapt.register_post_import_hook(_change_scheduler, "ministack.services.scheduler")


def _change_eventbridge(eventbridge: Any) -> None:
    rules = Timetable("rule", eventbridge._rules, lambda key, rule, at: _fire_rule(eventbridge, key, rule, at))
    eventbridge._tick_scheduled_rules = rules.tick
    falling_due.follow(rules)


def _change_scheduler(scheduler: Any) -> None:
    schedules = Timetable("schedule", scheduler._schedules, lambda *about: _fire_schedule(scheduler, *about))
    scheduler._tick_schedules = schedules.tick
    falling_due.follow(schedules)


class Timetable(falling_due.Source):
    """All rules, or all schedules, and when each was looked at last."""

    def __init__(self, kind: str, records: Any, fire: Callable[[Key, dict[str, Any], float], bool]) -> None:
        self._kind, self._records, self._fire = kind, records, fire
        self._began = clock.now()
        self._seen: dict[tuple[Key, float], float] = {}

    def due(self) -> float:
        """The next moment at which one fires."""
        return min((moment for _, _, moment in self._next()), default=math.inf)

    def happen(self) -> list[str]:
        """Fire those whose moment is now or was lately, once each; returns what they are called."""
        fired, now = [], clock.now()
        for key, record, moment in sorted(self._next(), key=lambda each: each[2]):
            if moment <= now:
                self._seen[key, _created(record)] = now
                if self._fire(key, record, moment):
                    fired.append(f"{self._kind} {record['Name']} fired")
        return fired

    def tick(self) -> None:
        """Look whether one is due, as MiniStack asks each second."""
        with clock.moving:
            self.happen()

    def _next(self) -> Iterator[tuple[Key, dict[str, Any], float]]:
        there: dict[tuple[Key, float], float] = {}
        now = clock.now()
        for key, record in list(self._records._data.items()):
            about = key, _created(record)
            there[about] = self._seen.get(about, max(self._began, about[1]))
            if record.get("State") != "ENABLED":
                there[about] = now  # What it misses it does not catch up on.
            elif (moment := next_moment(record, there[about])) is not None:
                yield key, record, moment
        self._seen = there


def next_moment(record: dict[str, Any], after: float) -> float | None:
    """When a rule or a schedule fires next after a moment; None if never."""
    from ministack.services import eventbridge, scheduler

    expression = record.get("ScheduleExpression") or ""
    begin, end = (scheduler._to_epoch(record.get(name)) for name in ("StartDate", "EndDate"))
    try:
        zone = ZoneInfo(record.get("ScheduleExpressionTimezone") or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):  # an account that was saved before such were refused
        return None
    after = max(after, begin - 1 if begin else 0.0)
    moment: float | None = None
    if (single := scheduler._at_time_epoch(expression)) is not None:
        local = datetime.fromtimestamp(single, UTC).replace(tzinfo=zone).timestamp()
        return None if FIRED in record else local
    if interval := eventbridge._parse_rate_seconds(expression):
        first = begin or _created(record)
        moment = first + max(1 - bool(begin), math.floor((after - first) / interval) + 1) * interval
    elif fields := _fields(expression):
        moment = _next_of_cron(fields, after, zone)
    return moment if moment is not None and (end is None or moment <= end) else None


@lru_cache
def _fields(expression: str) -> Any:
    from ministack.services import eventbridge

    return eventbridge._parse_cron_fields(expression)


def _next_of_cron(fields: Any, after: float, zone: tzinfo) -> float | None:
    """The next moment after one. What summer time leaves out is passed over, and what comes twice counts once."""
    from ministack.services import eventbridge

    shown = datetime.fromtimestamp(after, zone).replace(tzinfo=UTC)  # the clock's face, as MiniStack reckons with it
    while (shown := eventbridge._cron_next_fire(fields, shown)) is not None:
        moment = shown.replace(tzinfo=zone)
        there = datetime.fromtimestamp(moment.timestamp(), zone).replace(tzinfo=UTC) == shown
        if there and (found := float(moment.timestamp())) > after:
            return found
    return None


def _created(record: dict[str, Any]) -> float:
    return float(record.get("LastModificationDate") or record.get("CreationTime") or record.get("CreationDate") or 0.0)


def _event(key: Key, record: dict[str, Any], source: str, moment: float) -> dict[str, Any]:
    from ministack.services import eventbridge

    return {
        "EventId": eventbridge.new_uuid(),
        "Source": source,
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": moment,
        "Resources": [record.get("Arn", "")],
        "Account": key[0],
        "Region": key[1],
    }


def _fire_rule(eventbridge: Any, key: Key, rule: dict[str, Any], moment: float) -> bool:
    from ministack.core.responses import request_scope

    targets = eventbridge._targets._data.get(key, [])
    event = _event(key, rule, "aws.events", moment) | {"EventBusName": rule.get("EventBusName", "default")}
    with request_scope(key[0], key[1]):
        for target in targets:
            _send(target, event, rule)
    return bool(targets)


def _fire_schedule(scheduler: Any, key: Key, schedule: dict[str, Any], moment: float) -> bool:
    from ministack.core.responses import request_scope

    with request_scope(key[0], key[1]):
        event = _event(key, schedule, "aws.scheduler", moment)
        _send(_told(schedule["Target"], event), event, schedule)
    if scheduler._at_time_epoch(schedule["ScheduleExpression"]) is not None:
        schedule[FIRED] = moment
    if schedule.get("ActionAfterCompletion") == "DELETE" and next_moment(schedule, clock.now()) is None:
        scheduler._schedules._data.pop(key, None)
    return True


def _told(target: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """A schedule's target with what its input asks to be told of this time; MiniStack leaves the keywords there.

    Which attempt it is, `dead_letters` tells, which tries again.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html (2026)
    """
    text = target.get("Input") or ""
    for keyword, value in (
        ("schedule-arn", event["Resources"][0]),
        ("scheduled-time", datetime.fromtimestamp(event["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("execution-id", event["EventId"]),
    ):
        text = text.replace(f"<aws.scheduler.{keyword}>", value)
    return {**target, "Input": text} if text else target


def _send(target: dict[str, Any], event: dict[str, Any], record: dict[str, Any]) -> None:
    from ministack.services import eventbridge

    try:
        eventbridge._invoke_target(target, event, record)
    except Exception:
        eventbridge.logger.exception("%s could not be fired", record.get("Arn"))
