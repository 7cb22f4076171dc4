"""Tests for what customers send: the notebooks' own values among it, ids that are free, and no two answers alike."""

import json
import re
from types import SimpleNamespace

import pytest

from lab_harness.authors import customers
from lab_harness.authors.made import is_made


@pytest.mark.parametrize(
    ("draw", "in_the_notebooks"),
    [
        (customers.name, {"Ana", "Ben"}),
        (customers.pet, {"cat", "dog", "fish", "goldfish", "rabbit"}),
        (customers.quantity, {1, 2}),
        (lambda: customers.some_id("p", []), {"p1", "p2", "p3"}),
        (lambda: type(customers.price()), {int, float}),
    ],
)
def test_what_the_notebooks_send_is_drawn_among_the_rest(draw, in_the_notebooks):
    drawn = {draw() for _ in range(5000)}
    assert drawn >= in_the_notebooks


def test_an_id_is_none_of_those_in_use_and_now_and_then_an_earlier_one():
    taken = [f"x{number}" for number in range(1, 10)]
    drawn = [customers.some_id("x", taken) for _ in range(500)]
    assert not set(drawn) & set(taken)
    assert 250 < len(set(drawn)) < 500


def test_an_order_id_looks_like_the_notebooks():
    assert {len(customers.order_id()) for _ in range(200)} == {len("o-4830217")}


def test_a_remark_is_what_people_say_in_the_notebook_of_one_pet_or_two():
    said = {customers.remark() for _ in range(500)}
    assert all(re.fullmatch(r"[A-Z][a-z]+ ([a-z]+s|and [A-Z][a-z]+ [a-z]+)\.", each) for each in said)
    assert len(said) > 200
    assert {"Bello", "sleeps"} <= {*customers.PETS_NAMES, *customers.DOINGS}


def test_no_order_id_is_drawn_twice_or_is_in_use(monkeypatch):
    numbers = iter((1, 1, 2, 3))
    monkeypatch.setattr(customers, "chance", SimpleNamespace(randint=lambda least, most: next(numbers)))
    assert [customers.order_id(), customers.order_id(but=["o-2"])] == ["o-1", "o-3"]


def test_a_price_is_what_people_write():
    prices = [customers.price() for _ in range(2000)]
    assert all(price > 0 and round(price, 2) == price for price in prices)


@pytest.mark.parametrize(("draw", "drawn"), [(min, 1), (max, 99_999)])
def test_a_number_has_one_to_five_digits(monkeypatch, draw, drawn):
    monkeypatch.setattr(customers, "chance", SimpleNamespace(randint=lambda *bounds: draw(bounds)))
    assert customers.number() == drawn


def test_short_numbers_are_drawn_as_often_as_long_ones():
    assert sum(customers.number() < 10 for _ in range(5000)) > 900  # a fifth and a little more


def test_a_resources_name_is_one_that_aws_takes_and_is_remembered_as_a_checks_own():
    drawn = {customers.resource_name() for _ in range(100)}
    assert len(drawn) > 90
    assert all(re.fullmatch(r"[a-z-]+-[a-z]+-\d+", name) and is_made(name) for name in drawn)


def test_a_files_name_is_none_of_those_in_use(monkeypatch):
    numbers = iter((1, 2))
    monkeypatch.setattr(customers, "pet", lambda: "cat")
    monkeypatch.setattr(customers, "number", lambda: next(numbers))
    assert customers.file_name(".jpg", but=["cat-1.jpg"]) == "cat-2.jpg"


def test_words_are_no_json():
    assert re.fullmatch(r"\d+ times [a-z-]+ for [A-Z][\w ]+, please", customers.words())


def test_a_message_that_was_cut_off_is_no_json():
    for _ in range(200):
        with pytest.raises(ValueError):
            json.loads(customers.cut(json.dumps({"type": customers.pet(), "price": customers.price()})))


def test_shuffled_values_are_the_same_ones():
    assert sorted(customers.shuffled(range(9))) == list(range(9))
