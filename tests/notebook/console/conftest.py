"""Fixtures: an account with nothing in it of the labs that a module's tests build."""

import pytest

from lab_harness import load_lab
from lab_harness.account.resources import remove_resources
from lab_harness.aws import Clients


@pytest.fixture
def account(clients, request):
    """The learner's clients of an empty account; on LocalStack, which cannot be emptied, without the module's LABS."""
    if clients.emulator.name != "embedded":
        for lab in request.module.LABS:
            remove_resources(load_lab(lab), clients)
    return Clients(clients.emulator, as_learner=True)
