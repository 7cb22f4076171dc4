"""Tests for what the tabs have in common."""

import pytest

from lab_harness import load_lab
from lab_harness.authors.made import remember
from lab_harness.errors import EmulatorError, EmulatorNotReady, UsageError
from lab_harness.notebook.console.parts import own, own_first, part, rest

from .helpers import words

QUEUE, BUCKET = "AWS::SQS::Queue", "AWS::S3::Bucket"
THERE = ["zebra", "pet-orders-dlq", remember("ec2-events-18"), "ant", "pet-orders"]


@pytest.fixture
def lab():
    return load_lab("orders_pipeline")


def test_own_are_those_that_the_lab_asks_for_in_its_order(lab):
    assert own(lab, QUEUE, THERE) == ["pet-orders", "pet-orders-dlq"]
    assert own(lab, QUEUE, ["ant"]) == []


def test_lab_that_asks_for_none_of_a_kind_has_all_but_those_of_checks(lab):
    assert own(lab, BUCKET, THERE) == ["ant", "pet-orders", "pet-orders-dlq", "zebra"]


def test_own_come_first_and_the_others_by_name(lab):
    assert own_first(lab, QUEUE, THERE) == ["pet-orders", "pet-orders-dlq", "ant", "zebra"]


def test_what_is_left_out_is_counted():
    assert (rest(1060, 50), rest(50, 50), rest(0, 50)) == ("and 1,010 more", "", "")


@pytest.mark.parametrize("error", [EmulatorError("It is another's."), UsageError("It is another's.")])
def test_part_that_the_harness_cannot_read_is_a_note(error):
    def look():
        raise error

    assert words(part("Inbox", look)) == ["Inbox", "This could not be read: It is another's."]


def test_part_of_an_emulator_that_is_gone_is_an_error():
    def look():
        raise EmulatorNotReady("gone")

    with pytest.raises(EmulatorNotReady):
        part("Inbox", look)
