"""Lets services call functions, queues and topics only where these let them: by the resource's own policy.

MiniStack asks queues and topics whether S3 and SNS may send, but tells nobody; all other deliveries it makes unasked.
A rule whose target has a role acts with that; so does every schedule.
"""

import json
from typing import Any

from lab_harness.emulators.base import ACCOUNT
from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.permissions.asking import vouched
from lab_harness.emulators.inside.permissions.authorization import principals
from lab_harness.emulators.inside.permissions.authorization.authority import Authority, arn, context, policy_of
from lab_harness.emulators.inside.permissions.authorization.calls import verified
from lab_harness.emulators.inside.permissions.authorization.decisions import Question
from lab_harness.iam.contexts import service_of

INVOKE, INVOKE_URL = "lambda:InvokeFunction", "lambda:InvokeFunctionUrl"
INVOKE_API, PUT_EVENTS = "events:InvokeApiDestination", "events:PutEvents"
RULES, SCHEDULES = "events.amazonaws.com", "scheduler.amazonaws.com"
ALARMS = "cloudwatch.amazonaws.com"
OF_ALARMS = {"ALARM": "AlarmActions", "OK": "OKActions"}  # by the state; else InsufficientDataActions
# What a rule, a schedule or a pipe does with a target, by the service in the target's ARN.
OF_TARGETS = {
    "lambda": INVOKE,
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "kinesis": "kinesis:PutRecord",
    "firehose": "firehose:PutRecord",
}
OF_EVENTS = {"api-destination": INVOKE_API, "event-bus": PUT_EVENTS}  # by what the ARN names, of EventBridge's own
BY_POLICY = ("lambda", "sqs", "sns")  # targets that need no role, because they have policies of their own
ADVICE = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
FORBIDDEN = {"Message": f"Forbidden. For troubleshooting Function URL authorization issues, see: {ADVICE}"}
UNSIGNED = b'{"Message":"Forbidden"}'
FORBIDDEN_HEADERS = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}


