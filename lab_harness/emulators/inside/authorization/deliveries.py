"""Lets services call functions, queues and topics only where these let them: by the resource's own policy.

MiniStack asks queues and topics whether S3 and SNS may send, but tells nobody; all other deliveries it makes unasked.
A rule whose target has a role acts with that; so does every schedule.
"""

import json
from functools import partial
from typing import Any

import wrapt

from lab_harness.emulators.inside.authorization import principals
from lab_harness.emulators.inside.authorization.authority import Authority, arn, context, policy_of
from lab_harness.emulators.inside.authorization.decisions import Question

INVOKE, INVOKE_URL = "lambda:InvokeFunction", "lambda:InvokeFunctionUrl"
GATEWAY, RULES, SCHEDULES = "apigateway.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com"
GATEWAYS_SESSION = f"{GATEWAY}/BackplaneAssumeRoleSession"
# What a rule does with a target, by the service in the target's ARN.
OF_TARGETS = {
    "lambda": INVOKE,
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "kinesis": "kinesis:PutRecord",
    "firehose": "firehose:PutRecord",
}
BY_POLICY = ("lambda", "sqs", "sns")  # targets that need no role, because they have policies of their own
ADVICE = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
FORBIDDEN = {"Message": f"Forbidden. For troubleshooting Function URL authorization issues, see: {ADVICE}"}
FORBIDDEN_HEADERS = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}
FAILED = (500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}')


class Deliveries:
    """Decides about what services deliver in one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._may = authority.service_may
        self._role_may = authority.role_may
        self._authority = authority

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        changes: dict[str, dict[str, Any]] = {
            "eventbridge": {"_invoke_target": self._target},
            "sns": {"_deliver_to_lambda": self._of_topic, "topic_policy_allows": self._to_topic},
            "sqs": {"queue_policy_allows": self._to_queue},
            "s3": {"_validate_notification_configs": self._notifications, "_deliver_event_to_lambda": self._of_bucket},
            "apigateway_v1": {
                "_invoke_lambda_proxy_v1": self._rest,
                "_invoke_lambda_custom_v1": self._rest,
                "_invoke_sqs_v1": self._rest_to_queue,
            },
            "apigateway": {"_invoke_lambda_proxy": self._http},
            "lambda_svc": {"handle_function_url_request": self._function_url},
        }
        for name, ours in changes.items():
            wrapt.register_post_import_hook(partial(_wrap, ours), f"ministack.services.{name}")

    def _target(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A rule's target, or a schedule's."""
        target, event, rule, *_ = args
        resource = target.get("Arn", "")
        service = [*resource.split(":"), "", ""][2]
        action, role = OF_TARGETS.get(service), target.get("RoleArn")
        by = SCHEDULES if event.get("Source") == "aws.scheduler" else RULES
        if action is None:
            may = True
        elif role or service not in BY_POLICY:
            may = not self._role_may(role or "", f"{by}/{rule.get('Name')}", action, resource)
        else:
            may = self._may(by, action, resource, rule.get("Arn"))
        return original(*args, **kwargs) if may else None

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

    async def _rest(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A method of a REST API that calls a function: with the integration's role, if it has one."""
        from ministack.services import apigateway_v1 as gateway

        integration, api, stage, _stage, resource, _path, method, *_ = args
        function = _function_arn(gateway._extract_lambda_ref_from_integration_uri(integration.get("uri", "")))
        if role := integration.get("credentials"):
            may = not self._role_may(role, GATEWAYS_SESSION, INVOKE, function)
        else:
            may = self._may(GATEWAY, INVOKE, function, arn("execute-api", f"{api}/{stage}/{method}{resource['path']}"))
        return await original(*args, **kwargs) if may else _rest_failure(gateway)

    async def _rest_to_queue(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        from ministack.services import apigateway_v1 as gateway

        integration = args[0]
        spec = gateway._parse_service_integration_uri(integration.get("uri", ""))
        queue = arn("sqs", spec[3].rpartition("/")[2] if spec else "")
        denied = self._role_may(integration.get("credentials") or "", GATEWAYS_SESSION, "sqs:SendMessage", queue)
        return _rest_failure(gateway) if denied else await original(*args, **kwargs)

    async def _http(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A route of an HTTP API that calls a function."""
        from ministack.services import apigateway as gateway

        integration, api, stage, *more = args
        key = more[5] if len(more) > 5 else kwargs.get("route_key", "$default")
        method, _, path = key.partition(" ")
        source = arn("execute-api", f"{api}/{stage}/{more[1] if path else method}{path}")
        function = _function_arn(
            gateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        )
        return await original(*args, **kwargs) if self._may(GATEWAY, INVOKE, function, source) else FAILED

    async def _function_url(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """A function URL that asks for no signature: its function's policy must let everybody call it."""
        from ministack.services import lambda_svc

        found = kwargs.get("resolved") or lambda_svc.resolve_function_url(args[0])
        if found and found[4].get("AuthType") == "NONE" and not self._is_open(found[2], found[3]):
            return 403, FORBIDDEN_HEADERS, json.dumps(FORBIDDEN).encode()
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


def _wrap(changes: dict[str, Any], module: Any) -> None:
    for name, change in changes.items():
        wrapt.wrap_function_wrapper(module, name, change)


def _function_arn(reference: str) -> str:
    return reference if reference.startswith("arn:") else arn("lambda", f"function:{reference}")


def _rest_failure(gateway: Any) -> Any:
    return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
