"""Tests for pictures: which show the same, and which are none."""

import io

import pytest
from PIL import Image

from lab_harness.authors import pictures
from tests.labs.helpers import huge_picture


def written(image, kind):
    made = io.BytesIO()
    image.save(made, kind)
    return made.getvalue()


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_smaller_picture_of_another_kind_shows_the_same(kind):
    photo = pictures.photo(300, 200)
    small = pictures.opened(photo)
    assert (small.format, small.size) == ("JPEG", (300, 200))
    small.thumbnail((80, 80))
    assert pictures.alike(written(small, kind), photo)


@pytest.mark.parametrize(
    "other",
    [
        Image.new("RGB", (80, 53)),
        Image.new("RGB", (80, 53), "white"),
        Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_180),
    ],
)
def test_another_picture_shows_something_else(other):
    assert [pictures.alike(written(other, "PNG"), pictures.photo(80, 53)) for _ in range(20)] == [False] * 20


def test_two_photos_are_never_the_same():
    assert len({pictures.photo(40, 30) for _ in range(50)}) > 45


@pytest.mark.parametrize(
    "body", [b"", b"no picture", huge_picture(), b"<svg/>", written(Image.new("L", (9, 9)), "BMP")]
)
def test_what_is_no_picture_is_none(body):
    assert pictures.opened(body) is None
    assert pictures.alike(body, pictures.photo(40, 30)) is None


def test_picture_that_breaks_off_has_a_size_and_is_like_no_other():
    photo = pictures.photo(300, 200)
    part = photo[: len(photo) // 2]
    assert pictures.opened(part).size == (300, 200)
    assert pictures.alike(part, photo) is None
