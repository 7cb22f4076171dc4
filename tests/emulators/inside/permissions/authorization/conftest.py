"""An account with a function that services are to call."""

import pytest

from lab_harness.aws import Clients
from tests.emulators.inside.permissions.authorization.listener import ANSWERS
from tests.labs.helpers import zipped
from tests.roles import role


@pytest.fixture
def account(embedded):
    """The learner's clients of an account in which there is the function "listener", whose role allows everything."""
    embedded.reset()
    learner = Clients(embedded, as_learner=True)
    learner["lambda"].create_function(
        FunctionName="listener", Runtime="python3.13", Handler="lambda_function.lambda_handler", Role=role(learner),
        Code={"ZipFile": zipped(ANSWERS)},
    )  # fmt: skip
    learner["lambda"].get_waiter("function_active_v2").wait(FunctionName="listener", WaiterConfig={"Delay": 0.1})
    return learner
