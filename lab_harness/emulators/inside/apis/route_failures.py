"""The answer of a WebSocket API's route that failed, which no function's own answer is."""

from typing import Any


class Failure(dict[str, Any]):
    """What takes the place of an answer: 500 where the function may not be called, 502 where it failed."""
