"""Tests for calls about several resources, which need the permission on each."""

import pytest

from tests.emulators.inside.permissions.authorization.test_calls import clients, denied, user
from tests.roles import policy

__all__ = ["clients"]  # the fixture

PARAMETER, ALARM = (
    "arn:aws:ssm:us-east-1:000000000000:parameter/shop/",
    "arn:aws:cloudwatch:us-east-1:000000000000:alarm:",
)


def may(action, *resources):
    return {"Effect": "Allow", "Action": action, "Resource": list(resources)}


@pytest.mark.parametrize(
    ("service", "call", "given", "action", "one", "other"),
    [
        (
            "ssm",
            "get_parameters",
            {"Names": ["/shop/a", "/shop/b"]},
            "ssm:GetParameters",
            PARAMETER + "a",
            PARAMETER + "b",
        ),
        (
            "cloudwatch",
            "delete_alarms",
            {"AlarmNames": ["a", "b"]},
            "cloudwatch:DeleteAlarms",
            ALARM + "a",
            ALARM + "b",
        ),
    ],
)
def test_a_permission_on_each_is_needed_and_enough(clients, embedded, service, call, given, action, one, other):
    hers = user(clients, embedded, may(action, one)).client(service, endpoint_url=embedded.endpoint)
    assert f"{action} on resource: {other} " in denied(getattr(hers, call), **given)[2]
    both = policy(may(action, one, other))
    clients["iam"].put_user_policy(UserName="ana", PolicyName="given", PolicyDocument=both)
    getattr(hers, call)(**given)


def test_parameters_are_read_by_the_path_that_one_may_read(clients, embedded):
    clients["ssm"].put_parameter(Name="/shop/a", Value="1", Type="String")
    may_read = may("ssm:GetParametersByPath", PARAMETER.rstrip("/"))
    hers = user(clients, embedded, may_read).client("ssm", endpoint_url=embedded.endpoint)
    assert [each["Name"] for each in hers.get_parameters_by_path(Path="/shop/")["Parameters"]] == ["/shop/a"]
    assert "ssm:GetParametersByPath" in denied(hers.get_parameters_by_path, Path="/till")[2]
