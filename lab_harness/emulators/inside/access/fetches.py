"""Keeps what the emulator itself fetches on this machine: by HTTP, from loopback addresses, and from nowhere else.

Whoever may use the account chooses addresses: a topic's subscribers, the issuers of an API's tokens, API destinations,
AppSync's data sources. MiniStack opens them with whatever Python's libraries understand: files, data, FTP, the cloud's
metadata. The course never leaves the machine. So three doors are watched that all these libraries go through, for
redirections, too: the opener of URLs, the look-up of names, and the connection of sockets. (An audit hook would be one
door, but Python calls it so often that to copy an item takes three times as long.)
"""

from typing import Any
from urllib.parse import urlsplit

import wrapt

from lab_harness.local import LOOPBACK


class RefusedFetch(OSError):
    """An address that the emulator does not open. MiniStack takes it for a server that does not answer."""


def keep_here() -> None:
    """Refuse this process, for good, all addresses but those of this machine."""
    wrapt.wrap_function_wrapper("urllib.request", "OpenerDirector.open", _open)
    wrapt.wrap_function_wrapper("socket", "getaddrinfo", _look_up)
    for name in ("connect", "connect_ex"):
        wrapt.wrap_function_wrapper("socket", f"socket.{name}", _connect)


def _open(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    address = str(getattr(args[0], "full_url", args[0]))  # of a request, or an address
    if urlsplit(address).scheme not in ("http", "https"):
        raise RefusedFetch(f"{address[:100]} is no address of HTTP: the course's emulator fetches nothing else")
    return original(*args, **kwargs)


def _look_up(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    _only_here(args[0] if args else kwargs["host"])
    return original(*args, **kwargs)


def _connect(original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
    address = args[0]
    _only_here(address[0] if isinstance(address, tuple) else address)
    return original(*args, **kwargs)


def _only_here(host: Any) -> None:
    name = host.decode("latin-1") if isinstance(host, bytes) else host
    if name is not None and not LOOPBACK.fullmatch(str(name).lower()):
        raise RefusedFetch(f"{name} is not on this machine: the course's emulator never leaves it")
