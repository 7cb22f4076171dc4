"""Pillow's images in a lab's notebook: with words for who sees none. Where there are none, Pillow is not loaded."""

import io
from typing import Any

from lab_harness.render.blocks import Photo

IMAGE = ("PIL.Image", "Image")
WRITABLE = ("1", "L", "LA", "I", "P", "RGB", "RGBA")  # the modes that a PNG can have


def show_photos(shell: Any) -> None:
    """Show images in this shell with words in their place, and no second time as JPEG."""
    formatters = shell.display_formatter.formatters
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*IMAGE, _bundle)
    for kind in ("image/png", "image/jpeg"):
        formatters[kind].for_type_by_name(*IMAGE, _nothing)


def _bundle(image: Any) -> dict[str, str]:
    width, height = image.size
    return Photo(width, height, _png(image))._repr_mimebundle_()


def _png(image: Any) -> bytes:
    written = io.BytesIO()
    (image if image.mode in WRITABLE else image.convert("RGB")).save(written, "PNG")
    return written.getvalue()


def _nothing(_image: Any) -> None:
    return None
