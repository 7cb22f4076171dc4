"""Tests for tabs that are a listing, such as that of EC2's instances."""

from datetime import UTC, datetime

import pytest

from lab_harness import load_lab
from lab_harness.account.service import Listing
from lab_harness.notebook.console.listing import MOST_ROWS, show
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


def test_own_come_first_then_the_listings_order_and_many_are_cut():
    names = [f"name-{number}" for number in range(MOST_ROWS)]
    moment = datetime(2026, 11, 29, 8, 5, tzinfo=UTC)
    listing = Listing(("name", "items", "made"), lambda _: [(name, 3, moment) for name in [*names, "pet-orders"]], "")
    [table] = show("Any", listing, load_lab("orders_pipeline"), None)
    assert table.rows[:2] == [("pet-orders", "3", "08:05:00"), ("name-0", "3", "08:05:00")]
    assert (len(table.rows), table.note) == (MOST_ROWS, "and 1 more")
