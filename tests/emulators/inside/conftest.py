"""The fixtures of these tests: an empty account of the embedded emulator, whatever the labs are tested on."""

import pytest

from lab_harness.aws import Clients


@pytest.fixture
def clients(embedded):
    embedded.reset()
    return Clients(embedded)


@pytest.fixture
def gateway(clients):
    return clients["apigateway"]
