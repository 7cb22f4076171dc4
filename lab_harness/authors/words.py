"""Names in texts: a log's lines, a message, an event."""

import re


def mentions(text: str, name: str) -> bool:
    """Whether a text has this name as a whole word: o-1 is not in o-17."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
