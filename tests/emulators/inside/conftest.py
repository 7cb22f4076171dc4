"""The fixtures of these tests: an empty account of the embedded emulator, whatever the labs are tested on."""

import time

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.functions.test_limits import SETTINGS
from tests.labs.helpers import zipped
from tests.roles import ready


@pytest.fixture(autouse=True)
def time_is_put_back(request):
    """Time that a test has moved would be moved for all that come after it in the same emulator."""
    yield
    if "embedded" in request.fixturenames:
        embedded = request.getfixturevalue("embedded")
        if embedded.now() > time.time() + 0.5:
            embedded.reset()


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded)


@pytest.fixture
def hello(embedded):
    """Makes the function hello of this code in an empty account, and returns clients of it."""

    def make(code):
        embedded.reset()
        ready(embedded)
        clients = Clients(embedded)
        clients["lambda"].create_function(**SETTINGS | {"Code": {"ZipFile": zipped(code)}})
        clients["lambda"].get_waiter("function_active_v2").wait(FunctionName="hello", WaiterConfig={"Delay": 0.1})
        return clients

    return make


@pytest.fixture
def gateway(clients):
    return clients["apigateway"]
