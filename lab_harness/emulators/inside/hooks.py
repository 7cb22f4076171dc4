"""Changes MiniStack's functions once it imports the service that they are in."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import wrapt

Wrapper = Callable[[Any, Any, Any, Any], Any]  # of the original, its instance, and what it is called with


def change(services: Mapping[str, Mapping[str, Wrapper]]) -> None:
    """Change functions: for each service, MiniStack's name of it, the wrapper of each function by its name."""
    for service, wrappers in services.items():
        wrapt.register_post_import_hook(partial(_wrap, wrappers), f"ministack.services.{service}")


def _wrap(wrappers: Mapping[str, Wrapper], module: Any) -> None:
    for name, wrapper in wrappers.items():
        original = getattr(module, name)
        wrapt.wrap_function_wrapper(module, name, wrapper)
        _replace(module, original, getattr(module, name))


def _replace(module: Any, original: Any, ours: Any) -> None:
    """Put ours into the tables by which a service finds what answers a call."""
    for table in [each for each in vars(module).values() if isinstance(each, dict)]:
        for name in [name for name, handler in table.items() if handler is original]:
            table[name] = ours
