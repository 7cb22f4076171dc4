"""Whether a receiver of messages and events is there."""

from typing import Any

from lab_harness.iam.contexts import service_of


def gone(arn: str) -> str:
    """AWS's sentence where what this ARN names is not there; empty where it is, or is of another service."""
    from ministack.services import lambda_svc, sns, sqs

    service = service_of(arn)
    if service == "sqs" and sqs._queue_by_arn(arn) is None:
        return "The specified queue does not exist for this wsdl version."
    if service == "sns" and not sns._topic_by_arn_any_scope(arn):
        return "Topic does not exist"
    if service == "lambda" and not lambda_svc._get_func_record_for_ref(arn)[0]:
        return f"Function not found: {arn}"
    return f"State Machine Does Not Exist: '{arn}'" if service == "states" and not _machine(arn) else ""


def _machine(arn: str) -> Any:
    from ministack.services import stepfunctions

    return stepfunctions._resolve_state_machine_arn(arn)
