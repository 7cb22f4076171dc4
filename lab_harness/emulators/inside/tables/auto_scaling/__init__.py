"""Application Auto Scaling, for the capacity of DynamoDB's tables and global indexes; MiniStack has no such service.

A policy of target tracking makes four alarms in CloudWatch. When a table consumes more than the target for two minutes
it gets more capacity, when it consumes twenty points less for fifteen minutes it gets less, by the emulator's time:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html (2026). Other services, other kinds of
policies and scheduled actions are refused.
"""

from typing import Any

import wrapt

NAME, MODULE = "application-autoscaling", "application_autoscaling"
ROUTE = {
    "target_prefixes": ["AnyScaleFrontendService"],
    "host_patterns": [r"application-autoscaling\."],
    "credential_scope": NAME,
}


def install() -> None:
    """Give MiniStack the service. This takes effect when it is imported."""
    wrapt.register_post_import_hook(_add_service, "ministack.app")
    wrapt.register_post_import_hook(_add_actions, "ministack.core.iam_actions")
    wrapt.register_post_import_hook(_leave_alarms_to_us, "ministack.services.cloudwatch")
    wrapt.register_post_import_hook(_add_resources, "ministack.services.cloudformation.provisioners")
    wrapt.register_post_import_hook(_scale_replicas, "ministack.services.dynamodb")


def _add_service(app: Any) -> None:
    from ministack.core import router

    from lab_harness.emulators.inside.moving_time import falling_due
    from lab_harness.emulators.inside.tables.auto_scaling import service, tracking

    router.SERVICE_PATTERNS[NAME] = ROUTE
    app.SERVICE_REGISTRY[NAME] = {"module": MODULE}
    app.SERVICE_HANDLERS[NAME] = service.handle_request
    app._loaded_modules[MODULE] = service
    app._state_map[MODULE] = MODULE
    falling_due.follow(tracking.tracking)


def _add_actions(iam_actions: Any) -> None:
    iam_actions.SERVICE_TO_IAM_NAMESPACE[NAME] = NAME


def _add_resources(provisioners: Any) -> None:
    from lab_harness.emulators.inside.tables.auto_scaling import stacks

    stacks.add(provisioners)


def _scale_replicas(dynamodb: Any) -> None:
    from lab_harness.emulators.inside.tables.auto_scaling import replicas

    replicas.change(dynamodb)


def _leave_alarms_to_us(cloudwatch: Any) -> None:
    @wrapt.patch_function_wrapper(cloudwatch, "_evaluate_alarm")
    def evaluate(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        is_ours = any(":scalingPolicy:" in action for action in args[0].get("AlarmActions") or [])
        return None if is_ours else original(*args, **kwargs)
