"""The fixtures of these tests: an empty account of the embedded emulator, whatever the labs are tested on."""

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.test_function_limits import SETTINGS
from tests.labs.helpers import zipped
from tests.roles import ready


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
