"""Tests for the names of a new lab and its parts: which may be, and what is said of the others."""

import pytest

from lab_harness.authoring.scaffold.names import LONGEST, require_lab_id, require_names, words_of
from lab_harness.errors import UsageError


def said(kind, *names):
    with pytest.raises(UsageError) as caught:
        require_names(kind, names)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("function", ("make-thumbnail", "x", "Make_Thumbnail2")),
        ("api", ("pet-shop",)),
        ("queue", ("pet-orders", "PET_ORDERS2")),
        ("table", ("PetOrders", "old.orders", "abc")),
        ("bucket", ("pet-photos", "a.b.c", "123", "x" * LONGEST)),
    ],
)
def test_names_that_aws_takes_are_taken(kind, names):
    require_names(kind, names)


@pytest.mark.parametrize(
    ("kind", "name", "rule"),
    [
        ("function", "make thumbnail", "has only letters, digits, hyphens and underscores"),
        ("api", "pet/shop", "has only letters, digits, hyphens and underscores here"),
        ("queue", "orders.fifo", "ends in .fifo for a FIFO queue only, and this writes a standard queue"),
        ("queue", "pet.orders", "has only letters, digits, hyphens and underscores"),
        ("table", "ab", "has at least 3 characters"),
        ("table", "Pet Orders", "has only letters, digits, hyphens and underscores, and dots"),
        ("bucket", "PetPhotos", "has no capital letters"),
        ("bucket", "pet_photos", "has only lower-case letters, digits, hyphens and dots"),
        ("bucket", "ab", "has at least 3 characters"),
        ("bucket", "-photos", "begins and ends with a letter or a digit"),
        ("bucket", "photos.", "begins and ends with a letter or a digit"),
        ("bucket", "pet..photos", "has no two dots in a row"),
        ("bucket", "192.168.5.4", "is no IP address"),
        ("bucket", "xn--photos", "does not begin with xn--, sthree- or amzn-s3-demo-, which AWS keeps"),
        (
            "bucket",
            "photos--ol-s3",
            "does not end in -s3alias, --ol-s3, .mrap, --x-s3 or --table-s3, which AWS keeps",
        ),
        ("function", "", "is not empty"),
    ],
)
def test_name_that_aws_refuses_is_refused_with_the_rule(kind, name, rule):
    what = {"api": "an API"}.get(kind, f"a {kind}")
    assert said(kind, name) == f"--{kind} {name!r}: the name of {what} {rule}."


def test_name_that_no_title_could_hold_is_refused_with_its_length():
    rule = "has at most 30 characters here, for the checks' titles hold it; this one has 31"
    assert said("table", "x" * 31) == f"--table {'x' * 31!r}: the name of a table {rule}."


@pytest.mark.parametrize("names", [("PetOrders", "PetOrders"), ("PetOrders", "pet-orders"), ("a.b", "a-b")])
def test_names_that_would_be_the_same_in_python_are_refused(names):
    assert said("table", *names) == (
        f"--table {names[0]}: another table has this name, or one that differs too little."
    )


@pytest.mark.parametrize(
    ("name", "words"), [("PetOrders", "pet_orders"), ("pet-orders", "pet_orders"), ("A2B", "a2_b"), ("123", "123")]
)
def test_name_as_words_of_python(name, words):
    assert words_of(name) == words


@pytest.mark.parametrize("lab_id", ["", "MyLab", "my-lab", "1lab", "_lab", "my lab", "../lab", "läb", "lab\n"])
def test_id_that_is_none_is_refused(lab_id):
    with pytest.raises(UsageError, match="is no lab id: use lower-case letters, digits and underscores"):
        require_lab_id(lab_id)


def test_ids_of_words_are_taken():
    for lab_id in ("my_lab", "a", "lab2"):
        require_lab_id(lab_id)
