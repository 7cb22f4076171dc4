"""Tests for templates with YAML's aliases on the embedded emulator: they are refused, and hold nothing up."""

import json

import pytest
from botocore.exceptions import ClientError

BOMB = "\n".join(["  a0: &a0 [pet, pet]", *(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))])
QUEUE = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: !Ref Delay}\n"
DELAY = "Parameters:\n  Delay: {Type: Number, Default: 7}\n"
WORDS = "YAML aliases are not allowed"


def refusal(ask, **asked):
    with pytest.raises(ClientError) as refused:
        ask(**asked)
    return refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("ask", ["create_stack", "validate_template", "get_template_summary"])
def test_template_with_aliases_is_refused(clients, ask):
    stack = {"StackName": "pets"} if ask == "create_stack" else {}
    template = f"{QUEUE}{DELAY}Metadata:\n{BOMB}"
    assert WORDS in refusal(getattr(clients["cloudformation"], ask), TemplateBody=template, **stack)


def test_template_with_the_short_forms_of_functions_is_taken(clients):
    clients["cloudformation"].create_stack(StackName="pets", TemplateBody=QUEUE + DELAY)
    clients["cloudformation"].get_waiter("stack_create_complete").wait(StackName="pets", WaiterConfig={"Delay": 0.1})


def test_included_part_with_aliases_is_refused(clients):
    clients["s3"].create_bucket(Bucket="parts")
    clients["s3"].put_object(Bucket="parts", Key="part", Body=f"Tags:\n{BOMB}".encode())
    part = {"Name": "AWS::Include", "Parameters": {"Location": "s3://parts/part"}}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"Fn::Transform": part}}
    asked = {"StackName": "pets", "TemplateBody": json.dumps({"Resources": {"Queue": queue}})}
    asked["Capabilities"] = ["CAPABILITY_AUTO_EXPAND"]
    assert "should be valid Yaml/JSON" in refusal(clients["cloudformation"].create_stack, **asked)
    for body in ('{\t"DelaySeconds": 7}', "DelaySeconds: 7"):
        clients["s3"].put_object(Bucket="parts", Key="part", Body=body.encode())
        clients["cloudformation"].create_stack(**asked | {"StackName": f"pets-{len(body)}"})
