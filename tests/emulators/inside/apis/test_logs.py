"""Tests for logs of REST APIs on the embedded emulator: what is written, at which level, and with whose permission."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.apis.integrations.test_integrations import Api, template
from tests.roles import allow, role, take_away

FORMAT = (
    '{"id": "$context.requestId", "path": "$context.path", "status": "$context.status", "by": "$context.identity.user"}'
)
TEMPLATES = {"application/json": '{"statusCode": $input.params("status")}'}
WRITING = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture
def api(clients, embedded):
    found = Api(clients, embedded.endpoint)
    found.serve({"type": "MOCK", "requestTemplates": TEMPLATES}, template("fine"))
    return found


@pytest.fixture
def account(clients, api):
    """Sets the account's role for logs; the role's ARN."""
    given = role(clients, "logger", WRITING, services=["apigateway"])
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": given}
    assert api.gateway.update_account(patchOperations=[change])["cloudwatchRoleArn"] == given
    return given


def change(api, **values):
    """Change settings of the stage, by their paths with a colon for each slash."""
    changes = [{"op": "replace", "path": f"/{path}", "value": value} for path, value in values.items()]
    api.gateway.update_stage(restApiId=api.id, stageName="test", patchOperations=changes)


def lines(clients, group):
    """All that a log group has, in its order."""
    events = clients["logs"].filter_log_events(logGroupName=group)["events"]
    return [each["message"] for each in sorted(events, key=lambda each: each["timestamp"])]


def executions(api):
    return f"API-Gateway-Execution-Logs_{api.id}/test"


def test_access_is_logged_in_the_format_of_the_stage(clients, api, account):
    clients["logs"].create_log_group(logGroupName="hotel")
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:hotel"
    change(api, **{"accessLogSettings/destinationArn": arn, "accessLogSettings/format": FORMAT})
    assert [api.post(path=f"/pets/7?status={status}").status for status in (200, "none")] == [200, 500]
    found = [json.loads(each) for each in lines(clients, "hotel")]
    assert [(each["path"], each["status"], each["by"]) for each in found] == [
        ("/test/pets/7", "200", "-"),
        ("/test/pets/7", "500", "-"),
    ]
    assert found[0]["id"] != found[1]["id"]


def test_executions_are_logged_by_level(clients, api, account):
    change(api, **{"*/*/logging/loglevel": "INFO"})
    assert api.post("secret", "/pets/7?status=200").status == 200
    found = lines(clients, executions(api))
    assert any(each.endswith("HTTP Method: POST, Resource Path: /pets/{id}") for each in found)
    assert found[-1].endswith("Method completed with status: 200")
    assert "secret" not in "".join(found)
    change(api, **{"*/*/logging/dataTrace": "true"})
    api.post("secret", "/pets/7?status=200", **{"x-api-key": "k" * 20})
    found = lines(clients, executions(api))
    assert any(each.endswith("Method request body before transformations: secret") for each in found)
    assert "k" * 7 not in "".join(found)
    before = len(found)
    change(api, **{"*/*/logging/loglevel": "ERROR"})
    assert [api.post(path=f"/pets/7?status={status}").status for status in (200, "none")] == [200, 500]
    (failed,) = lines(clients, executions(api))[before:]
    assert "Execution failed due to configuration error: the template of a MOCK makes no statusCode" in failed
    change(api, **{"*/*/logging/loglevel": "OFF"})
    api.post(path="/pets/7?status=none")
    assert len(lines(clients, executions(api))) == before + 1


def test_logging_needs_a_role_that_may_and_nothing_is_written_without(clients, api):
    with pytest.raises(ClientError, match="role ARN must be set in account settings"):
        change(api, **{"*/*/logging/loglevel": "INFO"})
    given = role(clients, "logger", {**WRITING, "Action": "s3:*"}, services=["apigateway"])
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": given}
    with pytest.raises(ClientError, match="does not have required permissions"):
        api.gateway.update_account(patchOperations=[patch])
    allow(clients, "logger", WRITING)
    api.gateway.update_account(patchOperations=[patch])
    change(api, **{"*/*/logging/loglevel": "INFO"})
    take_away(clients, "logger")
    assert api.post(path="/pets/7?status=200").status == 200
    assert clients["logs"].describe_log_groups(logGroupNamePrefix="API-Gateway")["logGroups"] == []
    allow(clients, "logger", WRITING)
    api.post(path="/pets/7?status=200")
    assert lines(clients, executions(api))
