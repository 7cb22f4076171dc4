"""Tests for a run of a lab's checks on a learner's account: nothing of it stays, even where it is killed."""

import json
import os
import signal
import subprocess
import sys

import pytest

from lab_harness.account import state
from lab_harness.account.checking import check_lab
from lab_harness.account.state import account_state
from lab_harness.aws import Clients
from lab_harness.emulators.base import Denial
from lab_harness.lab.labs import all_labs, load_lab
from tests.conftest import ROOT
from tests.waiting import PATIENCE, wait_until

LABS = all_labs()
# Calls by which checks make something. What they make in other ways begins with one of these, too.
MAKING = {"CreateApiKey", "CreateQueue", "CreateUsagePlan", "CreateUsagePlanKey", "PutItem", "PutRule", "PutTargets"}
MAKING |= {"RunInstances", "SendMessageBatch", "StartExecution", "Subscribe"}


def of_checks(emulator, since):
    return [call.operation for call in emulator.calls(since) if call.caller == "checks"]


def last_call(emulator):
    return max((call.number for call in emulator.calls()), default=0)


def kill_a_run(lab, emulator, operation, times):
    """End `lab check` by SIGKILL once it has made a call so many times, or a few times less: it may need fewer."""
    since = last_call(emulator)
    words = [sys.executable, "-m", "lab_harness", "check", lab.id]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ) as run:
        wait_until(lambda: of_checks(emulator, since).count(operation) >= times or run.poll() is not None, 2 * PATIENCE)
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            return
        assert run.returncode == 0, run.stderr.read()
    assert times > 1, f"it ends before {operation} is seen"
    kill_a_run(lab, emulator, operation, times - 1)


def account(clients, services):
    """All that there is in an account, but for logs, and for what every run of checks leaves in a list of the past."""
    rows = account_state(clients, [service for service in services if service != "logs"])
    texts = [text for (service, part), texts in rows.items() for text in texts]
    past = [text for text in texts if "terminated" in text or json.loads(text)[1] == "inbox"]
    past += [text for text in texts if json.loads(text)[2] in ("SUCCEEDED", "FAILED", "ABORTED")]
    return sorted(set(texts) - set(past))


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
def test_what_killed_runs_have_left_is_gone_after_the_next_one(lab, in_use, monkeypatch):
    monkeypatch.setattr(state, "made_names", frozenset)  # Nothing of the checks' is to be overlooked.
    clients, services = Clients(in_use), lab.file.services
    lab.solve(clients)
    before, since = account(clients, services), last_call(in_use)
    assert check_lab(lab, clients, in_use.home).complete
    made = of_checks(in_use, since)
    for operation in MAKING & {*made}:
        kill_a_run(lab, in_use, operation, made.count(operation))
    assert check_lab(lab, clients, in_use.home).complete
    if account(clients, services) != before:  # A message that a run had received when it was killed is still hidden.
        wait_until(lambda: check_lab(lab, clients, in_use.home).complete and account(clients, services) == before)


def refusal(role, action, resource):
    """AWS's refusal to a function with this role."""
    user = f"arn:aws:sts::000000000000:assumed-role/{role}/it"
    message = f"User: {user} is not authorized to perform: {action} on resource: {resource}"
    return Denial(0.0, "function it", user, role, action, resource, "identity policy", message, None, (), probe=True)


def test_what_the_checks_of_two_labs_are_refused_at_once_is_told_by_each_of_its_own_alone(in_use, monkeypatch):
    orders = refusal("process-pet-order-role", "dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:0:table/PetOrders")
    items = refusal("pet-shop-items-role", "dynamodb:Scan", "arn:aws:dynamodb:us-east-1:0:table/PetShopItems")
    monkeypatch.setattr(in_use, "denials", lambda since: [orders, items])
    for lab, ours, theirs in (("orders_pipeline", orders, items), ("web_app", items, orders)):
        [result] = check_lab(load_lab(lab), Clients(in_use), in_use.home, ["table_exists"])
        assert ours.message in result.found
        assert theirs.message not in result.found
