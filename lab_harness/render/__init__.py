"""How things are shown: each renderer takes one `LabReport`, or one of the blocks that a notebook shows."""

import re

SYMBOLS = {"passed": "✓", "failed": "✗", "absent": "○", "blocked": "·", "broken": "!", "unsupported": "–"}
DETAILS = (("expected", "expected"), ("found", "found"), ("next_step", "next"))
# Anybody's text may hold what XML 1.0 cannot carry, what a terminal obeys (control and escape codes), what turns the
# order of the letters after it (Unicode's bidirectional controls), and half characters, which no file can hold.
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


def plain(text: str) -> str:
    """The text without what must not be shown: that is a � now."""
    return UNPRINTABLE.sub("�", text)


def one_line(text: str, most: int = 500) -> str:
    """The text in one line, without what must not be shown, and of at most so many characters."""
    line = " ".join(plain(text[: 4 * most]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
