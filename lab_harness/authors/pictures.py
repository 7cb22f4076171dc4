"""Photos such as customers upload, and whether what was made of them is a picture that shows the same.

What comes from a learner may be anything: no picture at all, one that breaks off, or a few bytes that unpack to more
than fits into the memory. Pillow has many errors for them; here they are None. Look at a picture's size first.
"""

import io
from typing import Any

from PIL import Image

from lab_harness.authors import customers

KINDS = ("JPEG", "PNG", "WEBP", "GIF")
FIELDS, UNLIKE = 6, 24  # in each direction; how far a colour may be from the photo's, of 255, on average


def photo(width: int, height: int, kind: str = "JPEG") -> bytes:
    """A photo of this size and of its own colours, none of them so dark that a black picture would look like it.

    body = pictures.photo(300, 200)
    """
    grey, written = Image.linear_gradient("L").resize((width, height)), io.BytesIO()
    colours = [customers.chance.randrange(128, 256) for _ in range(3)]
    shades = [grey.point(lambda each, most=most: each * most // 255) for most in colours]
    Image.merge("RGB", shades).save(written, kind)
    return written.getvalue()


def opened(body: bytes) -> Any:
    """Pillow's picture of these bytes, of which only its kind and size have been read; None where they are none.

    For example:

        picture = pictures.opened(made)
        found = f"{picture.width} x {picture.height} pixels" if picture else "no picture"
    """
    try:
        return Image.open(io.BytesIO(body), formats=KINDS)
    except Exception:
        return None


def alike(body: bytes, other: bytes) -> bool | None:
    """Whether two pictures show the same, whatever their sizes and kinds; None where one cannot be read to its end.

    For example:

        if not pictures.alike(thumbnail, photo): ...
    """
    one, another = _colours(body), _colours(other)
    if one is None or another is None:
        return None
    return sum(abs(here - there) for here, there in zip(one, another, strict=True)) <= UNLIKE * len(one)


def _colours(body: bytes) -> bytes | None:
    """The colours of a picture's fields; None where it cannot be read to its end."""
    try:
        fields: bytes = opened(body).convert("RGB").resize((FIELDS, FIELDS)).tobytes()
    except Exception:
        return None
    return fields
