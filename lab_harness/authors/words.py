"""Names and data in texts: a log's lines, a message, an event."""

import json
import re
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches
from typing import Any

ALIKE = 0.85  # of difflib's measure: one letter of seven is another
MOST_LETTERS = 2  # too many or too few


def as_json(text: str) -> Any:
    """What a text says as JSON; None where it is none, as what anybody may have written."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def mentions(text: str, name: str) -> bool:
    """Whether a text has this name as a whole word: o-1 is not in o-17."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def likeness(name: str, other: str) -> float:
    """How much of one name is in the other, from 0 for nothing to 1 for the same."""
    return SequenceMatcher(None, name, other).ratio()


def nearly(wanted: str, there: Collection[str]) -> str:
    """The name among those that are there which is most like the one wanted; "" where none is a likely slip for it."""
    form = _form(wanted)
    forms = {_form(name): name for name in there if name != wanted}
    likely = [each for each in forms if abs(len(each) - len(form)) <= MOST_LETTERS]
    return next((forms[each] for each in get_close_matches(form, likely, 1, ALIKE)), "")


def nearly_action(wanted: str, there: Collection[str]) -> str:
    """The action among those that is a likely slip for the one wanted, such as s3:GetObjects; "" where none is.

    Only names after the colon are compared: sqs:SendMessage is never a slip for sns:SendMessage.
    """
    service, _, name = wanted.partition(":")
    told = [each.partition(":")[2] for each in there if each.partition(":")[0].lower() == service.lower()]
    near = nearly(name, told)
    return f"{service}:{near}" if near else ""


def _form(name: str) -> str:
    """A name without what is most often mistaken in it: capitals, hyphens and the like."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
