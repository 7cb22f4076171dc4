"""How much room a text takes in a picture, about: no font is asked."""

import re

SIZE, SMALL = 13, 12  # pixels
CHARACTER = 0.6  # a character's width in sans-serif, in parts of its size: a little more than the average
# Where a name may be broken: behind a space or a sign, and before a capital within a word.
PIECES = re.compile(r"[^\s/_.,:-]+?(?=[A-Z][a-z])|[^\s/_.,:-]*[\s/_.,:-]+|[^\s/_.,:-]+")


def text_width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """About how wide a text is drawn, in pixels."""
    return len(text) * size * CHARACTER * (1.12 if bold else 1)


def wrapped(text: str, width: float, size: float = SIZE, bold: bool = False) -> list[str]:
    """The text in lines of at most this width; what has no place to break is broken anywhere."""
    most = max(4, int(width / text_width("m", size, bold)))
    lines = [""]
    for piece in PIECES.findall(text):
        if len((lines[-1] + piece).rstrip()) > most and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > most:
            lines[-1:] = [lines[-1][:most], lines[-1][most:]]
    return [line.strip() for line in lines]
