"""Tests for what a cell is told of arguments that cannot be meant."""

import numpy
import pytest

from lab_harness.errors import NoSuchName, UsageError
from lab_harness.notebook.arguments import checked, checked_methods


@checked_methods("pets")
class Pets:
    """Pets to walk."""

    def walk(self, name: str, *more: str, miles: float = 1.0, leash: bool = True) -> str:
        """Walk a pet.

        And others.
        """
        return f"{name} {more} {miles} {leash}"

    def count(self, most: int = 50) -> int:
        """Count the pets."""
        return most

    def feed(self, name: str | None = None, what: list | None = None) -> str:
        """Feed a pet, or all."""
        return f"{name} {what}"

    @property
    def kinds(self):
        """The kinds of pets."""
        return ("cat",)


HOW = "Call it as pets.walk(name, *more, miles=1.0, leash=True). Walk a pet."


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (lambda pets: pets.walk(), "missing a required argument: 'name'"),
        (lambda pets: pets.walk("cat", steps=3), "got an unexpected keyword argument 'steps'"),
        (lambda pets: pets.walk(3), "'name' must be a text, and is 3"),
        (lambda pets: pets.walk(None), "'name' must be a text, and is None"),
        (lambda pets: pets.walk("cat", "dog", 4), "'more' must be a text, and is 4"),
        (lambda pets: pets.walk("cat", miles="far"), "'miles' must be a number, and is 'far'"),
        (lambda pets: pets.walk("cat", leash="no"), "'leash' must be True or False, and is 'no'"),
    ],
)
def test_what_cannot_be_meant_is_one_message_that_shows_how_to_call_it(call, wrong):
    with pytest.raises(UsageError) as caught:
        call(Pets())
    assert str(caught.value) == f"pets.walk: {wrong}. {HOW}"


def test_a_whole_number_is_asked_for_where_no_other_is_good():
    with pytest.raises(UsageError, match=r"'most' must be a whole number, and is 2\.5\."):
        Pets().count(2.5)


def test_what_is_long_is_not_shown_whole():
    with pytest.raises(UsageError) as caught:
        Pets().walk(["cat"] * 10_000)
    assert len(str(caught.value)) < 300


def test_numbers_of_numpy_and_a_class_of_the_learners_are_as_good():
    class Mine(Pets):
        """Pets with a way of their own."""

        def walk(self, name: str, *more: str, miles: float = 1.0, leash: bool = True) -> str:
            return super().walk(name, miles=miles * 2, leash=False)

    assert Mine().count(numpy.int64(3)) == 3
    assert Mine().walk(numpy.str_("cat"), miles=numpy.float32(1.5)) == "cat () 3.0 False"
    with pytest.raises(UsageError, match="'name' must be a text"):
        Mine().walk(3)


def test_what_can_be_meant_is_called_as_ever():
    pets = Pets()
    assert pets.walk("cat", "dog", miles=2) == "cat ('dog',) 2 True"
    assert pets.feed() == "None None"
    assert pets.feed("cat", {"what": "another type"}) == "cat {'what': 'another type'}"
    assert pets.kinds == ("cat",)


def test_a_mistake_within_is_not_taken_for_one_of_the_call():
    def add(one: int) -> int:
        """Add something."""
        return one + "two"

    with pytest.raises(TypeError):
        checked("add")(add)(1)


def test_a_name_that_is_not_there_is_one_message_that_names_the_nearest_and_all():
    with pytest.raises(NoSuchName) as caught:
        _ = Pets().wlk
    assert str(caught.value) == "There is no pets.wlk. Did you mean pets.walk? There are count, feed, kinds, walk."
    with pytest.raises(NoSuchName, match=r"^There is no pets\.xyz\. There are count"):
        _ = Pets().xyz
    assert not hasattr(Pets(), "wlk")


def test_what_python_asks_for_and_a_propertys_own_trouble_stay_pythons():
    @checked_methods("pets")
    class Broken(Pets):
        @property
        def kinds(self):
            return None.lower()

    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'lower'"):
        _ = Broken().kinds
    with pytest.raises(AttributeError, match="has no attribute '_repr_html_'"):
        _ = Pets()._repr_html_
    assert not hasattr(Pets(), "__array__")
