"""Lets EventBridge Pipes read and deliver only what their role allows; MiniStack does it with the account's own rights.

What Firehose's roles allow is asked where its streams are (`delivery_streams`).
"""

from typing import Any

from lab_harness.emulators.inside import hooks
from lab_harness.emulators.inside.permissions.authorization.authority import Authority
from lab_harness.emulators.inside.permissions.authorization.deliveries import OF_TARGETS
from lab_harness.emulators.inside.permissions.authorization.service_roles import OF_MAPPINGS
from lab_harness.iam.contexts import service_of

PIPES = "pipes.amazonaws.com"
WAITS = "labWaits"  # the key in a pipe that may not deliver: asked each second, of which one refusal is told


class Pipelines:
    """Decides about the streams and pipes of one emulator."""

    def __init__(self, authority: Authority) -> None:
        self._role_may = authority.role_may

    def install(self) -> None:
        """Change MiniStack. This takes effect when its modules are imported."""
        hooks.change({"pipes": {"_deliver_batch": self._pipe}})

    def _pipe(self, original: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        """Whether a pipe has delivered its records; what it may not deliver waits."""
        pipe, _records = args
        name, role = pipe.get("Name", ""), pipe.get("RoleArn", "")
        source, target = pipe.get("Source", ""), pipe.get("Target", "")
        needed = [(action, source) for action in OF_MAPPINGS.get(service_of(source), ())]
        if action := OF_TARGETS.get(service_of(target)):
            needed.append((action, target))
        note = WAITS not in pipe
        if any(self._role_may(role, f"{PIPES}/{name}", *each, note=note) for each in needed):
            pipe[WAITS] = True
            return False
        pipe.pop(WAITS, None)
        return original(*args, **kwargs)
