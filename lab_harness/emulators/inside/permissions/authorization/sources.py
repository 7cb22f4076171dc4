"""For whom a service uses a role: the ARN by which a trust policy may ask, so that no other's doing reaches the role.

AWS recommends such a condition, `aws:SourceArn`, for the roles of machines, rules, schedules, pipes and streams, and
has it in the trust policy of its own example of a log group's subscription. Of a schedule it is the ARN of its group.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html and
https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html (2026)
"""

from collections.abc import Mapping
from typing import Any

from lab_harness.emulators.base import ACCOUNT, REGION

SCHEDULER, STATES = "scheduler.amazonaws.com", "states.amazonaws.com"
# What each service uses a role for, by the name of its session, which is that of the thing.
FORMS = {
    STATES: "states:{region}:{account}:stateMachine:{name}",
    SCHEDULER: "scheduler:{region}:{account}:schedule-group/{name}",
    "events.amazonaws.com": "events:{region}:{account}:rule/{name}",
    "pipes.amazonaws.com": "pipes:{region}:{account}:pipe/{name}",
    "firehose.amazonaws.com": "firehose:{region}:{account}:deliverystream/{name}",
    "logs.amazonaws.com": "logs:{region}:{account}:log-group:{name}:*",
}
NAMES = ("name", "Rule", "DeliveryStreamName", "logGroupName")  # what requests call the thing


def of_session(service: str, name: str) -> str | None:
    """The ARN of that for which a service begins a session of this name; None where AWS tells none."""
    return _arn(service, _group_of(name) if service == SCHEDULER else name)


def of_request(service: str, args: tuple[Any, ...]) -> str | None:
    """The ARN of what a request makes, or changes, that is going to use a role."""
    asked: Mapping[str, Any] = args[-1]
    if service == SCHEDULER:
        return _arn(service, str(asked.get("GroupName") or "default"))
    if service == STATES and asked.get("stateMachineArn"):
        return str(asked["stateMachineArn"])
    named = next((str(asked[each]) for each in NAMES if asked.get(each)), "")
    return _arn(service, named or (args[0] if isinstance(args[0], str) else ""))


def _arn(service: str, name: str) -> str | None:
    form = FORMS.get(service)
    return f"arn:aws:{form.format(region=REGION, account=ACCOUNT, name=name)}" if form and name else None


def _group_of(schedule: str) -> str:
    from ministack.services import scheduler

    found = (each["GroupName"] for each in scheduler._schedules.values() if each.get("Name") == schedule)
    return str(next(found, "default"))
