"""Tests for cookies, which stay with the distribution that sets them."""

import pytest

from lab_harness.emulators.inside.edge.distributions.cookies import kept
from tests.emulators.inside.edge.functions.conftest import Functions

HOST = "https.d1.cloudfront.localhost:4566"


@pytest.mark.parametrize(
    ("attributes", "stays"),
    [
        ("", True), ("; Path=/; HttpOnly", True), ("; Domain=https.d1.cloudfront.localhost", True),
        ("; Domain=d1.cloudfront.net", True), ("; Domain=pets.example", True), ("; Domain=", True),
        ("; Domain=cloudfront.localhost", False), ("; Domain=.cloudfront.localhost", False),
        (";domain = CloudFront.LocalHost", False), ("; Domain=localhost", False),
        ("; Domain=d2.cloudfront.localhost", False), ("; Domain=d1.cloudfront.localhost", False),
        ("; Domain=https.d1.cloudfront.localhost; Domain=cloudfront.localhost", False),
    ],
)  # fmt: skip
def test_a_cookie_for_other_distributions_is_left_out(attributes, stays):
    line = f"pet=bello{attributes}"
    assert kept({"set-cookie": line, "x": "1"}, HOST) == ({"set-cookie": line} if stays else {}) | {"x": "1"}


def test_the_others_are_sent():
    lines = ["a=1", "b=2; Domain=cloudfront.localhost", "c=3"]
    assert kept({"set-cookie": lines}, HOST) == {"set-cookie": ["a=1", "c=3"]}


def test_a_function_sets_no_cookie_for_another_distribution(site):
    Functions(site).use(
        "function handler(event) { const response = event.response;"
        "response.cookies = { own: { value: '1', attributes: 'Path=/' },"
        "all: { value: '2', attributes: 'Domain=cloudfront.localhost' } }; return response; }",
        event="viewer-response",
    )
    assert site.ask("/about.html").headers["set-cookie"] == "own=1; Path=/"
