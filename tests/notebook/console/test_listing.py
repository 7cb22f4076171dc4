"""Tests for the tab of EC2's instances."""

import pytest

from tests.waiting import wait_until

from .helpers import HOSTILE, look, rows, words

LABS = ["termination_alert"]


@pytest.fixture
def run(account):
    """Runs an instance of this name; all are terminated afterwards."""
    ids = []

    def instance(name=""):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": "x"}, {"Key": "Name", "Value": name}]}]
        made = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        answer = account["ec2"].run_instances(**made, **({"TagSpecifications": tags} if name else {}))
        ids.append(answer["Instances"][0]["InstanceId"])
        return ids[-1]

    yield instance
    account["ec2"].terminate_instances(InstanceIds=ids)


def shown(clients):
    [table] = look("termination_alert", "instances", clients)
    return {row["instance"]: row for row in rows(table)}


def test_instance_has_its_name_and_its_state(account, run):
    ours, unnamed = run("termination-alert"), run()
    row = wait_until(lambda: shown(account)[ours] if "running" in shown(account)[ours]["state"] else None)
    assert (row["name"], row["type"], row["state"]) == ("termination-alert", "t3.micro", "▶ running")
    assert len(row["launched (UTC)"]) == 8
    assert shown(account)[unnamed]["name"] == ""
    account["ec2"].stop_instances(InstanceIds=[ours])
    wait_until(lambda: shown(account)[ours]["state"] == "■ stopped")


def test_names_are_escaped(account, run):
    run(HOSTILE)
    [table] = look("termination_alert", "instances", account)
    assert HOSTILE in words([table])
    assert "<img" not in table.html()
