"""Photos of customers' own, their thumbnails, and the rows that are asked for them."""

import hashlib
from contextlib import contextmanager, suppress
from functools import partial

from lab_harness.authors import (
    Failure,
    buckets,
    customers,
    eventually,
    items,
    pictures,
)

from . import BUCKET, IN, QUICKLY, TABLE, thumbnail_of

LONGEST = 128  # pixels
LATE = 2  # seconds for which a row may come after its thumbnail


def picture(width, height):
    """A photo of this size, of its own colours: a JPEG, or a PNG."""
    return pictures.photo(width, height, customers.chance.choice(("JPEG", "PNG")))


def new_key(s3, odd=False):
    """A key below in/ that no photo has; an odd one has what S3 writes otherwise in its events."""
    there = [key.removeprefix(IN) for key in buckets.keys(s3, BUCKET)]
    name = customers.file_name(".jpg", but=there)
    if not odd:
        return IN + name
    words = customers.shuffled(["Kätzchen", "groß", "süß & klein", "50%", "1+1", "(neu)"])
    return f"{IN}{customers.name()}s {words[0]} {words[1]} {name}"


def size_of(width, height):
    """The size of a thumbnail: its longest side is 128, and a small photo stays as it is."""
    scale = min(1.0, LONGEST / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


@contextmanager
def forgotten(s3, dynamodb, key, body, noted=True):
    """Afterwards a photo is gone, however it was uploaded, with its thumbnail and with all rows for it."""
    places = [(BUCKET, key), (BUCKET, thumbnail_of(key))]
    with items.kept_items(dynamodb, TABLE, "key", [key]), buckets.removed_afterwards(s3, places):
        try:
            yield
            if noted:
                with suppress(Failure):  # the row is written after the thumbnail, and must not come when all is gone
                    eventually(partial(expect_any_row, dynamodb, key), within=LATE)
        finally:
            for row in rows_of(dynamodb, body):
                if row["key"] != key:
                    dynamodb.delete_item(TableName=TABLE, Key={"key": {"S": str(row["key"])}})


@contextmanager
def uploaded(s3, dynamodb, key, body, noted=True):
    """Upload a photo for a while."""
    with forgotten(s3, dynamodb, key, body, noted):
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        yield


def expect_any_row(dynamodb, key):
    """There is a row for a photo, whatever it says."""
    if not items.read_item(dynamodb, TABLE, "key", key):
        raise Failure(expected=f"a row for {key}", found="no such row", next_step="The handler writes it.")


def rows_of(dynamodb, body):
    """The table's rows for a photo, by what is in it."""
    digest = hashlib.sha256(body).hexdigest()
    return [row for row in items.read_items(dynamodb, TABLE) if row.get("sha256") == digest]


def row_of(key, body, size):
    """The row that is asked for a photo."""
    return {
        "key": key,
        "width": size[0],
        "height": size[1],
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def expect_size(made, key, size, next_step):
    """The thumbnail has the size that this photo asks for, to a pixel."""
    wanted, picture = size_of(*size), pictures.opened(made)
    found = picture.size if picture else None
    if (
        found is None
        or any(abs(one - other) > 1 for one, other in zip(found, wanted, strict=True))
        or max(found) != max(wanted)
    ):
        raise Failure(
            expected=f"a thumbnail of {wanted[0]} x {wanted[1]} pixels for {key}, a photo of {size[0]} x {size[1]}",
            found=f"{found[0]} x {found[1]} pixels" if found else f"{len(made)} bytes that are no image",
            next_step=next_step,
            there=True,
        )


def expect_likeness(made, key, body):
    """The thumbnail shows the photo, all of it."""
    alike = pictures.alike(made, body)
    if not alike:
        raise Failure(
            expected=f"a thumbnail that shows what {key} shows, all of it",
            found="a picture that breaks off" if alike is None else "a picture of the right size that looks otherwise",
            next_step="Open the photo, image.thumbnail((128, 128)), and save it: nothing is cut off or painted.",
            there=True,
        )


def expect_row(dynamodb, wanted):
    """The table has this row, and has it as it is asked for."""

    def look():
        found = items.read_item(dynamodb, TABLE, "key", wanted["key"])
        if not items.resembles(found, wanted):
            raise Failure(
                expected=f"the item {items.described(wanted)}",
                found=items.described(found) if found else "no such item",
                next_step="Section 3 lists the attributes, and which are numbers: they are the original's.",
            )

    eventually(look, within=QUICKLY)