class Deliveries:
    """Decides about what services deliver in one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._may = authority.service_may
        self._role_may = authority.role_may
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        services: dict[str, dict[str, hooks.Wrapper]] = {
            "eventbridge": {"_invoke_target": self._target},
            "sns": {"_deliver_to_lambda": self._of_topic, "topic_policy_allows": self._to_topic},
            "sqs": {"queue_policy_allows": self._to_queue},
            "s3": {"_validate_notification_configs": self._notifications, "_deliver_event_to_lambda": self._of_bucket},
            "cloudwatch": {"_dispatch_alarm_actions": self._alarm},
            "lambda_svc": {"handle_function_url_request": self._function_url},
        }
        hooks.change(services)

    def _target(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A rule's target, or a schedule's."""
        target, event, rule, *_ = args
        resource = target.get("Arn", "")
        service = service_of(resource)
        of_events = OF_EVENTS.get(resource.split(":")[-1].partition("/")[0])
        action = of_events if service == "events" else OF_TARGETS.get(service)
        role = target.get("RoleArn")
        by = SCHEDULES if event.get("Source") == "aws.scheduler" else RULES
        if action is None:
            may = True
        elif action == PUT_EVENTS and not role:
            may = self._account_may(action, resource, rule.get("Arn"))
        elif role or service not in BY_POLICY:
            may = not self._role_may(role or "", f"{by}/{rule.get('Name')}", action, resource)
        else:
            may = self._may(by, action, resource, rule.get("Arn"))
        return original(*args, **kwargs) if may else None

    def _account_may(self, action: str, resource: str, rule: str | None) -> bool:
        """Whether another bus of the account takes a rule's events: unless its policy denies it, it does.

        AWS recommends a role for this, and asks for one only where the bus is another account's or region's.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html (2026)
        """
        who = principals.account()
        known = context(who, {"aws:SourceArn": rule})
        return self._authority.may(who, Question(action, resource, known, policy_of(resource))).allowed

    def _of_topic(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        function, _envelope, topic, *_ = args
        return original(*args, **kwargs) if self._may("sns.amazonaws.com", INVOKE, function, topic) else None

    def _to_queue(self, _original: Any, _instance: Any, args: Any, _kwargs: Any) -> bool:
        """Whether a topic or a bucket may send to a queue."""
        queue, service, source, account = args
        return self._may(service, "sqs:SendMessage", queue, source, **{"aws:SourceOwner": account})

    def _to_topic(self, _original: Any, _instance: Any, args: Any, _kwargs: Any) -> bool:
        """Whether a bucket may publish. A new topic's policy lets whatever is its account's own."""
        topic, service, source, account = args
        return self._may(service, "sns:Publish", topic, source, **{"aws:SourceOwner": account})

    def _of_bucket(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        function, event, *_ = args
        bucket = event["Records"][0]["s3"]["bucket"]["name"]
        may = self._may("s3.amazonaws.com", INVOKE, function, f"arn:aws:s3:::{bucket}")
        return original(*args, **kwargs) if may else None

    def _notifications(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Where S3 is to notify whom it may not call is refused at once."""
        from ministack.services import s3

        configs, _region, *more = args
        bucket, skips = [*more, "", False][:2]
        source = f"arn:aws:s3:::{bucket}"
        refused = original(*args, **kwargs)
        if refused or skips or kwargs.get("skip_destination_validation"):
            return refused
        functions = [each["arn"] for each in configs if each["type"] == "lambda"]
        kept_out = [each for each in functions if not self._may("s3.amazonaws.com", INVOKE, each, source)]
        words = f"Unable to validate the following destination configurations: {', '.join(kept_out)}"
        return s3._invalid_notification_config(words) if kept_out else None

    def _alarm(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """What an alarm does as its state changes: it publishes to the topics that let it."""
        alarm, before, now, *more = args
        name = OF_ALARMS.get(now, "InsufficientDataActions")
        let_in = [each for each in alarm.get(name) or [] if self._may_publish(each, alarm.get("AlarmArn"))]
        return original({**alarm, name: let_in}, before, now, *more, **kwargs)

    def _may_publish(self, topic: str, alarm: str | None) -> bool:
        of_topic = ":sns:" in topic
        return not of_topic or self._may(ALARMS, "sns:Publish", topic, alarm, **{"aws:SourceOwner": ACCOUNT})

    async def _function_url(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A function URL asks for a right signature, or its function's policy must let everybody call it."""
        from ministack.services import lambda_svc

        found = kwargs.get("resolved") or lambda_svc.resolve_function_url(args[0])
        if found and found[4].get("AuthType") == "NONE" and not self._is_open(found[2], found[3]):
            return 403, dict(FORBIDDEN_HEADERS), json.dumps(FORBIDDEN).encode()
        # MiniStack is content with any signature that names no key. It answers a browser's question itself.
        asks = found and found[4].get("AuthType") == "AWS_IAM" and not (args[1] == "OPTIONS" and found[4].get("Cors"))
        if asks and not (verified.get() or vouched.get()):
            return 403, dict(FORBIDDEN_HEADERS), UNSIGNED
        return await original(*args, **kwargs)

    def _is_open(self, name: str, qualifier: str | None) -> bool:
        """Whether a function's policy has what AWS asks for since October 2025: both permissions."""
        function = arn("lambda", f"function:{name}" + (f":{qualifier}" if qualifier else ""))
        who = principals.anybody("anonymous")
        keys = {"lambda:FunctionUrlAuthType": "NONE", "lambda:InvokedViaFunctionUrl": "true"}
        known, policy = context(who, keys), policy_of(function)
        return all(
            self._authority.may(who, Question(action, function, known, policy)).allowed
            for action in (INVOKE_URL, INVOKE)
        )
