"""YAML without aliases, a few lines of which could stand for more than fits into the memory."""

from typing import Any

import yaml


class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what `yaml.SafeLoader` does, but for aliases, which it refuses."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node of the document."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("YAML aliases are not allowed")
        return super().compose_node(parent, index)


def read(text: str) -> Any:
    """What a text says. Raises ValueError for what is no YAML, or has aliases."""
    try:
        return yaml.load(text, PlainLoader)  # noqa: S506  a safe loader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
