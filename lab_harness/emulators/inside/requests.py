"""One HTTP request as it arrived, before anybody believes it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived. `raw_path` is as sent, `path` decoded; header names are lower case."""

    method: str
    raw_path: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def parameter(self, name: str) -> str:
        """A parameter of the query string; empty where it has none."""
        return self.query.get(name, [""])[0]
