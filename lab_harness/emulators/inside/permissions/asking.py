"""What additions ask of the permissions without knowing who decides; `authorization` gives the answers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from lab_harness.emulators.inside.scopes import within


@dataclass
class Answers:
    """AWS's sentence of refusal, empty where it is allowed, as all is until somebody decides; the last two say yes."""

    # An action on a resource, by its ARN, for whoever makes the call that is answered.
    caller: Callable[[str, str], str] = lambda _action, _resource: ""
    # The same for anybody, who has signed nothing.
    anybody: Callable[[str, str], str] = lambda _action, _resource: ""
    # A role's ARN, a service's name with its session's, "scheduler.amazonaws.com/daily", an action and a resource.
    role: Callable[[str, str, str, str], str] = lambda _role, _by, _action, _resource: ""
    # A request that a service sends with a role: the role, the service's name with its session's, then what it sends to
    # which service: method, path, headers, body, and its query and its form as one.
    request: Callable[..., str] = lambda _role, _by, *_request: ""
    # The context in which such a request is answered: the role, and the service's name with its session's.
    acting: Callable[[str, str], AbstractContextManager[None]] = lambda _role, _by: nullcontext()
    # A function that a user pool is to call, and the pool, by their ARNs.
    pool: Callable[[str, str], str] = lambda _function, _pool: ""
    # An access key's id, an action and a resource, for whoever has signed the call that is answered with this key.
    signer: Callable[[str, str, str], str] = lambda _key, _action, _resource: ""
    # Whether a resource's own policy lets a service do an action on it for a source, by the source's ARN; more keys of
    # the request's may be named.
    service: Callable[..., bool] = lambda _service, _action, _resource, _source, **_keys: True
    # Whether a role, by its ARN, lets a service assume it.
    trusts: Callable[[str, str], bool] = lambda _role, _service: True


answers = Answers()
# Whether a service that was asked about calls a function's URL, and so need not sign.
vouched: ContextVar[bool] = ContextVar("vouched", default=False)
_refusals: ContextVar[dict[str, str] | None] = ContextVar("refusals", default=None)


@contextmanager
def refusals() -> Iterator[dict[str, str]]:
    """What is refused within it, in the same thread: sentences by the ARN of what somebody may not use."""
    found: dict[str, str] = {}
    with within(_refusals, found):
        yield found


def note(resource: str, sentence: str) -> None:
    """Tell whoever looks for refusals of this one."""
    found = _refusals.get()
    if found is not None:
        found[resource] = sentence
