"""Colours of pictures: in a page those of its theme, by JupyterLab's variables; plain ones in a file and elsewhere."""

from typing import NamedTuple

BLACK, WHITE = "var(--jp-ui-font-color0,#000)", "var(--jp-layout-color0,#fff)"  # the other way in the dark
HUE, TINT = 65, 12  # per cent of a hue: in a line or a text, which is readable on either paper, and in what lies behind


class Colour(NamedTuple):
    """A colour in a picture: `plain` for a file, `themed` in CSS for a page, with or without a theme."""

    plain: str
    themed: str


def hue(plain: str) -> Colour:
    """The colour of a line or a text."""
    return Colour(plain, f"color-mix(in srgb,{plain} {HUE}%,{BLACK})")


def tint(plain: str) -> Colour:
    """The same colour, so faint that a text in it is readable on it."""
    parts = (int(plain[start : start + 2], 16) for start in (1, 3, 5))
    faint = "".join(f"{255 - (255 - part) * TINT // 200:02x}" for part in parts)  # fainter: the text is fainter, too
    return Colour(f"#{faint}", f"color-mix(in srgb,{plain} {TINT}%,{WHITE})")


INK = Colour("#202124", f"color-mix(in srgb,{BLACK} 90%,{WHITE})")
QUIET = Colour("#5f6368", f"color-mix(in srgb,{BLACK} 65%,{WHITE})")
FAINT = Colour("#dadce0", f"color-mix(in srgb,{BLACK} 16%,{WHITE})")  # what may be overlooked
PAPER = Colour("#ffffff", WHITE)
NONE = Colour("none", "none")
