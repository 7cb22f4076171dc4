"""Tests for deployments on the embedded emulator: a stage serves what was deployed to it, until another is."""

from contextlib import suppress

import pytest
from botocore.exceptions import ClientError

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port


def answers(gateway, api, resource, status):
    """Let GET at a resource of an API answer with this status by itself."""
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    with suppress(gateway.exceptions.ConflictException):  # it is there already
        gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": f'{{"statusCode": {status}}}'})
    gateway.put_method_response(**method, statusCode=str(status))
    gateway.put_integration_response(**method, statusCode=str(status))


def deploy(gateway, api, stage="test"):
    return gateway.create_deployment(restApiId=api, stageName=stage)["id"]


def test_changes_are_served_once_they_are_deployed_and_an_older_deployment_again(clients, gateway, embedded):
    made = gateway.create_rest_api(name="rest")
    api, root, http = made["id"], made["rootResourceId"], Http(embedded.endpoint)
    answers(gateway, api, root, 200)
    first = deploy(gateway, api)
    answers(gateway, api, root, 201)
    greedy = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    answers(gateway, api, greedy, 202)

    def statuses(stage="test"):
        return [http.api(api, stage, "GET", path).status for path in ("/", "/more")]

    assert statuses() == [200, 403]
    deploy(gateway, api, "next")
    assert (statuses(), statuses("next")) == ([200, 403], [201, 202])
    second = deploy(gateway, api)
    assert statuses() == [201, 202]
    gateway.delete_resource(restApiId=api, resourceId=greedy)
    assert statuses() == [201, 202]
    change = {"op": "replace", "path": "/deploymentId", "value": first}
    gateway.update_stage(restApiId=api, stageName="test", patchOperations=[change])
    assert statuses() == [200, 403]
    assert set(gateway.get_deployment(restApiId=api, deploymentId=second)) >= {"id", "createdDate"}


def test_what_was_deployed_is_served_after_a_restart(tmp_path):
    emulator = Embedded(tmp_path, free_port())
    emulator.start()
    try:
        gateway = Clients(emulator)["apigateway"]
        made = gateway.create_rest_api(name="rest")
        answers(gateway, made["id"], made["rootResourceId"], 200)
        deploy(gateway, made["id"])
        answers(gateway, made["id"], made["rootResourceId"], 201)
        emulator.stop()
        emulator.start()
        assert Http(emulator.endpoint).api(made["id"], "test", "GET", "/").status == 200
    finally:
        emulator.stop()


def test_deployment_that_a_stage_serves_is_not_deleted(gateway):
    made = gateway.create_rest_api(name="rest")
    answers(gateway, made["id"], made["rootResourceId"], 200)
    first, second = deploy(gateway, made["id"]), deploy(gateway, made["id"])
    with pytest.raises(ClientError, match="Active stages pointing to this deployment must be moved or deleted"):
        gateway.delete_deployment(restApiId=made["id"], deploymentId=second)
    gateway.delete_deployment(restApiId=made["id"], deploymentId=first)


def versioned_api(clients, *permitted):
    """The id of an API and of a deployment of it that calls the alias which a stage variable names: first or second.

    Its function answers with the number of its version, 1 or 2. These aliases let API Gateway call them.
    """
    lambda_, gateway = clients["lambda"], clients["apigateway"]
    for number, name in enumerate(("first", "second"), 1):
        lambda_.update_function_configuration(FunctionName="hello", Description=name)
        version = lambda_.publish_version(FunctionName="hello")["Version"]
        assert int(version) == number
        lambda_.create_alias(FunctionName="hello", Name=name, FunctionVersion=version)
    for name in permitted:
        given = {"FunctionName": "hello", "Qualifier": name, "StatementId": name}
        lambda_.add_permission(**given, Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")
    made = gateway.create_rest_api(name="rest")
    method = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:hello:${stageVariables.alias}"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    return made["id"], gateway.create_deployment(restApiId=made["id"])["id"]


VERSION = 'def lambda_handler(event, context): return {"statusCode": 200, "body": context.function_version}'


def test_stage_variable_chooses_the_alias_which_must_let_the_api_in(hello, embedded):
    clients = hello(VERSION)
    api, deployment = versioned_api(clients, "second")
    for name in ("first", "second", "third"):
        clients["apigateway"].create_stage(
            restApiId=api, stageName=name, deploymentId=deployment, variables={"alias": name}
        )
    answers = [Http(embedded.endpoint).api(api, name, "GET", "/") for name in ("first", "second", "third")]
    assert [each.status for each in answers] == [500, 200, 500]
    assert answers[1].text == "2"
