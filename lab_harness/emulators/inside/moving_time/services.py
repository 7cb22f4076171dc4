"""Lets MiniStack's services go by the emulator's time.

Each sees the modules `time` and `datetime` with another now. Signatures are left to the computer's time, for the
programs that sign have no other.
"""

import datetime as dt
import time
from time import struct_time
from typing import Any

import wrapt

from lab_harness.emulators.inside.moving_time import clock
from lab_harness.emulators.inside.records.probes import probing

SERVICES = (
    *("sqs", "sns", "eventbridge", "scheduler", "pipes", "lambda_svc", "stepfunctions", "dynamodb", "dynamodb_streams"),
    *("kinesis", "firehose", "s3", "cloudwatch", "cloudwatch_logs", "sts", "iam", "cognito", "secretsmanager", "ssm"),
    *("lambda_durable", "kms", "apigateway", "apigateway_v1", "cloudfront", "ec2", "rds", "cloudformation.stacks"),
    *("cloudformation.changesets", "cloudformation.handlers"),
)


def install() -> None:
    """Make MiniStack go by this time. It takes effect for each service when it is imported."""
    for name in SERVICES:
        wrapt.register_post_import_hook(_change, f"ministack.services.{name}")
    wrapt.register_post_import_hook(_change, "ministack.core.responses")
    wrapt.register_post_import_hook(_change_stepfunctions, "ministack.services.stepfunctions")
    wrapt.register_post_import_hook(_change_s3, "ministack.services.s3")


class Time(wrapt.ObjectProxy[Any]):
    """The module `time`."""

    def time(self) -> float:
        """The emulator's time, in seconds since 1970."""
        return clock.now()

    def time_ns(self) -> int:
        """The emulator's time, in nanoseconds since 1970."""
        return int(clock.now() * 1_000_000_000)

    def gmtime(self, seconds: float | None = None) -> struct_time:
        """A moment in UTC, now if none is given."""
        return time.gmtime(clock.now() if seconds is None else seconds)


class WaitingTime(Time):
    """The module `time` for a service that waits as long as the learner has asked for."""

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of the emulator's time."""
        clock.sleep(seconds, hasty=probing.get())


class Datetime(wrapt.CallableObjectProxy[Any]):
    """The class `datetime`, of which moments may be made, too."""

    def now(self, tz: dt.tzinfo | None = None) -> dt.datetime:
        """The emulator's time, in a time zone."""
        return clock.today(tz)

    def utcnow(self) -> dt.datetime:
        """The emulator's time in UTC, without saying so."""
        return clock.today(dt.UTC).replace(tzinfo=None)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, dt.datetime)


class DatetimeModule(wrapt.ObjectProxy[Any]):
    """The module `datetime`."""

    datetime = Datetime(dt.datetime)


class Threading(wrapt.ObjectProxy[Any]):
    """The module `threading`: who waits for an event waits by the emulator's time, and that waits for who works."""

    Event, Thread = clock.Event, clock.Thread


def _change(module: Any) -> None:
    for name, value in list(vars(module).items()):
        if value is time:
            setattr(module, name, Time(time))
        elif value is dt.datetime:
            setattr(module, name, Datetime(dt.datetime))
        elif value is dt:
            setattr(module, name, DatetimeModule(dt))


def _change_stepfunctions(stepfunctions: Any) -> None:
    stepfunctions.time, stepfunctions.threading = WaitingTime(time), Threading(stepfunctions.threading)

    @wrapt.patch_function_wrapper(stepfunctions, "_run_sub_machine")  # a branch, or an item of a Map
    def run_branch(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        with clock.at_work():
            return original(*args, **kwargs)

    @wrapt.patch_function_wrapper(stepfunctions, "futures_wait")
    def wait_for_items(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        with clock.idle():
            return original(*args, **kwargs)


def _change_s3(s3: Any) -> None:
    @wrapt.patch_function_wrapper(s3, "_enforce_signed_post_policy")  # its end is by the clock of who signed it
    def enforce(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        with clock.by_the_computer():
            return original(*args, **kwargs)

    s3.presigned_request_is_expired = clock.has_ended
