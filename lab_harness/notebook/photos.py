"""Images in a lab's notebook, Pillow's and IPython's: with words for who sees none, which JupyterLab leaves out.

Where there are none of Pillow's, it is not loaded.
"""

import io
from typing import Any

from lab_harness.render.blocks import Shown

IMAGE, DISPLAYED = ("PIL.Image", "Image"), ("IPython.core.display", "Image")
WRITABLE = ("1", "L", "LA", "I", "P", "RGB", "RGBA")  # the modes that a PNG can have


def show_photos(shell: Any) -> None:
    """Show images in this shell with words in their place, and no second time as JPEG."""
    formatters = shell.display_formatter.formatters
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*IMAGE, _bundle)
    shell.display_formatter.mimebundle_formatter.for_type_by_name(*DISPLAYED, _displayed)
    for kind in ("image/png", "image/jpeg"):
        for named in (IMAGE, DISPLAYED):
            formatters[kind].for_type_by_name(*named, _nothing)


def _bundle(image: Any) -> dict[str, str]:
    width, height = image.size  # what is on it no program can say
    return Shown(f"An image of {width} × {height} pixels", "image/png", _png(image))._repr_mimebundle_()


def _displayed(image: Any) -> Any:
    """What IPython's Image shows; with its `alt`, or its width, in words where it has its data with it."""
    if not isinstance(image.data, bytes):
        return image._repr_mimebundle_()
    width = int(image.width or 0)
    words = image.alt or (f"An image that is {width} pixels wide" if width else "An image")
    return Shown(words, image._mimetype, image.data, width)._repr_mimebundle_()


def _png(image: Any) -> bytes:
    written = io.BytesIO()
    (image if image.mode in WRITABLE else image.convert("RGB")).save(written, "PNG")
    return written.getvalue()


def _nothing(_image: Any) -> None:
    return None
