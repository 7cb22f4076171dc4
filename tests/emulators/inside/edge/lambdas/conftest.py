"""The fixtures of these tests: a site behind a distribution, and functions of Lambda's for its events."""

import pytest

from tests.emulators.inside.edge.distributions.conftest import site as site  # noqa: PLC0414  a fixture
from tests.emulators.inside.edge.distributions.distributions import behavior
from tests.labs.helpers import zipped
from tests.roles import role

SETTINGS = {"Runtime": "python3.12", "Handler": "lambda_function.lambda_handler", "Timeout": 5}
REQUEST = "def lambda_handler(event, context):\n    request = event['Records'][0]['cf']['request']\n"
RESPONSE = "def lambda_handler(event, context):\n    response = event['Records'][0]['cf']['response']\n"


class Edge:
    """Makes functions' versions, and puts them at a distribution's events."""

    def __init__(self, viewer):
        self.viewer, self.clients = viewer, viewer.clients
        self.lambda_ = viewer.clients["lambda"]
        self.role = role(viewer.clients, "edge", services=("lambda", "edgelambda"))

    def version(self, code, name="edge", **settings):
        """The ARN of a version of a new function of this code."""
        settings = {**SETTINGS, "FunctionName": name, "Role": self.role, "Code": {"ZipFile": zipped(code)}} | settings
        self.lambda_.create_function(**settings)
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        return self.lambda_.publish_version(FunctionName=name)["FunctionArn"]

    def put(self, *pairs, body=False, **more):
        """Put versions at events of the distribution's behavior."""
        items = [{"EventType": kind, "LambdaFunctionARN": arn, "IncludeBody": body} for kind, arn in pairs]
        named = {"LambdaFunctionAssociations": {"Quantity": len(items), "Items": items}} if items else {}
        return self.viewer.change(DefaultCacheBehavior=behavior(**named, **more))

    def at(self, event, code, body=False, **more):
        """Put a function of this code at an event."""
        self.put((event, self.version(code)), body=body, **more)


@pytest.fixture
def edge(site):
    return Edge(site)
