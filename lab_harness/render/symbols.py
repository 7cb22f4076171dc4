"""A symbol for each kind of thing in an architecture: our own, in lines, so that nobody's artwork is needed."""

import re

# Each is an SVG path within 24 by 24.
PATHS = {
    "function": "M4.5 4h4.5l8 16h3.5M11.6 9.6L6 20",
    "queue": "M2 8h5.5v8h-5.5zM9.25 8h5.5v8h-5.5zM16.5 8h5.5v8h-5.5z",
    "table": "M3 4h18v16h-18zM3 9h18M3 14.5h18M9.5 9v11",
    "topic": "M3.5 9.5v5h4l8 5v-15l-8 5zM19 8.5c2 2 2 5 0 7",
    "bucket": "M4 6l2.5 14h11l2.5-14M4 6c0-3.5 16-3.5 16 0c0 3.5-16 3.5-16 0",
    "api": "M7.5 6.5l-5.5 5.5l5.5 5.5M16.5 6.5l5.5 5.5l-5.5 5.5M13.8 4.5l-3.6 15",
    "rule": "M3 4h18l-7 8.5v7.5l-4-2.5v-5z",
    "role": "M12 2.5l8 3v6c0 5-3.5 8.5-8 10c-4.5-1.5-8-5-8-10v-6zM8.5 12l2.5 2.5l4.5-5",
    "machine": "M9 3h6v5h-6zM2.5 16h6v5h-6zM15.5 16h6v5h-6zM12 8v4M5.5 16v-4h13v4",
    "instance": "M6 6h12v12h-12zM9 2.5v3.5M15 2.5v3.5M9 18v3.5M15 18v3.5M2.5 9h3.5M2.5 15h3.5M18 9h3.5M18 15h3.5",
    "layer": "M12 3l9 4.5l-9 4.5l-9-4.5zM3 12l9 4.5l9-4.5M3 16.5l9 4.5l9-4.5",
    "stream": "M2 7c5-5 15 5 20 0M2 12c5-5 15 5 20 0M2 17c5-5 15 5 20 0",
    "log": "M5 2.5h10l4 4v15h-14zM8.5 10h7M8.5 13.5h7M8.5 17h4.5",
    "metrics": "M3 3v18h18M7.5 17v-5M12 17v-9M16.5 17v-12",
    "key": "M2.5 12a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0M10.9 12h10.6v3.5M17 12v4.5",
    "plan": "M3 18.5a9 9 0 1 1 18 0zM12 18.5l4-6.5",
    "event": "M13.5 2l-8.5 12h6l-1 8l8.5-12h-6z",
    "mail": "M2.5 5h19v14h-19zM2.5 6l9.5 7.5l9.5-7.5",
    "browser": "M2.5 4h19v16h-19zM2.5 8.5h19M5.5 6.25h.1M8.5 6.25h.1",
    "person": "M8 7.5a4 4 0 1 0 8 0a4 4 0 1 0-8 0M4 21c0-9 16-9 16 0",
    "users": "M3 4h18v16h-18zM9.5 10a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M7 20c0-8 10-8 10 0",
    "badge": "M2.5 5h19v14h-19zM5.5 10.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0M4.5 16c0-4 6-4 6 0M13.5 10h5M13.5 14h5",
    "globe": "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M3 12h18M12 3c-5 5-5 13 0 18M12 3c5 5 5 13 0 18",
    "thing": "M12 2.5l8.5 4.75v9.5l-8.5 4.75l-8.5-4.75v-9.5z",
}
# The first word that a box's kind has, else its label, says which: "REST API, stage prod" is an API, an API key a key.
WORDS = {
    "user pool": "users", "identity pool": "badge", "distribution": "globe",
    "state machine": "machine", "function": "function", "queue": "queue", "table": "table", "topic": "topic",
    "website": "bucket", "bucket": "bucket", "key": "key", "plan": "plan", "api": "api", "integration": "api",
    "stream": "stream", "rule": "rule", "schedule": "rule", "scaling": "metrics", "layer": "layer", "role": "role",
    "instance": "instance", "log": "log", "metric": "metrics", "event": "event",
    "inbox": "mail", "mail": "mail", "client": "browser", "browser": "browser", "you": "person", "who": "person",
}  # fmt: skip
OUTSIDE = frozenset({"event", "mail", "browser", "person"})  # these are in nobody's account


def symbol_of(kind: str, label: str = "") -> str:
    """The name of the symbol for a kind of thing, such as "SQS queue"; of a kind that nobody knows it is a thing."""
    for text in (kind.lower(), label.lower()):
        if found := next((symbol for word, symbol in WORDS.items() if re.search(rf"\b{word}", text)), None):
            return found
    return "thing"
