"""The fixtures of these tests: a site behind a distribution, and functions for it."""

import json

import pytest

from tests.emulators.inside.edge.distributions.conftest import site as site  # noqa: PLC0414  a fixture
from tests.emulators.inside.edge.distributions.distributions import behavior


class Functions:
    """Makes, tests and associates CloudFront Functions."""

    def __init__(self, viewer):
        self.viewer, self.cloudfront = viewer, viewer.cloudfront

    def make(self, code, name="rewrite", runtime="2.0", publish=True, **config):
        """The ARN of a function of this code."""
        settings = {"Comment": "", "Runtime": f"cloudfront-js-{runtime}"} | config
        made = self.cloudfront.create_function(Name=name, FunctionConfig=settings, FunctionCode=code.encode())
        if publish:
            self.cloudfront.publish_function(Name=name, IfMatch=made["ETag"])
        return made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]

    def use(self, code, event="viewer-request", **config):
        """Associate a function of this code with the distribution's behavior."""
        arn = self.make(code, **config)
        self.associate((event, arn))
        return arn

    def associate(self, *pairs, **more):
        """Associate functions with the distribution's behavior."""
        items = [{"EventType": kind, "FunctionARN": arn} for kind, arn in pairs]
        named = {"FunctionAssociations": {"Quantity": len(items), "Items": items}} if items else {}
        return self.viewer.change(DefaultCacheBehavior=behavior(**named, **more))

    def test(self, name="rewrite", event=None, stage="DEVELOPMENT"):
        """What TestFunction says of an event, by default of a request for /pets/."""
        etag = self.cloudfront.describe_function(Name=name, Stage=stage)["ETag"]
        given = json.dumps(event or EVENT).encode()
        return self.cloudfront.test_function(Name=name, IfMatch=etag, Stage=stage, EventObject=given)["TestResult"]


EVENT = {
    "version": "1.0",
    "context": {"eventType": "viewer-request"},
    "viewer": {"ip": "198.51.100.11"},
    "request": {"method": "GET", "uri": "/pets/", "headers": {}, "cookies": {}, "querystring": {}},
}


@pytest.fixture
def functions(site):
    return Functions(site)
