"""Tests for how functions run at the edge: when, with which log, and what is shown where they fail."""

import pytest

from tests.emulators.inside.edge.lambdas.conftest import REQUEST, RESPONSE
from tests.labs.helpers import zipped
from tests.log_lines import log_lines
from tests.roles import trust
from tests.waiting import wait_until

EVENTS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
TELLING = """
def lambda_handler(event, context):
    cf = event["Records"][0]["cf"]
    print("EVENT", cf["config"]["eventType"])
    return cf.get("response") or cf["request"]
"""


def log_of(edge, name="edge"):
    found = log_lines(edge.clients["logs"], f"/aws/lambda/us-east-1.{name}")
    return [each.split()[1] for each in found if each.startswith("EVENT")]


def test_all_four_run_on_a_miss_and_the_viewers_on_a_hit(edge):
    arn = edge.version(TELLING)
    edge.put(*((event, arn) for event in EVENTS))
    assert edge.viewer.seen("/about.html") == (200, "Miss")
    wait_until(lambda: log_of(edge) == list(EVENTS))
    assert edge.viewer.seen("/about.html") == (200, "Hit")
    wait_until(lambda: log_of(edge) == [*EVENTS, EVENTS[0], EVENTS[3]])


def test_the_log_is_named_after_the_region_of_the_function(edge):
    edge.at("viewer-request", TELLING)
    edge.viewer.ask("/about.html")
    assert log_of(edge) == ["viewer-request"]
    groups = [each["logGroupName"] for each in edge.clients["logs"].describe_log_groups()["logGroups"]]
    assert "/aws/lambda/edge" not in groups


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("def lambda_handler(event, context):\n    raise ValueError('no')", 503, "LambdaExecutionError"),
        ("def lambda_handler(event, context):\n    import time; time.sleep(9)", 503, "LambdaExecutionError"),
        ("def lambda_handler(event, context):\n    return 5", 502, "LambdaValidationError"),
        ("def lambda_handler(event, context):\n    pass", 502, "LambdaValidationError"),
    ],
)
def test_a_failure_has_its_page(edge, code, status, told):
    edge.put(("viewer-request", edge.version(code, Timeout=1)))
    answer = edge.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (status, f"{told} from cloudfront")


def test_a_function_that_is_throttled_has_its_page(edge):
    edge.at("viewer-request", REQUEST + "    return request")
    edge.lambda_.put_function_concurrency(FunctionName="edge", ReservedConcurrentExecutions=0)
    answer = edge.viewer.ask("/about.html")
    assert (answer.status, answer.headers["x-cache"]) == (503, "LambdaLimitExceeded from cloudfront")


def test_a_role_that_trusts_the_edge_no_more_ends_it(edge):
    edge.at("viewer-request", REQUEST + "    return request")
    edge.clients["iam"].update_assume_role_policy(RoleName="edge", PolicyDocument=trust("lambda"))
    assert edge.viewer.ask("/about.html").headers["x-cache"] == "LambdaExecutionError from cloudfront"


def test_the_version_runs_and_not_what_came_after_it(edge):
    edge.at("viewer-response", RESPONSE + "    response['headers']['x-v'] = [{'value': '1'}]\n    return response")
    edge.lambda_.update_function_code(FunctionName="edge", ZipFile=zipped(""))
    assert edge.viewer.ask("/about.html").headers["x-v"] == "1"


def test_a_run_is_the_distributions_doing(edge, embedded):
    edge.at("viewer-request", REQUEST + "    return request")
    before = embedded.deeds()[0]
    edge.viewer.ask("/about.html?by=whom")
    ran = [deed for deed in embedded.deeds(before)[1] if (deed.kind, deed.name) == ("run", "edge")]
    assert [deed.by for deed in ran] == [f"cloudfront {edge.viewer.distribution['Id']}"]
