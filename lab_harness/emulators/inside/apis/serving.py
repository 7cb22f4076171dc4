"""What a REST API serves with: which stage and which deployment count for the request that is being answered."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

KEPT = "labResources"  # the key of ours in a deployment, of the resources of its moment


@dataclass
class Serving:
    """One request. `resources` are what was deployed, None where the deployment kept none; `request` is MiniStack's."""

    api: str
    name: str  # the stage's
    stage: dict[str, Any]  # its settings; for a canary's request with the canary's deployment and variables
    resources: dict[str, Any] | None
    canary: bool = False
    request: dict[str, Any] = field(default_factory=dict)
    method: str = ""
    path: str = ""
    body: bytes = b""
    resource: dict[str, Any] = field(default_factory=dict)
    authorizer: dict[str, Any] = field(default_factory=dict)  # what an authorizer has said of the caller
    tested: bool = False  # by TestInvokeMethod, which asks nobody who may
    lines: list[str] | None = None  # the execution log; None where nobody reads it

    def tell(self, line: str) -> None:
        """Write a line of the execution log."""
        if self.lines is not None:
            self.lines.append(line)


serving: ContextVar[Serving | None] = ContextVar("serving", default=None)

HOPS_HEADER = "x-lab-hops"  # of a request that an integration sends to the emulator itself
hops: ContextVar[int] = ContextVar("hops", default=0)  # how many integrations have led to the request


def count_hops(headers: Mapping[str, str]) -> None:
    """Note how many integrations have led to a request that begins."""
    told = headers.get(HOPS_HEADER, "")
    hops.set(int(told) if told.isascii() and told.isdecimal() and len(told) < 3 else 0)


def with_names(function: Any, **names: Any) -> Any:
    """The same function, for which these names of its module mean something else."""
    return FunctionType(function.__code__, {**function.__globals__, **names})
