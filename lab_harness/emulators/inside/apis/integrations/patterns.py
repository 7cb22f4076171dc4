"""Whether a text fits a selection pattern, within a time that nobody can make longer.

The pattern is the API's, the text often its client's. What Python might look for without end is looked for by a process
of its own, which is ended when its time is over; the text then does not fit.
"""

import json
import re
import subprocess
import sys

LONGEST = 2.0  # seconds, most of which it takes to start the process on a busy machine
MOST_QUANTIFIERS, LONGEST_TEXT = 2, 2000  # with which it is over in a hundredth of a second
QUANTIFIER = re.compile(r"(?<!\\)[*+?{]")
REPEATED = re.compile(r"\)[*+{]|\\[1-9]|\(\?P=")  # a group with a quantifier, or what a group has found once more
LOOK = """
import json, re, sys
pattern, text = json.load(sys.stdin)
sys.exit(re.fullmatch(pattern, text) is None)
"""


def fits(pattern: str, text: str) -> bool:
    """Whether the pattern is about the whole text; one that is none fits nothing."""
    try:
        found = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    quick = len(QUANTIFIER.findall(pattern)) <= MOST_QUANTIFIERS and len(text) <= LONGEST_TEXT
    if quick and not REPEATED.search(pattern):
        return found.fullmatch(text) is not None
    return _fits_in_time(pattern, text)


def _fits_in_time(pattern: str, text: str) -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LOOK], input=json.dumps([pattern, text]).encode(), timeout=LONGEST,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
