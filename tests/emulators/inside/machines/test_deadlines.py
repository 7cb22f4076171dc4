"""Tests for what takes longer than a state machine allows on the embedded emulator, by the account's time."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.roles import role
from tests.waiting import wait_until

HOUR = 3600


@pytest.fixture
def states(clients):
    role(clients)
    return clients["stepfunctions"]


@pytest.fixture
def activity(states):
    return states.create_activity(name="groom")["activityArn"]


def start(states, task, given="{}", **settings):
    definition = {"StartAt": "Do", **settings, "States": {"Do": task}}
    machine = states.create_state_machine(
        name="pets", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/worker"
    )["stateMachineArn"]
    return states.start_execution(stateMachineArn=machine, input=given)["executionArn"]


def ended(states, execution):
    def status():
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = wait_until(status)
    return found["status"], found.get("error")


def move(embedded, seconds):
    list(embedded.advance(seconds))


def on_activity(activity, **settings):
    return {"Type": "Task", "Resource": activity, "End": True, **settings}


def token_of(states, activity):
    return wait_until(lambda: states.get_activity_task(activityArn=activity).get("taskToken"))


def test_execution_ends_when_its_time_is_over(states, embedded):
    waiting = {"Type": "Wait", "Seconds": 10 * HOUR, "End": True}
    execution = start(states, waiting, TimeoutSeconds=2 * HOUR)
    wait_until(lambda: "WaitStateEntered" in history(states, execution))
    move(embedded, HOUR)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    move(embedded, HOUR)
    assert ended(states, execution) == ("TIMED_OUT", "States.Timeout")
    move(embedded, 10 * HOUR)
    assert states.describe_execution(executionArn=execution)["status"] == "TIMED_OUT"
    assert "ExecutionTimedOut" in history(states, execution)
    assert "ExecutionSucceeded" not in history(states, execution)


def history(states, execution):
    return [each["type"] for each in states.get_execution_history(executionArn=execution)["events"]]


def test_what_fails_after_the_executions_end_changes_nothing(states, activity, embedded):
    execution = start(states, on_activity(activity), TimeoutSeconds=HOUR)
    token = token_of(states, activity)
    move(embedded, HOUR)
    assert ended(states, execution) == ("TIMED_OUT", "States.Timeout")
    states.send_task_failure(taskToken=token, error="late")

    def taken():
        try:
            return not states.send_task_heartbeat(taskToken=token)
        except ClientError:
            return True

    wait_until(taken)
    assert ended(states, execution) == ("TIMED_OUT", "States.Timeout")


def test_activitys_time_begins_when_a_worker_has_its_task(states, activity, embedded):
    execution = start(states, on_activity(activity, TimeoutSeconds=HOUR))
    wait_until(lambda: "TaskScheduled" in history(states, execution))
    move(embedded, 2 * HOUR)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    token = token_of(states, activity)
    move(embedded, HOUR)
    assert ended(states, execution) == ("FAILED", "States.Timeout")
    with pytest.raises(ClientError, match=r"\(TaskTimedOut\).*Task Timed Out: 'Provided task does not exist anymore'"):
        states.send_task_success(taskToken=token, output="{}")


def test_task_that_sends_heartbeats_goes_on_and_without_one_fails(states, activity, embedded):
    execution = start(states, on_activity(activity, HeartbeatSeconds=600))
    token = token_of(states, activity)
    for _ in range(3):
        move(embedded, 500)
        states.send_task_heartbeat(taskToken=token)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    move(embedded, 600)
    assert ended(states, execution) == ("FAILED", "States.Timeout")
    with pytest.raises(ClientError, match="TaskTimedOut"):
        states.send_task_heartbeat(taskToken=token)


def test_heartbeats_do_not_make_more_time(states, activity, embedded):
    execution = start(states, on_activity(activity, HeartbeatSeconds=600, TimeoutSeconds=1000))
    token = token_of(states, activity)
    move(embedded, 500)
    states.send_task_heartbeat(taskToken=token)
    move(embedded, 500)
    assert ended(states, execution) == ("FAILED", "States.Timeout")


def test_task_that_answers_in_time_succeeds(states, activity, embedded):
    execution = start(states, on_activity(activity, HeartbeatSeconds=600, TimeoutSeconds=1000))
    token = token_of(states, activity)
    move(embedded, 300)
    states.send_task_success(taskToken=token, output='{"done": true}')
    assert ended(states, execution) == ("SUCCEEDED", None)
    move(embedded, HOUR)
    assert ended(states, execution) == ("SUCCEEDED", None)


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_missed_heartbeat_of_a_token_is_caught_by_each_of_its_names(states, clients, embedded, name):
    url = clients["sqs"].create_queue(QueueName="asked")["QueueUrl"]
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "HeartbeatSecondsPath": "$.patience", "Catch": [{"ErrorEquals": [name], "Next": "Late"}],
    }  # fmt: skip
    definition = {"StartAt": "Do", "States": {"Do": task, "Late": {"Type": "Succeed"}}}
    machine = states.create_state_machine(
        name="pets", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/worker"
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input='{"patience": 600}')["executionArn"]
    wait_until(lambda: clients["sqs"].receive_message(QueueUrl=url).get("Messages"))
    move(embedded, 600)
    assert ended(states, execution) == ("SUCCEEDED", None)
    assert "SucceedStateEntered" in history(states, execution)


def test_task_failed_does_not_mean_a_timeout(states, activity, embedded):
    task = on_activity(activity, HeartbeatSeconds=600, Retry=[{"ErrorEquals": ["States.TaskFailed"]}])
    execution = start(states, task)
    token_of(states, activity)
    move(embedded, 600)
    assert ended(states, execution) == ("FAILED", "States.Timeout")
