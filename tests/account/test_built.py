"""Tests for whether something of a lab was ever in the account."""

from lab_harness.account.built import was_built
from lab_harness.aws import Clients
from lab_harness.emulators.base import Call
from lab_harness.lab.labs import load_lab


class Emulator:
    """One that keeps these calls, or none."""

    def __init__(self, *calls):
        self._calls = list(calls)

    def calls(self):
        return self._calls or None


def call(operation, *about, caller="learner", status=200):
    return Call(1, 0.0, "sqs", operation, caller, status, 0.0, about=about)


def test_only_what_the_learner_changed_of_the_lab_counts(sample_course):
    lab = load_lab("apart", sample_course("apart"))
    assert was_built(lab, Emulator(call("CreateQueue", "sample-queue")))
    assert was_built(lab, Emulator(call("DeleteQueue", "000000000000", "sample-queue")))
    for other in (
        call("CreateQueue", "another-queue"),
        call("GetQueueUrl", "sample-queue"),
        call("CreateQueue", "sample-queue", caller="checks"),
        call("DeleteQueue", "sample-queue", status=400),  # there was nothing to remove
    ):
        assert not was_built(lab, Emulator(other)), other
    assert not was_built(lab, Emulator())  # one that keeps no log


def test_what_lab_solve_built_and_somebody_removed_was_built(embedded):
    lab = load_lab("pets_api")
    embedded.reset()
    assert not was_built(lab, embedded)
    lab.solve(Clients(embedded))
    assert was_built(lab, embedded)
