"""What HTTP clients say of themselves: by that a function cannot tell a check's request from any other."""

import re
from dataclasses import dataclass
from importlib.metadata import version

from urllib3.util import SKIP_HEADER, make_headers

ENCODINGS = ", ".join(re.split(r",\s*", make_headers(accept_encoding=True)["accept-encoding"]))


@dataclass(frozen=True)
class HttpClient:
    """A client's own headers, what it writes between the parts of JSON, and whether it names a body's length last."""

    headers: dict[str, str]
    separators: tuple[str, str]
    length_last: bool = False


# The two that the notebooks use, and the one that is on every machine.
REQUESTS = HttpClient(
    {
        "User-Agent": f"python-requests/{version('requests')}",
        "Accept-Encoding": ENCODINGS,
        "Accept": "*/*",
        "Connection": "keep-alive",
    },
    (", ", ": "),
    length_last=True,
)
URLLIB3 = HttpClient({"User-Agent": f"python-urllib3/{version('urllib3')}"}, (",", ":"))
CURL = HttpClient({"User-Agent": "curl/8.14.1", "Accept": "*/*", "Accept-Encoding": SKIP_HEADER}, (", ", ": "), True)
CLIENTS = (REQUESTS, URLLIB3, CURL)
