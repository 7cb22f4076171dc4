"""Tests for functions' URLs behind a distribution that signs for them."""

import hashlib

import pytest

from lab_harness.emulators.exchange import TOKEN_HEADER
from tests.emulators.inside.edge.distributions.distributions import (
    ALL_BUT_HOST,
    DISABLED,
    behavior,
    control,
    custom_origin,
    told,
)

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")


@pytest.fixture
def closed(api):
    """A viewer of a distribution that signs for a function's URL that asks for it."""
    viewer = api.viewer
    url = viewer.clients["lambda"].create_function_url_config(FunctionName="hello", AuthType="AWS_IAM")["FunctionUrl"]
    viewer.id = url.rstrip("/").rpartition("/")[2]
    viewer.origin = custom_origin(f"{viewer.id}.lambda-url.us-east-1.on.aws")
    signing = control(viewer.clients, OriginAccessControlOriginType="lambda")
    settings = behavior("api", DISABLED, methods=METHODS, OriginRequestPolicyId=ALL_BUT_HOST)
    viewer.make([viewer.origin | {"OriginAccessControlId": signing}], settings)
    return viewer


def let_in(viewer, *actions, source=None):
    for action in actions or ("InvokeFunctionUrl", "InvokeFunction"):
        more = {"FunctionUrlAuthType": "AWS_IAM"} if action == "InvokeFunctionUrl" else {"InvokedViaFunctionUrl": True}
        viewer.clients["lambda"].add_permission(
            FunctionName="hello", StatementId=action, Action=f"lambda:{action}", Principal="cloudfront.amazonaws.com",
            SourceArn=source or viewer.distribution["ARN"], **more,
        )  # fmt: skip


def test_the_distribution_that_the_functions_policy_names_is_let_in_and_nobody_else(closed):
    let_in(closed)
    assert told(closed.ask("/shop?a=1"))["rawPath"] == "/shop"
    assert closed.http.request("GET", f"/_aws/lambda-url/{closed.id}/").status == 403
    closed.make([closed.origin], behavior("api", DISABLED))
    assert closed.ask("/shop").status == 403


@pytest.mark.parametrize("actions", [("InvokeFunctionUrl",), ("InvokeFunction",)])
def test_one_of_the_two_permissions_is_not_enough(closed, actions):
    let_in(closed, *actions)
    assert closed.ask("/shop").status == 403


def test_a_checks_token_reaches_no_function(closed, embedded):
    let_in(closed)
    closed.http = type(closed.http)(embedded.endpoint, lambda: embedded.marks)
    answer = closed.ask("/shop")
    assert (answer.status, TOKEN_HEADER in answer.text.lower()) == (200, False)


def test_another_distribution_is_refused(closed):
    let_in(closed, source="arn:aws:cloudfront::000000000000:distribution/E0")
    assert closed.ask("/shop").status == 403


def test_a_body_needs_its_hash(closed):
    let_in(closed)
    assert closed.ask("/shop", method="POST", body="cat").status == 403
    right = hashlib.sha256(b"cat").hexdigest()
    assert closed.ask("/shop", method="POST", body="cat", X_Amz_Content_Sha256=right).status == 200
