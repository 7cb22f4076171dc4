"""Tests for deployments on the embedded emulator: a stage serves what was deployed to it, until another is."""

from lab_harness.authors.http import Http
from lab_harness.aws import Clients
from lab_harness.emulators.embedded import Embedded
from lab_harness.emulators.process import free_port


def answers(gateway, api, resource, status):
    """Let GET at a resource of an API answer with this status by itself."""
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
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
