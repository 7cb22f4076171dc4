"""The CRON job: what it removes, and when Scheduler starts it."""

import json
from contextlib import contextmanager
from datetime import timedelta

from lab_harness.authors import Failure, buckets, functions, next_steps, schedules

from . import BUCKET, IN, TIDY

SCHEDULE, NIGHTLY, ZONE = "tidy-photos-nightly", "cron(0 3 * * ? *)", "Europe/Lisbon"
WHEN = "<aws.scheduler.scheduled-time>"


def tidy(lambda_, key, moment):
    """Let tidy-photos look at one key alone, at a moment; its answer."""
    event = {"prefix": key, "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return functions.invoke(lambda_, TIDY, event)


def after(s3, key, days):
    """The moment so many days after an object was uploaded."""
    return s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] + timedelta(days=days)


@contextmanager
def kept_originals(s3):
    """Put back afterwards the originals that a wrong function has removed."""
    before = {key: s3.get_object(Bucket=BUCKET, Key=key) for key in buckets.keys(s3, BUCKET) if key.startswith(IN)}
    bodies = {key: found["Body"].read() for key, found in before.items()}
    try:
        yield
    finally:
        there = set(buckets.keys(s3, BUCKET))
        for key in bodies.keys() - there:
            s3.put_object(Bucket=BUCKET, Key=key, Body=bodies[key], ContentType=before[key]["ContentType"])


def expect_tidy(s3, lambda_, logs, key):
    """tidy-photos leaves a photo that is not yet 30 days old, and removes it later, and it alone."""
    others = set(buckets.keys(s3, BUCKET)) - {key}
    for days, wanted in ((29.9, True), (30.1, False)):
        moment = after(s3, key, days)
        answer = tidy(lambda_, key, moment)
        there = set(buckets.keys(s3, BUCKET))
        missing = sorted(others - there)
        if answer.error or missing or (key in there) != wanted:
            removed = ", ".join(missing) if missing else key
            raise Failure(
                expected=f"{key} {'still there' if wanted else 'removed'} {days} days after its upload, all else there",
                found=f"{answer.described()}; {functions.latest_log(logs, TIDY)}"
                if answer.error
                else f"{key} still there"
                if not missing and key in there
                else f"{removed} removed",
                next_step=answer.next_step(
                    "Compare LastModified with event['time'], less 30 days, and list below event['prefix'] alone."
                ),
                there=True,
            )


def expect_nightly(schedule):
    """A schedule is due each night at 3:00 in Lisbon, for ever."""
    zone, window = schedule.get("ScheduleExpressionTimezone", "UTC"), schedule["FlexibleTimeWindow"]["Mode"]
    due = schedules.due(schedule["ScheduleExpression"])
    if (due, zone, window) != (schedules.due(NIGHTLY), ZONE, "OFF"):
        raise Failure(
            expected=f"a cron expression for 3:00 each night, the time zone {ZONE}, and no flexible window",
            found=f"{schedule['ScheduleExpression']} in {zone}, FlexibleTimeWindow {window}",
            next_step=f"{next_steps.change('the schedule', 'create_schedule')} It takes all settings again.",
            there=True,
        )
    limited = [name for name in ("StartDate", "EndDate") if schedule.get(name)]
    if schedule.get("State") != "ENABLED" or limited:
        raise Failure(
            expected="a schedule that is ENABLED, without StartDate and EndDate",
            found=f"State {schedule.get('State')}{''.join(f', {name} {schedule[name]}' for name in limited)}",
            next_step="Correct it where your cell calls create_schedule; update_schedule wants all settings again.",
            there=True,
        )


def expect_input(told):
    """What Scheduler tells the function: the prefix, and the time for which the run was planned."""
    try:
        given = json.loads(told)
    except ValueError:
        given = None
    if not isinstance(given, dict) or (given.get("prefix"), given.get("time")) != (IN, WHEN):
        raise Failure(
            expected=f"the Input {json.dumps({'prefix': IN, 'time': WHEN})}",
            found=f"the Input {told}" if told else "no Input",
            next_step="Section 7 names the keyword that Scheduler replaces by the time for which the run was planned.",
        )
