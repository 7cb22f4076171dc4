"""The requests that a resource's properties make, by the functions of MiniStack that would answer them."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import tostring

Properties = dict[str, Any]
Requests = Iterator[tuple[Any, ...]]  # MiniStack's service and function, and what the function is called with


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _function(name: str, properties: Properties) -> Requests:
    code = {part: value for part, value in (properties.get("Code") or {}).items() if part.startswith("S3")}
    yield "lambda_svc", "_create_function", {**properties, "FunctionName": name, "Code": code}
    if "ReservedConcurrentExecutions" in properties:
        yield "lambda_svc", "_put_function_concurrency", name, properties


def _alias(_name: str, properties: Properties) -> Requests:
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    function, _ = lambda_svc._resolve_name_and_qualifier(properties.get("FunctionName", ""))
    asked = {
        **properties,
        "FunctionName": function,
        "FunctionVersion": str(properties.get("FunctionVersion", "$LATEST")),
        "RoutingConfig": provisioners._lambda_alias_routing_config(properties) or {},
    }
    yield "lambda_svc", "_create_alias", function, asked


def _mapping(name: str, properties: Properties) -> Requests:
    from ministack.services import lambda_svc

    made = name in lambda_svc._esms
    yield "lambda_svc", *(("_update_esm", name) if made else ("_create_esm",)), properties


def _permission(_name: str, properties: Properties) -> Requests:
    from ministack.services import lambda_svc

    function, _ = lambda_svc._resolve_name_and_qualifier(properties.get("FunctionName", ""))
    yield "lambda_svc", "_add_permission", function, {**properties, "Principal": str(properties.get("Principal", ""))}


def _queue(name: str, properties: Properties) -> Requests:
    from ministack.services.cloudformation import provisioners

    fifo = str(properties.get("FifoQueue", "")).lower() == "true"
    attributes = provisioners._sqs_queue_fields(properties, fifo)
    named = properties.get("QueueName") or f"{name}{'.fifo' * fifo}"
    yield "sqs", "_act_create_queue", {"QueueName": named, "Attributes": attributes}, ""


def _queue_policy(_name: str, properties: Properties) -> Requests:
    attributes = {"Policy": _document(properties.get("PolicyDocument"))}
    for url in properties.get("Queues", []):
        yield "sqs", "_act_set_queue_attributes", {"QueueUrl": url, "Attributes": attributes}, ""


def _topic_policy(_name: str, properties: Properties) -> Requests:
    written = {"AttributeName": ["Policy"], "AttributeValue": [_document(properties.get("PolicyDocument"))]}
    for arn in properties.get("Topics", []):
        yield "sns", "_set_topic_attributes", {"TopicArn": [arn], **written}


def _subscription(_name: str, properties: Properties) -> Requests:
    given = {"TopicArn": [properties.get("TopicArn")], "Protocol": [properties.get("Protocol")]}
    for number, member in enumerate(("FilterPolicy", "FilterPolicyScope"), 1):
        value = _document(properties[member]) if member in properties else ""
        given |= {f"Attributes.entry.{number}.key": [member], f"Attributes.entry.{number}.value": [value]}
    yield "sns", "_subscribe", given


def _bucket_policy(_name: str, properties: Properties) -> Requests:
    yield "s3", "_put_bucket_policy", properties.get("Bucket"), _document(properties.get("PolicyDocument")).encode()


def _role(name: str, properties: Properties) -> Requests:
    trust = _document(properties.get("AssumeRolePolicyDocument", {}))
    yield "iam", "_create_role", {"RoleName": [name], "AssumeRolePolicyDocument": [trust]}
    for arn in properties.get("ManagedPolicyArns", []):
        yield "iam", "_attach_role_policy", {"RoleName": [name], "PolicyArn": [arn]}
    for each in properties.get("Policies", []):
        yield "iam", "_put_role_policy", {"PolicyDocument": [_document(each.get("PolicyDocument"))]}


def _user(_name: str, properties: Properties) -> Requests:
    for arn in properties.get("ManagedPolicyArns", []):
        yield "iam", "_attach_user_policy", {"PolicyArn": [arn]}
    for each in properties.get("Policies", []):
        yield "iam", "_put_user_policy", {"PolicyDocument": [_document(each.get("PolicyDocument"))]}


def _policy(_name: str, properties: Properties) -> Requests:
    yield "iam", "_create_policy", {"PolicyDocument": [_document(properties.get("PolicyDocument"))]}


def _distribution(_name: str, properties: Properties) -> Requests:
    from ministack.services.cloudformation import provisioners

    config = provisioners._cf_distribution_config(properties, "a-template")
    yield "cloudfront", "_create_distribution", {}, tostring(config)


def _rule(name: str, properties: Properties) -> Requests:
    yield "eventbridge", "_put_rule", {**properties, "Name": name}
    if targets := properties.get("Targets"):
        yield "eventbridge", "_put_targets", {**properties, "Rule": name, "Targets": targets}


def _schedule(name: str, properties: Properties) -> Requests:
    yield "scheduler", "_create_schedule", name, properties


def _machine(name: str, properties: Properties) -> Requests:
    from ministack.services.cloudformation import provisioners

    definition = provisioners._sfn_definition(properties)
    asked = {"name": name, "definition": definition, "roleArn": properties.get("RoleArn")}
    yield "stepfunctions", "_create_state_machine", asked


def _layer(name: str, properties: Properties) -> Requests:
    yield "lambda_svc", "_publish_layer_version", name, properties


def _pipe(name: str, properties: Properties) -> Requests:
    yield "pipes", "_create_pipe", name, properties


def _delivery_stream(name: str, properties: Properties) -> Requests:
    yield "firehose", "_create_delivery_stream", {**properties, "DeliveryStreamName": name}


def _roles_of_identities(_name: str, properties: Properties) -> Requests:
    yield "cognito", "_set_identity_pool_roles", properties


def _group(_name: str, properties: Properties) -> Requests:
    yield "cognito", "_create_group", properties


def _subscription_filter(_name: str, properties: Properties) -> Requests:
    yield (
        "cloudwatch_logs",
        "_put_subscription_filter",
        {key[0].lower() + key[1:]: properties[key] for key in properties},
    )


def _rest_method(_name: str, properties: Properties) -> Requests:
    integration = properties.get("Integration") or {}
    names = {"credentials": "Credentials", "type": "Type", "httpMethod": "IntegrationHttpMethod", "uri": "Uri"}
    asked = {name: integration.get(key) for name, key in names.items()}
    yield "apigateway_v1", "_put_integration", "", "", "", asked


def _gateways_account(_name: str, properties: Properties) -> Requests:
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": properties.get("CloudWatchRoleArn")}
    yield "apigateway_v1", "_update_account", {"patchOperations": [change]}


def _rest_authorizer(_name: str, properties: Properties) -> Requests:
    names = ("type", "authorizerUri", "authorizerCredentials")
    yield (
        "apigateway_v1",
        "_create_authorizer",
        "",
        {each: properties.get(each[0].upper() + each[1:]) for each in names},
    )


def _http_integration(_name: str, properties: Properties) -> Requests:
    yield "apigateway", "_create_integration", "", {"credentialsArn": properties.get("CredentialsArn")}


def _http_authorizer(_name: str, properties: Properties) -> Requests:
    given = {"authorizerCredentialsArn": properties.get("AuthorizerCredentialsArn")}
    yield "apigateway", "_create_authorizer", "", given


REQUESTS: dict[str, Callable[[str, Properties], Requests]] = {
    "AWS::ApiGateway::Account": _gateways_account,
    "AWS::ApiGateway::Authorizer": _rest_authorizer,
    "AWS::ApiGateway::Method": _rest_method,
    "AWS::ApiGatewayV2::Authorizer": _http_authorizer,
    "AWS::ApiGatewayV2::Integration": _http_integration,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::Cognito::IdentityPoolRoleAttachment": _roles_of_identities,
    "AWS::Cognito::UserPoolGroup": _group,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": _policy,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": _user,
    "AWS::KinesisFirehose::DeliveryStream": _delivery_stream,
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::LayerVersion": _layer,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::SubscriptionFilter": _subscription_filter,
    "AWS::Pipes::Pipe": _pipe,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::StepFunctions::StateMachine": _machine,
}
