"""Tests for the states of functions on the embedded emulator: ready once somebody asks."""

import pytest

from tests.labs.helpers import zipped

STATES = ("State", "LastUpdateStatus")
SLOW = """
import pathlib, time
while not pathlib.Path({path!r}).exists():
    time.sleep(0.05)
def lambda_handler(event, context): pass
"""
BETWEEN, READY = ("Pending", "InProgress"), ("Active", "Successful")


@pytest.fixture
def lambda_(hello):
    return hello("def lambda_handler(event, context): pass")["lambda"]


def states(config):
    return tuple(config[name] for name in STATES)


def test_change_answers_with_the_state_between_and_the_next_question_with_its_end(lambda_):
    changed = lambda_.update_function_configuration(FunctionName="hello", Timeout=5)
    assert states(changed) == BETWEEN
    found = lambda_.get_function_configuration(FunctionName="hello")
    assert states(found) == READY
    assert not found.get("StateReason")
    assert not found.get("LastUpdateStatusReason")


@pytest.mark.parametrize("waiter", ["function_active_v2", "function_updated_v2"])
def test_waiter_asks_once(lambda_, waiter):
    asked = []
    lambda_.update_function_configuration(FunctionName="hello", Timeout=6)
    lambda_.meta.events.register("before-call.lambda.GetFunction", lambda **_: asked.append(waiter))
    lambda_.get_waiter(waiter).wait(FunctionName="hello")
    assert asked == [waiter]


def test_versions_are_ready_with_their_function(lambda_):
    lambda_.update_function_configuration(FunctionName="hello", Timeout=7)
    version = lambda_.publish_version(FunctionName="hello")["Version"]
    found = lambda_.get_function(FunctionName="hello", Qualifier=version)["Configuration"]
    assert states(found) == READY


def test_version_with_snapstart_is_pending_until_it_is_initialised(lambda_, tmp_path):
    signal = tmp_path / "go on"
    lambda_.update_function_configuration(FunctionName="hello", SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_.update_function_code(FunctionName="hello", ZipFile=zipped(SLOW.format(path=str(signal))))
    version = lambda_.publish_version(FunctionName="hello")["Version"]
    found = lambda_.get_function_configuration(FunctionName="hello", Qualifier=version)
    assert found["State"] == "Pending"
    signal.touch()
    lambda_.get_waiter("published_version_active").wait(FunctionName="hello", Qualifier=version)
