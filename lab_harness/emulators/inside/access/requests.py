"""An HTTP request as it arrived, before it is admitted."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """An HTTP request. `raw_path` is as it was sent, `path` is decoded; header names are lower case."""

    method: str
    raw_path: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_query: str = ""  # as it was sent, without "?"

    def parameter(self, name: str) -> str:
        """A parameter of the query string; empty if it is not there."""
        return self.query.get(name, [""])[0]
